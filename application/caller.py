"""Who asks: whose orders a client or an operator may see and move, decided here for every use case."""

from enum import StrEnum
from typing import Final
from uuid import UUID

from attrs import frozen

from application.errors import Forbidden, OrderNotFound
from application.ports.audit import AuditEntry, Facts
from application.ports.errors import UnreadableOrder
from application.ports.order_store import OrderStore
from domain.order import Order


class Scope(StrEnum):
    """What a caller may do; the values are the wire's. USERS_ANY: for any user, not only for itself."""

    ORDERS_READ = "orders:read"
    ORDERS_WRITE = "orders:write"
    ORDERS_CANCEL = "orders:cancel"
    WEBHOOKS = "webhooks"
    USERS_ANY = "users:any"
    ADMIN = "admin"


@frozen
class Caller:
    """A client or an operator: the user that it acts as (None: no user in particular), and what it may do.

    `key_id` names the credential that it showed, without being secret; None for who needed none. `operator` is who
    operates the servers themselves. For the record of what administrators do: `origin` says from where it asks, an
    address or a host's name, and `request_id` in which request.
    """

    user_id: str | None
    scopes: frozenset[Scope]
    key_id: str | None = None
    operator: str | None = None
    origin: str = ""
    request_id: str | None = None

    @property
    def name(self) -> str:
        """Who this is, in the record of administrative acts."""
        if self.operator is not None:
            return self.operator
        if self.key_id is not None:
            return f"key {self.key_id}"
        return "anyone" if self.user_id is None else f"user {self.user_id}"

    def act(
        self, what: str, subject: str | None = None, *, before: Facts | None = None, after: Facts | None = None
    ) -> AuditEntry:
        """Return the entry of an act of this caller: it goes into the call that does it."""
        return AuditEntry(self.name, self.origin, self.request_id, what, subject, before, after)

    def require(self, scope: Scope) -> None:
        """Raise Forbidden unless the caller has the scope."""
        if scope not in self.scopes:
            raise Forbidden

    def acts_for(self, user_id: str | None) -> bool:
        """Whether this user's orders are the caller's to see and to move; None is a user that nobody knows."""
        return Scope.USERS_ANY in self.scopes or (user_id is not None and user_id == self.user_id)

    def require_user(self, user_id: str) -> None:
        """Raise Forbidden unless the caller acts for the user."""
        if not self.acts_for(user_id):
            raise Forbidden

    def require_overview(self) -> None:
        """Raise Forbidden unless the caller may see what is going on for all users together."""
        if Scope.ADMIN not in self.scopes and not {Scope.ORDERS_READ, Scope.USERS_ANY} <= self.scopes:
            raise Forbidden

    def seen_users(self, wanted: str | None) -> str | None:
        """Return whose orders a list shows (None: everyone's): of `wanted`, or of all that the caller may see.

        Raises Forbidden for a user that it does not act for.
        """
        if Scope.USERS_ANY in self.scopes:
            return wanted
        user_id = self.user_id if wanted is None else wanted
        if user_id is None or not self.acts_for(user_id):
            raise Forbidden
        return user_id


# Who showed no credential where one is needed.
NOBODY: Final = Caller(None, frozenset())
# With authentication off, and for who operates the servers themselves.
ANYONE: Final = Caller(None, frozenset(Scope))


async def find_order(store: OrderStore, caller: Caller, order_id: str) -> Order:
    """Return the caller's order. Raises OrderNotFound, for what is no UUID and for another's order too.

    Raises UnreadableOrder only for the caller's own: that an order is damaged says that it exists.
    """
    known = canonical(order_id)
    try:
        order = await store.get(known) if known else None
    except UnreadableOrder as error:
        if caller.acts_for(error.user_id):
            raise
        raise OrderNotFound from None
    if order is None or not caller.acts_for(order.user_id):
        raise OrderNotFound
    return order


def canonical(order_id: str) -> str | None:
    """Return the canonical text of an order id; None for what is not one (only the canonical form, in any case, is)."""
    try:
        text = str(UUID(order_id))
    except ValueError:
        return None
    return text if text == order_id.lower() else None
