"""Take an order: safe in the store first, then published and queued."""

from attrs import frozen

from application import observe
from application.caller import Caller, Scope
from application.frames import birth_frame
from application.listed_request import listed_request, repeated_request
from application.ports.order_queue import OrderQueue
from application.ports.order_store import Admission, OrderStore
from application.ports.system import Clock, Ids
from application.ports.token_registry import TokenRegistry
from application.ports.update_feed import UpdateFeed
from application.trading_gate import TradingGate
from domain.errors import DomainError
from domain.order import Order
from domain.order_request import OrderRequest
from domain.origin import NOWHERE, Origin


@frozen
class SubmitOrder:
    """The accept path. An order that was admitted is durable; its answer does not wait for the queue.

    With `tokens` an order is for tokens of the list; without, for whatever it says.
    One that names no slippage limit gets `default_slippage_bps`.
    """

    store: OrderStore
    queue: OrderQueue
    feed: UpdateFeed
    clock: Clock
    ids: Ids
    gate: TradingGate
    tokens: TokenRegistry | None = None
    default_slippage_bps: int | None = None

    async def __call__(
        self, caller: Caller, request: OrderRequest, idempotency_key: str | None = None, origin: Origin = NOWHERE
    ) -> Admission:
        """Store a new order for the caller and queue it; return it, or the earlier equal one (`replayed`).

        `origin` is kept with a new order, and what becomes of it is told under that.

        Raises Forbidden for a user that the caller does not act for, TradingHalted, and what `listed_request` and
        `OrderStore.add` raise.
        """
        caller.require(Scope.ORDERS_WRITE)
        caller.require_user(request.user_id)
        self.gate.require_open(request.user_id)
        if self.tokens is not None:
            request = await self._listed(request, self.tokens, idempotency_key)
        order = Order.new(self.ids.new(), request, self.clock.now(), self.default_slippage_bps, origin)
        admission = await self.store.add(order, idempotency_key)
        observe.order_accepted(admission.order_id, order.user_id, admission.replayed)
        if not admission.replayed:
            self.feed.publish((birth_frame(order),))
            self.queue.put_soon(order.order_id)
        return admission

    async def _listed(self, request: OrderRequest, tokens: TokenRegistry, key: str | None) -> OrderRequest:
        """Return the request by the list, or as it was taken before: of a repeat its key decides, not today's list."""
        try:
            return listed_request(request, tokens)
        except DomainError:
            if key is None and request.client_order_id is None:
                raise
            earlier = await self.store.standing(request.user_id, request.client_order_id, key)
            if earlier is None:
                raise
            return repeated_request(request, earlier, tokens)
