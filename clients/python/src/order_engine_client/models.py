"""What the engine answers with. Amounts and prices are Decimals with their exact digits; times have their zone.

Each has `raw`, the whole document as it came, with what a newer engine says and this version does not know.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from attrs import field, frozen

FINAL = ("confirmed", "failed")

T = TypeVar("T")


@frozen(kw_only=True)
class Model:
    """What all have."""

    raw: Mapping[str, Any] = field(repr=False, eq=False)


@frozen(kw_only=True)
class Accepted(Model):
    """An order that was taken. `replayed`: it was taken before, by this key or this client order id."""

    order_id: str
    status: str
    replayed: bool = False
    idempotency_key: str = ""


@frozen(kw_only=True)
class Quote(Model):
    """A venue's price, output tokens for one input token, before its fee (a fraction) and after it."""

    dex: str
    price: Decimal
    fee: Decimal
    chosen: bool
    net_price: Decimal | None = None


@frozen(kw_only=True)
class Routing(Model):
    """Why a quote was taken: by which policy, and what of the quotes that compared."""

    policy: str
    compared: str


@frozen(kw_only=True)
class Execution(Model):
    """What came of a landed swap, in token units; `price_impact` is a fraction."""

    order_id: str
    user_id: str
    input_token: str
    output_token: str
    venue: str
    chain: str | None
    tx_hash: str
    amount_in: Decimal
    amount_out: Decimal
    venue_fee: Decimal
    network_fee: Decimal | None
    network_fee_asset: str | None
    quoted_price: Decimal | None
    price: Decimal
    price_impact: Decimal | None
    executed_at: datetime
    slot: int | None = None
    priority_fee: Decimal | None = None
    finality: str | None = None
    explorer_url: str | None = None


@frozen(kw_only=True)
class Order(Model):
    """An order. `quotes` are the last attempt's; `logs[seq - 1]` is the message of the frame `seq`."""

    order_id: str
    user_id: str
    input_token: str
    output_token: str
    amount: Decimal
    status: str
    chosen_dex: str | None
    tx_hash: str | None
    execution_price: Decimal | None
    slippage_bps: int | None
    client_order_id: str | None
    attempt: int
    reason_code: str | None
    quotes: tuple[Quote, ...]
    logs: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    routing: Routing | None = None
    execution: Execution | None = None

    @property
    def final(self) -> bool:
        """Whether nothing more becomes of it."""
        return self.status in FINAL


@frozen(kw_only=True)
class Frame(Model):
    """One update of an order. `seq` counts an order's updates from 0, its birth, without gaps."""

    order_id: str
    status: str
    message: str
    seq: int
    timestamp: datetime
    attempt: int
    user_id: str
    chosen_dex: str | None = None
    routing: Routing | None = None
    tx_hash: str | None = None
    execution_price: Decimal | None = None
    reason_code: str | None = None
    input_token: str | None = None
    output_token: str | None = None
    amount: Decimal | None = None

    @property
    def final(self) -> bool:
        """Whether nothing comes after it."""
        return self.status in FINAL


@frozen(kw_only=True)
class Page(Model, Generic[T]):
    """Some of a list; `next_cursor` leads to the next page, None on the last."""

    data: tuple[T, ...]
    next_cursor: str | None


@frozen(kw_only=True)
class CancelledOrders(Model):
    """Ids of orders that were stopped, and of those that were meant too and could not be."""

    cancelled: tuple[str, ...]
    not_cancellable: tuple[str, ...]


@frozen(kw_only=True)
class Token(Model):
    """A token that orders may name, by its address or its symbol."""

    chain: str
    address: str
    symbol: str
    decimals: int
    token_program: str | None = None


@frozen(kw_only=True)
class Me(Model):
    """As whom the credential acts, None without log-in; what it may do, and until when."""

    user_id: str | None
    scopes: tuple[str, ...]
    expires_at: datetime | None


@frozen(kw_only=True)
class Ticket(Model):
    """Opens one socket, once, where its holder can send no header."""

    ticket: str
    expires_at: datetime


@frozen(kw_only=True)
class QueueCounts(Model):
    """Jobs by where they are."""

    waiting: int
    leased: int
    delayed: int
    buried: int
    paused: bool


@frozen(kw_only=True)
class Halt(Model):
    """Trading is halted: since when, why, by whom."""

    since: datetime
    why: str
    by: str
    lost_writes: bool


@frozen(kw_only=True)
class WindowCounts(Model):
    """What became of orders within a time."""

    accepted: int
    confirmed: int
    failed: int
    cancelled: int


@frozen(kw_only=True)
class Worker(Model):
    """A worker process, with how many orders it may execute at once, and does."""

    name: str
    version: str
    slots: int
    in_flight: int
    since: datetime
    seen_at: datetime


@frozen(kw_only=True)
class Stats(Model):
    """How busy the engine is, and by which rule it trades.

    `queue` is None while it cannot be reached, `halt` while there is none. `windows` are 1m, 1h and 24h.
    """

    open: int
    oldest_pending_seconds: Decimal | None
    queue: QueueCounts | None
    halt: Halt | None = None
    windows: Mapping[str, WindowCounts] = field(factory=dict)
    workers: tuple[Worker, ...] = ()
    policy: str | None = None
    default_slippage_bps: int | None = None
