"""How orders and events become rows, and rows orders."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from adapters.postgres.times import utc
from application.ports.errors import UnreadableOrder
from application.ports.order_store import Record
from domain.order import Order
from domain.origin import NOWHERE, Origin
from domain.routing import Quote, Routing, quote_of
from domain.status import RESTING, EventKind, FailureReason, OrderStatus
from domain.transaction import Fill, Transaction

_encode = msgspec.json.Encoder().encode  # decimals as strings, times as RFC 3339: all digits arrive


def in_json(rows: Sequence[object]) -> tuple[str]:
    """Return the rows as a statement's one parameter; what is absent of a row is NULL.

    Raises UnicodeEncodeError for a lone surrogate.
    """
    return (_encode(rows).decode(),)


def storable(text: str) -> str:
    """Return a text that the server takes: whatever an operator's is made of, the act is done and noted."""
    return text.encode(errors="replace").decode().replace("\0", "?")


class OrderRow(msgspec.Struct, omit_defaults=True, gc=False):
    """What is written of a new order; the rest is the same for all."""

    order_id: str
    user_id: str
    input_token: str
    output_token: str
    amount: Decimal
    created_at: datetime
    slippage_bps: int | None = None
    client_order_id: str | None = None
    key: str | None = None
    slippage_by_default: bool | None = None
    request_id: str | None = None
    traceparent: str | None = None


class QuoteRow(msgspec.Struct, rename={"venue": "dex"}, omit_defaults=True, gc=False):
    """What is kept of a quote; with the chosen one, why it was.

    So it goes with the quotes whoever replaces these, a worker that knows nothing of it too.
    """

    venue: str
    price: Decimal
    fee: Decimal
    policy: str | None = None
    compared: str = ""


_read_quotes = msgspec.json.Decoder(tuple[QuoteRow, ...]).decode


class LandingRow(msgspec.Struct, gc=False):
    """What is kept of where a swap landed."""

    chain: str
    slot: int
    priority_fee: Decimal


class EventRow(msgspec.Struct, gc=False):
    """What is kept of an event."""

    seq: int
    event_id: str
    kind: EventKind
    frame: str


class RecordRow(msgspec.Struct, omit_defaults=True, gc=False):
    """What is written of a record: all that events change of an order, and the events. No quotes: they stay.

    The last event's fields are columns, `earlier` are those before it; `amount_in` to `quoted_price` are an execution.
    `payload` is in base64; `purge` says that the one that is kept is of no more use: with a `landing` it is, until the
    chain can undo that no more.
    """

    order_id: str
    expected: int
    version: int
    event_id: str
    kind: EventKind
    frame: str
    message: str
    status: OrderStatus
    attempt: int
    chosen_dex: str | None
    execution_price: Decimal | None
    reason_code: FailureReason | None
    finished_at: datetime | None
    earlier: list[EventRow] | None = None
    earlier_messages: list[str] | None = None
    quotes: list[QuoteRow] | None = None
    tx_hash: str | None = None
    tx_venue: str | None = None
    tx_amount: Decimal | None = None
    tx_limit_price: Decimal | None = None
    tx_expires_at: datetime | None = None
    amount_in: Decimal | None = None
    amount_out: Decimal | None = None
    venue_fee: Decimal | None = None
    network_fee: Decimal | None = None
    network_fee_asset: str | None = None
    quoted_price: Decimal | None = None
    landing: LandingRow | None = None
    payload: bytes | None = None
    purge: bool = False
    resting: bool = False


def row_of_order(order: Order, key: str | None = None) -> OrderRow:
    """Return the row of a new order."""
    return OrderRow(
        order.order_id,
        order.user_id,
        order.input_token,
        order.output_token,
        order.amount,
        order.created_at,
        order.slippage_bps,
        order.client_order_id,
        key,
        order.slippage_by_default or None,
        order.origin.request_id,
        order.origin.traceparent,
    )


def row_of_record(record: Record) -> RecordRow:
    """Return the row of a record."""
    before, steps, frames = record.before, record.steps, record.frames
    order, last = steps[-1]
    row = RecordRow(
        order.order_id,
        before.version,
        order.version,
        last.event_id,
        last.kind,
        frames[-1].text,
        last.message,
        order.status,
        order.attempt,
        order.chosen_venue,
        order.execution_price,
        order.reason,
        order.finished_at,
    )
    if order.status in RESTING:
        row.resting = True
    if order.quotes is not before.quotes:  # the largest part of a row, and most events leave them as they are
        row.quotes = _rows_of_quotes(order)
    if len(steps) > 1:
        earlier = zip(steps[:-1], frames, strict=False)
        row.earlier = [EventRow(event.seq, event.event_id, event.kind, frame.text) for (_, event), frame in earlier]
        row.earlier_messages = [event.message for _, event in steps[:-1]]
    if transaction := order.transaction:
        row.tx_hash = transaction.tx_hash
        row.tx_venue = transaction.venue
        row.tx_amount = transaction.amount
        row.tx_limit_price = transaction.limit_price
        row.tx_expires_at = transaction.expires_at
        row.payload = transaction.payload or None
    if before.transaction and before.transaction.payload:  # made, or read, by this process
        row.purge = True
    if fill := last.fill:
        _add_execution(row, fill, order.quoted_price)
        if row.landing:
            row.purge = False
    return row


def _rows_of_quotes(order: Order) -> list[QuoteRow]:
    rows = [QuoteRow(quote.venue, quote.price, quote.fee) for quote in order.quotes]
    if why := order.routing:
        for row in rows:
            if row.venue == order.chosen_venue:
                row.policy, row.compared = why.policy, why.compared
    return rows


def _add_execution(row: RecordRow, fill: Fill, quoted_price: Decimal | None) -> None:
    row.amount_in = fill.amount_in
    row.amount_out = fill.amount_out
    row.venue_fee = fill.venue_fee
    row.quoted_price = quoted_price
    if fill.network_fee:
        row.network_fee = fill.network_fee.amount
        row.network_fee_asset = fill.network_fee.asset
    if landing := fill.landing:
        row.landing = LandingRow(landing.chain, landing.slot, landing.priority_fee)


def read_order(row: Sequence[Any]) -> Order:
    """Return the order that a row holds, its columns as in statements.py."""
    (
        order_id, user_id, input_token, output_token, amount, created_at, updated_at, status,
        version, attempt, logs, quotes, chosen_dex, tx_hash, tx_venue, tx_amount,
        tx_limit_price, tx_expires_at, execution_price, reason_code, finished_at,
        slippage_bps, client_order_id, held, slippage_by_default, request_id, traceparent, payload,
    ) = row  # fmt: skip
    quote_rows = _read_quotes(quotes) if quotes else ()
    kept_quotes = tuple(Quote(q.venue, q.price, q.fee) for q in quote_rows)
    transaction = None
    if tx_venue is not None:
        # An attempt's transaction goes with the attempt, and its fee is the quote's: neither is stored twice.
        quoted = quote_of(kept_quotes, tx_venue)
        transaction = Transaction(
            order_id,
            attempt,
            tx_hash,
            tx_venue,
            tx_amount,
            tx_limit_price,
            utc(tx_expires_at),
            payload or b"",
            quoted.fee if quoted else Decimal(0),
        )
    return Order(
        order_id=order_id,
        user_id=user_id,
        input_token=input_token,
        output_token=output_token,
        amount=amount,
        created_at=utc(created_at),
        updated_at=utc(updated_at),
        status=OrderStatus(status),
        version=version,
        attempt=attempt,
        logs=tuple(logs),
        quotes=kept_quotes,
        chosen_venue=chosen_dex,
        routing=next((Routing(q.policy, q.compared) for q in quote_rows if q.policy), None),
        transaction=transaction,
        execution_price=execution_price,
        reason=FailureReason(reason_code) if reason_code else None,
        finished_at=utc(finished_at) if finished_at else None,
        slippage_bps=slippage_bps,
        client_order_id=client_order_id,
        held=held,
        slippage_by_default=bool(slippage_by_default),
        origin=Origin(request_id, traceparent) if request_id or traceparent else NOWHERE,
    )


def read_or_refuse(row: Sequence[Any]) -> Order | UnreadableOrder:
    """Return the order that a row holds, or the error for whoever asked for it: it is nobody else's trouble."""
    try:
        order = read_order(row)
        for number in (order.amount, order.execution_price):
            if number is not None and not number.is_finite():
                raise ValueError("not a number")
    except Exception as error:  # by hand anything can be written
        refusal = UnreadableOrder(f"order {row[0]} cannot be read ({type(error).__name__})", row[1])
        refusal.__cause__ = error
        return refusal
    return order
