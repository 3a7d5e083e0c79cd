"""The home of the truth: orders and their events."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from attrs import frozen

from application.frames import Frame, frame_of
from application.ports.audit import AuditEntry
from domain.events import OrderEvent
from domain.order import Order, Step
from domain.status import OrderStatus


@frozen
class Admission:
    """What `add` came to: the order that now stands for the request; `replayed` when it is an earlier, equal one."""

    order_id: str
    replayed: bool


@frozen(slots=False)  # half the time to make one, and an order has four
class Record:
    """What one commit makes of one order: the `steps`, which follow each other from `before`, each with its frame.

    `act` is the administrative act that they are, and of this order: it is kept with them, or nothing is.
    """

    before: Order
    steps: tuple[Step, ...]
    frames: Sequence[Frame]
    act: AuditEntry | None = None

    @classmethod
    def of(cls, before: Order, *steps: Step, act: AuditEntry | None = None) -> "Record":
        """Return the record of one or more steps."""
        return cls(before, steps, [frame_of(event) for _, event in steps], act)

    @property
    def after(self) -> Order:
        """The order after the last step."""
        return self.steps[-1][0]

    @property
    def last(self) -> OrderEvent:
        """The event of the last step."""
        return self.steps[-1][1]


@frozen
class OrderFilter:
    """Which orders to list; None, or no status, means any.

    `user_prefix` is how the user's id begins, `pair` both tokens (`SOL/USDC`), `venue` the chosen one. They were
    created at `since` or later, and before `until`. A `client_order_id` is its user's, who is named too.
    """

    user_id: str | None = None
    statuses: frozenset[OrderStatus] = frozenset()
    client_order_id: str | None = None
    user_prefix: str | None = None
    pair: str | None = None
    venue: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def has(self, order: Order) -> bool:
        """Whether it means this order."""
        return (
            self.user_id in (None, order.user_id)
            and (not self.statuses or order.status in self.statuses)
            and self.client_order_id in (None, order.client_order_id)
            and order.user_id.startswith(self.user_prefix or "")
            and self.pair in (None, f"{order.input_token}/{order.output_token}")
            and self.venue in (None, order.chosen_venue)
            and (self.since is None or self.since <= order.created_at)
            and (self.until is None or order.created_at < self.until)
        )


@frozen
class OrderPage:
    """One page of a list; `next_cursor` is None on the last, and only there."""

    orders: tuple[Order, ...]
    next_cursor: str | None


@frozen
class UnfinishedFilter:
    """Which orders that are not final are meant; None means any. `pair` is both tokens: `SOL/USDC`."""

    user_id: str | None = None
    pair: str | None = None
    status: OrderStatus | None = None
    venue: str | None = None

    def has(self, order: Order) -> bool:
        """Whether it means this order."""
        return (
            self.user_id in (None, order.user_id)
            and self.pair in (None, f"{order.input_token}/{order.output_token}")
            and self.status in (None, order.status)
            and self.venue in (None, order.chosen_venue)
        )


@frozen
class UnfinishedPage:
    """One page of unfinished orders, and where the next one starts (None: that was the last)."""

    orders: tuple[Order, ...]
    next_after: str | None


@frozen
class Progress:
    """How far a user's order is: the seq of its last event (0: none yet), and whether that was its end.

    `ending` is then its frame; None for an order that had ended before it was adopted.
    """

    seq: int
    final: bool
    user_id: str
    ending: Frame | None = None


@frozen
class OpenOrders:
    """One page of the sweep: idle orders' ids, and where the next page starts (None: that was the last)."""

    order_ids: tuple[str, ...]
    next_after: str | None


@frozen
class Backlog:
    """How many orders are neither final nor resting, and when the oldest that waits for its first step was created.

    `open` counts held orders, which an operator has to decide on; they do not wait. From 200,000 on it may be too low.
    `oldest_pending_at` is None when none waits.
    """

    open: int
    oldest_pending_at: datetime | None


class OrderStore(Protocol):
    """Keeps orders and events. Any call may raise StoreUnavailable, within a bounded time; writes also Overloaded.

    Writes are atomic and idempotent: the order row and its event are there together or not at all, and a write that is
    repeated after a broken connection, or found already done, is a success. What a write returned is durable.
    """

    async def add(self, order: Order, idempotency_key: str | None = None) -> Admission:
        """Keep a new order (version 0), and in the same commit the key, under (user id, key), for 24 h at least.

        When the key, or else (user id, client order id), already stands for an order that asks the same
        (`Order.asks_same_as`), that order is the answer and nothing is added (a new key is then kept for it). Of equal
        calls at the same time, on any process, one adds. Adding the same order id again is a success.
        Raises IdempotencyKeyReused or ClientOrderIdConflict when the earlier order asks something else (the key decides
        first), DataRefused when the store can never hold the order.
        """
        ...

    async def standing(self, user_id: str, client_order_id: str | None, idempotency_key: str | None) -> Order | None:
        """Return the order, without its payload, that a request of this key, or else client order id, may repeat.

        None: there is none. `add` says whether it does, and what of such an order others may rely on.
        Raises UnreadableOrder.
        """
        ...

    async def append(self, record: Record) -> None:
        """Replace the order `before` by the order `after`, and keep the events with their frames: all or nothing.

        Compare-and-set: of several writers of one version exactly one wins. `updated_at` becomes the store's own time.
        A landed swap's fill is kept with it; a transaction's payload is kept until the order leaves `submitted`, or,
        of a swap that landed on a chain, until that is settled (`UnsettledSwaps`).
        Raises TransactionUsed when another order was confirmed with the transaction, known by its hash and venue (or
        chain): of several such orders exactly one is. Raises StaleOrder when the order is not at version `before` (or
        unknown), unless this record put it further.
        """
        ...

    async def get(self, order_id: str, *, durable: bool = False) -> Order | None:
        """Return the order as last written, its transaction's payload too; None when there is none.

        It may be what a write left whose writer has no answer yet, and gets none. With `durable` that is waited for as
        a write is: what is returned will not be taken back.
        Raises UnreadableOrder.
        """
        ...

    async def find(self, query: OrderFilter, cursor: str | None, limit: int) -> OrderPage:
        """Orders newest first, without payloads, at most `limit` (1 to 200), from `cursor` on (None: from the newest).

        Pages neither repeat nor skip an order while new ones arrive; orders that cannot be read are left out. A page
        before the last may be short, even empty: a store looks through so many orders for one, and no more. A range of
        time is found by ids: it may lack orders of clocks that are away from the store's by more than 5 minutes.
        Raises InvalidCursor, for one that names another user's order too: whether there is such an order stays unsaid.
        """
        ...

    async def events(self, order_id: str, after_seq: int) -> Sequence[Frame]:
        """Return the frames with a seq above `after_seq`, in order, exactly as they were appended."""
        ...

    async def last_seqs(self, order_ids: Collection[str]) -> Mapping[str, Progress]:
        """How far each of these orders is; unknown ids are left out."""
        ...

    async def open_orders(self, after: str | None, limit: int, idle_seconds: float) -> OpenOrders:
        """Ids of orders that run (`Order.runs`) and did not move for `idle_seconds` (pending ones: 2 s at most).

        Idleness is judged by the store's own clock; if that was put back, what moved before counts as idle. Pages are
        in a fixed order; start with `after=None`. Only one caller at a time gets ids: while another holds the sweep the
        page is empty and the last.
        """
        ...

    async def unfinished(self, wanted: UnfinishedFilter, after: str | None, limit: int) -> UnfinishedPage:
        """Those of `limit` orders that are not final which are wanted: oldest first, held and resting ones too.

        Start with `after=None`. Each order that is not final all the while is on one page, whatever it does meanwhile;
        orders come without payloads, and those that cannot be read are left out.
        """
        ...

    async def backlog(self) -> Backlog:
        """Say how much there is to do."""
        ...


class IdRanges(Protocol):
    """How many of its numbers a store has given out: where they end, it takes no more orders."""

    async def id_ranges_used(self) -> Mapping[str, float]:
        """Return the used share of each table's ids, 0 to 1; tables whose ids do not end are left out.

        Ids that were given out and never used count too. Raises StoreUnavailable.
        """
        ...
