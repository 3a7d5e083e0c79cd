"""Orders and events in this process's memory, for unit tests and `dev --memory`."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import islice

from attrs import evolve

from adapters.cursor import cursor_after, order_id_of
from adapters.memory.audit import InMemoryAudit
from adapters.memory.webhook_endpoints import InMemoryWebhookEndpoints
from application.frames import Frame
from application.ports.errors import (
    ClientOrderIdConflict,
    DataRefused,
    IdempotencyKeyReused,
    InvalidCursor,
    StaleOrder,
    TransactionUsed,
)
from application.ports.order_store import (
    Admission,
    Backlog,
    OpenOrders,
    OrderFilter,
    OrderPage,
    Progress,
    Record,
    UnfinishedFilter,
    UnfinishedPage,
)
from application.ports.system import Clock
from domain.execution import Execution
from domain.money import AMOUNT_BOUND
from domain.order import Order
from domain.status import OrderStatus
from domain.transaction import Transaction

_PENDING_IDLE_SECONDS = 2.0
_LENGTHS = {"order_id": 255, "user_id": 255, "input_token": 50, "output_token": 50}


class InMemoryOrderStore:
    """The order store without a server: no call waits, so none meets another halfway.

    `executions` are those of its orders, the oldest first, `unsettled` the transactions of those that their chain may
    still undo; `audit` has the acts on the orders, `webhooks` the endpoints that their events are sent to.
    """

    def __init__(self, clock: Clock) -> None:
        self.executions: list[Execution] = []
        self.unsettled: dict[str, Transaction] = {}
        self.audit = InMemoryAudit(clock)
        self.webhooks = InMemoryWebhookEndpoints()
        self._clock = clock
        self._orders: dict[str, Order] = {}  # in the order in which they were added
        self._events: dict[str, list[tuple[str, Frame]]] = {}
        self._keys: dict[tuple[str, str], str] = {}
        self._client_order_ids: dict[tuple[str, str], str] = {}
        self._landed: set[tuple[str, str]] = set()

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    async def ping(self) -> None:
        """Return: it always answers."""

    async def add(self, order: Order, idempotency_key: str | None = None) -> Admission:
        _refuse_what_cannot_be_stored(order)
        key = (order.user_id, idempotency_key) if idempotency_key is not None else None
        client_order_id = (order.user_id, order.client_order_id) if order.client_order_id is not None else None
        standing = None
        if key in self._keys:
            standing = self._orders[self._keys[key]]
            if not order.asks_same_as(standing):
                raise IdempotencyKeyReused
        elif client_order_id in self._client_order_ids:
            standing = self._orders[self._client_order_ids[client_order_id]]
            if not order.asks_same_as(standing):
                raise ClientOrderIdConflict
        elif order.order_id in self._orders:
            standing = self._orders[order.order_id]
        else:
            self._orders[order.order_id] = standing = evolve(order, updated_at=self._clock.now())
            self._events[order.order_id] = []
            self.webhooks.order_added(order, self._clock.now())
            if client_order_id is not None:
                self._client_order_ids[client_order_id] = order.order_id
        if key is not None:
            self._keys.setdefault(key, standing.order_id)
        return Admission(standing.order_id, replayed=standing.order_id != order.order_id)

    async def standing(self, user_id: str, client_order_id: str | None, idempotency_key: str | None) -> Order | None:
        by_name = self._client_order_ids.get((user_id, client_order_id or ""))
        order_id = self._keys.get((user_id, idempotency_key or ""), by_name)
        return None if order_id is None else _as_listed(self._orders[order_id])

    async def append(self, record: Record) -> None:
        order = record.after
        events = self._events.get(order.order_id)
        if events is None:
            raise StaleOrder
        if len(events) != record.before.version:
            last = record.last
            if last.seq <= len(events) and events[last.seq - 1][0] == last.event_id:
                return
            raise StaleOrder
        _refuse_what_cannot_be_stored(order, *(event.message for _, event in record.steps))
        if execution := Execution.of(order, record.last):
            if (execution.place, execution.tx_hash) in self._landed:
                raise TransactionUsed
            self._landed.add((execution.place, execution.tx_hash))
            self.executions.append(execution)
            sent = self._orders[order.order_id].transaction  # as it was submitted, with its payload
            if execution.chain and sent:
                self.unsettled[order.order_id] = sent
        if record.act is not None:
            self.audit.note(record.act)
        self._orders[order.order_id] = evolve(order, updated_at=self._clock.now())
        events += ((event.event_id, frame) for (_, event), frame in zip(record.steps, record.frames, strict=True))

    async def get(self, order_id: str, *, durable: bool = False) -> Order | None:
        return self._orders.get(order_id)

    async def find(self, query: OrderFilter, cursor: str | None, limit: int) -> OrderPage:
        newest_first = reversed(self._orders.values())
        if cursor is not None:
            after = order_id_of(cursor)
            if after not in self._orders or query.user_id not in (None, self._orders[after].user_id):
                raise InvalidCursor("no order of this list")
            _skip_to(after, newest_first)
        found = [_as_listed(order) for order in newest_first if query.has(order)][: limit + 1]
        orders = tuple(found[:limit])
        return OrderPage(orders, cursor_after(orders[-1].order_id) if len(found) > limit else None)

    async def events(self, order_id: str, after_seq: int) -> Sequence[Frame]:
        return [frame for _, frame in self._events.get(order_id, ()) if frame.seq > after_seq]

    async def last_seqs(self, order_ids: Collection[str]) -> Mapping[str, Progress]:
        known = (self._orders[order_id] for order_id in order_ids if order_id in self._orders)
        return {order.order_id: self._progress(order) for order in known}

    def _progress(self, order: Order) -> Progress:
        final = order.status.is_final
        events = self._events[order.order_id] if final else ()
        return Progress(order.version, final, order.user_id, events[-1][1] if events else None)

    async def open_orders(self, after: str | None, limit: int, idle_seconds: float) -> OpenOrders:
        oldest_first = iter(self._orders.values())
        if after is not None:
            _skip_to(after, oldest_first)
        idle = (order.order_id for order in oldest_first if self._is_idle(order, idle_seconds))
        order_ids = tuple(order_id for order_id, _ in zip(idle, range(limit), strict=False))
        return OpenOrders(order_ids, order_ids[-1] if len(order_ids) == limit else None)

    async def unfinished(self, wanted: UnfinishedFilter, after: str | None, limit: int) -> UnfinishedPage:
        oldest_first = iter(self._orders.values())
        if after is not None:
            _skip_to(after, oldest_first)
        looked_at = list(islice((order for order in oldest_first if not order.status.is_final), limit))
        orders = tuple(_as_listed(order) for order in looked_at if wanted.has(order))
        return UnfinishedPage(orders, looked_at[-1].order_id if len(looked_at) == limit else None)

    async def backlog(self) -> Backlog:
        unfinished = [order for order in self._orders.values() if order.status.is_runnable]
        pending = (order.created_at for order in unfinished if order.status is OrderStatus.PENDING and order.runs)
        return Backlog(len(unfinished), min(pending, default=None))

    def orders(self) -> Collection[Order]:
        """Return all orders, the oldest first."""
        return self._orders.values()

    def set_held(self, order_id: str, held: bool) -> bool:
        """Hold an order that is not final, or release it; say whether that changed anything."""
        if not self.may_set_held(order_id, held):
            return False
        self._orders[order_id] = evolve(self._orders[order_id], held=held)
        return True

    def may_set_held(self, order_id: str, held: bool) -> bool:
        """Whether that would change anything."""
        order = self._orders.get(order_id)
        return order is not None and not order.status.is_final and order.held is not held

    async def id_ranges_used(self) -> Mapping[str, float]:
        return {}

    def _is_idle(self, order: Order, idle_seconds: float) -> bool:
        if order.status is OrderStatus.PENDING:
            idle_seconds = min(idle_seconds, _PENDING_IDLE_SECONDS)
        moved_lately = timedelta() <= self._clock.now() - order.updated_at < timedelta(seconds=idle_seconds)
        return order.runs and not moved_lately


def _skip_to(order_id: str, orders: Iterator[Order]) -> None:
    for order in orders:
        if order.order_id == order_id:
            return


def _as_listed(order: Order) -> Order:
    return evolve(order, transaction=order.transaction.without_payload()) if order.transaction else order


def _refuse_what_cannot_be_stored(order: Order, *messages: str) -> None:
    """Refuse what the Postgres store's columns refuse, so that tests on this one prove the same."""
    texts = (order.order_id, order.user_id, order.input_token, order.output_token, *messages)
    try:
        encoded = "".join(texts).encode()
    except UnicodeEncodeError as error:
        raise DataRefused("a lone surrogate in a text") from error
    if b"\0" in encoded:
        raise DataRefused("a NUL in a text")
    if any(len(getattr(order, name)) > most for name, most in _LENGTHS.items()):
        raise DataRefused("a text is too long")
    if any(number is not None and number >= AMOUNT_BOUND for number in (order.amount, order.execution_price)):
        raise DataRefused("a number is too large")
