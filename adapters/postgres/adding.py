"""How groups of new orders are kept: plain ones, and those that name a key or a client order id."""

from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec
from psycopg.errors import UniqueViolation

from adapters.postgres import statements
from adapters.postgres.errors import after_a_write, for_one_more
from adapters.postgres.own_connection import OwnConnection
from adapters.postgres.read_pool import ReadPool
from adapters.postgres.rows import in_json, read_or_refuse, row_of_order
from application.ports.errors import (
    ClientOrderIdConflict,
    IdempotencyKeyReused,
    PortError,
    StoreUnavailable,
    UnreadableOrder,
)
from application.ports.order_store import Admission
from domain.order import Order

Name = tuple[str, ...]
Claim = dict[str, str]
Outcomes = dict[int, Admission | PortError]  # by the addition's number in its group

_IDLE_ROUNDS = 3


class Addition(msgspec.Struct, frozen=True, gc=False):
    """One call of `add`."""

    order: Order
    key: str | None

    @property
    def is_plain(self) -> bool:
        """Whether nothing but its own id can make it a repeat."""
        return self.key is None and self.order.client_order_id is None

    def names(self) -> Iterator[Name]:
        """Yield what no two additions of one statement may have in common."""
        order = self.order
        yield ("order", order.order_id)
        if self.key is not None:
            yield ("key", order.user_id, self.key)
        if order.client_order_id is not None:
            yield ("client order id", order.user_id, order.client_order_id)


async def standing(reads: ReadPool, user_id: str, client_order_id: str | None, key: str | None) -> Order | None:
    """Read the order that stands under the key, or else under the client order id. Raises UnreadableOrder."""
    asking = {"order_id": "", "user_id": user_id, "client_order_id": client_order_id, "key": key}
    rows = await reads.run(statements.STANDING, in_json([asking]))
    found = {by_key: read_or_refuse(order) for _, by_key, _, *order in rows}
    order = found.get(True) or found.get(False)
    if isinstance(order, UnreadableOrder):
        raise order
    return order


async def add_plain(connection: OwnConnection, additions: Sequence[Addition], deadline: float) -> Sequence[Admission]:
    """Add the orders in the order of their births, which the list of orders then has too.

    One statement does it, and a second if one of them is there already.
    """
    orders = sorted((a.order for a in additions), key=lambda order: (order.created_at, order.order_id))
    rows = in_json([row_of_order(order) for order in orders])
    try:
        await connection.run(statements.ADD_NEW, rows, deadline)
    except UniqueViolation:  # kept before: over a connection that broke then, or for a caller that asks again
        await connection.run(statements.ADD_AGAIN, rows, deadline)
    return [Admission(a.order.order_id, replayed=False) for a in additions]


async def add_keyed(
    connection: OwnConnection, additions: Sequence[Addition], deadline: float
) -> Sequence[Admission | PortError]:
    """Add the orders that are first with their key and client order id; find what stands for the others.

    Fresh orders cost one statement, repeats a second. Each round settles at least its first addition, unless another
    process claimed a key in the middle of it, or a key's order was deleted: then nothing stands, and nothing can.
    """
    results: Outcomes = {}
    idle_rounds = 0
    while (pending := {n: a for n, a in enumerate(additions) if n not in results}) and idle_rounds < _IDLE_ROUNDS:
        settled = await _add_firsts(connection, pending, deadline)
        if rest := {n: a for n, a in pending.items() if n not in settled}:
            settled |= await _answer(connection, rest, deadline)
        results |= settled
        idle_rounds = 0 if settled else idle_rounds + 1
    return [results.get(n) or StoreUnavailable("a key's order is gone") for n in range(len(additions))]


async def _add_firsts(connection: OwnConnection, pending: Mapping[int, Addition], deadline: float) -> Outcomes:
    """Try to add every addition that has no name in common with an earlier one; return those that were added."""
    names: set[Name] = set()
    firsts: dict[str, int] = {}
    for number, addition in pending.items():
        if names.isdisjoint(addition.names()):
            firsts[addition.order.order_id] = number
        names.update(addition.names())
    rows = [row_of_order(pending[n].order, pending[n].key) for n in firsts.values()]
    try:
        added = await connection.run(statements.ADD_KEYED, in_json(rows), deadline)
    except StoreUnavailable as error:
        return {n: for_one_more(error) for n in pending}
    return {firsts[order_id]: Admission(order_id, replayed=False) for (order_id,) in added}


async def _answer(connection: OwnConnection, losers: Mapping[int, Addition], deadline: float) -> Outcomes:
    """Answer every addition whose key or client order id is taken, the key deciding first; keep its key if new."""
    try:
        standing = await _standing(connection, losers.values(), deadline)
        settled: Outcomes = {}
        claims: dict[int, Claim] = {}
        for number, addition in losers.items():
            if found := standing.get((addition.order.order_id, True)):
                settled[number] = _verdict(addition.order, found, IdempotencyKeyReused())
            elif found := standing.get((addition.order.order_id, False)):
                settled[number] = _verdict(addition.order, found, ClientOrderIdConflict())
                if addition.key is not None and isinstance(verdict := settled[number], Admission):
                    user_id = addition.order.user_id
                    claims[number] = {"user_id": user_id, "key": addition.key, "order_id": verdict.order_id}
        for number in await _not_claimed(connection, claims, deadline) if claims else ():
            del settled[number]  # the key was taken just now, and decides first: look again
    except StoreUnavailable as error:
        return {n: after_a_write(error) for n in losers}
    return settled


async def _standing(
    connection: OwnConnection, asking: Collection[Addition], deadline: float
) -> dict[tuple[str, bool], Order | UnreadableOrder]:
    """Find what stands, under (asking order's id, whether by its key)."""
    rows = in_json([row_of_order(addition.order, addition.key) for addition in asking])
    found = await connection.run(statements.STANDING, rows, deadline)
    return {(asking_id, by_key): read_or_refuse(order) for asking_id, by_key, _, *order in found}


async def _not_claimed(connection: OwnConnection, claims: Mapping[int, Claim], deadline: float) -> list[int]:
    """Keep new keys for orders that stand; return the numbers of those that another process was first to claim."""
    claimed = set(await connection.run(statements.CLAIM, in_json(list(claims.values())), deadline))
    return [number for number, claim in claims.items() if tuple(claim.values()) not in claimed]


def _verdict(order: Order, standing: Order | UnreadableOrder, refusal: PortError) -> Admission | PortError:
    if isinstance(standing, UnreadableOrder):
        return for_one_more(standing)
    if not order.asks_same_as(standing):
        return refusal
    return Admission(standing.order_id, replayed=standing.order_id != order.order_id)
