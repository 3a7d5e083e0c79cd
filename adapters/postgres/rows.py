"""How orders and events become rows, and rows orders."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from application.frames import Frame
from application.ports.errors import UnreadableOrder
from domain.events import OrderEvent
from domain.order import Order
from domain.routing import Quote
from domain.status import EventKind, FailureReason, OrderStatus
from domain.transaction import Transaction

_encode = msgspec.json.Encoder().encode  # decimals as strings, times as RFC 3339: all digits arrive
# Quotes are the largest part of a row, and other kinds of events leave them as they are.
_CHANGE_QUOTES = frozenset({EventKind.ROUTE_CHOSEN, EventKind.RESUMED, EventKind.ATTEMPT_FAILED})
_read_quotes = msgspec.json.Decoder(tuple[Quote, ...]).decode


def in_json(rows: Sequence[object]) -> tuple[str]:
    """Return the rows as a statement's one parameter; what is absent of a row is NULL.

    Raises UnicodeEncodeError for a lone surrogate.
    """
    return (_encode(rows).decode(),)


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


class StepRow(msgspec.Struct, omit_defaults=True, gc=False):
    """What is written of an order after an event: all that events change, and the event. No quotes: they stay."""

    order_id: str
    seq: int
    event_id: str
    frame: str
    message: str
    status: OrderStatus
    attempt: int
    quotes: tuple[Quote, ...] | None = None
    chosen_dex: str | None = None
    tx_hash: str | None = None
    tx_venue: str | None = None
    tx_amount: Decimal | None = None
    tx_limit_price: Decimal | None = None
    tx_expires_at: datetime | None = None
    execution_price: Decimal | None = None
    reason_code: FailureReason | None = None
    finished_at: datetime | None = None


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
    )


def row_of_step(order: Order, event: OrderEvent, frame: Frame) -> StepRow:
    """Return the row of an order after an event."""
    row = StepRow(
        event.order_id,
        event.seq,
        event.event_id,
        frame.text,
        event.message,
        order.status,
        order.attempt,
        order.quotes if event.kind in _CHANGE_QUOTES else None,
        order.chosen_dex,
        execution_price=order.execution_price,
        reason_code=order.reason,
        finished_at=order.finished_at,
    )
    if transaction := order.transaction:
        row.tx_hash = transaction.tx_hash
        row.tx_venue = transaction.venue
        row.tx_amount = transaction.amount
        row.tx_limit_price = transaction.limit_price
        row.tx_expires_at = transaction.expires_at
    return row


def read_order(row: Sequence[Any]) -> Order:
    """Return the order that a row holds, its columns as in statements.py."""
    (
        order_id, user_id, input_token, output_token, amount, created_at, updated_at, status,
        version, attempt, logs, quotes, chosen_dex, tx_hash, tx_venue, tx_amount,
        tx_limit_price, tx_expires_at, execution_price, reason_code, finished_at,
        slippage_bps, client_order_id,
    ) = row  # fmt: skip
    transaction = None
    if tx_venue is not None:
        # An attempt's transaction goes with the attempt, so the number need not be stored twice.
        transaction = Transaction(order_id, attempt, tx_hash, tx_venue, tx_amount, tx_limit_price, _utc(tx_expires_at))
    return Order(
        order_id=order_id,
        user_id=user_id,
        input_token=input_token,
        output_token=output_token,
        amount=amount,
        created_at=_utc(created_at),
        updated_at=_utc(updated_at),
        status=OrderStatus(status),
        version=version,
        attempt=attempt,
        logs=tuple(logs),
        quotes=_read_quotes(quotes) if quotes else (),
        chosen_dex=chosen_dex,
        transaction=transaction,
        execution_price=execution_price,
        reason=FailureReason(reason_code) if reason_code else None,
        finished_at=_utc(finished_at) if finished_at else None,
        slippage_bps=slippage_bps,
        client_order_id=client_order_id,
    )


def read_or_refuse(row: Sequence[Any]) -> Order | UnreadableOrder:
    """Return the order that a row holds, or the error for whoever asked for it: it is nobody else's trouble."""
    try:
        order = read_order(row)
        for number in (order.amount, order.execution_price):
            if number is not None and not number.is_finite():
                raise ValueError("not a number")
    except Exception as error:  # by hand anything can be written
        refusal = UnreadableOrder(f"order {row[0]} cannot be read ({type(error).__name__})")
        refusal.__cause__ = error
        return refusal
    return order


def _utc(stored: datetime) -> datetime:
    return datetime.combine(stored, stored.time(), UTC)  # a quarter of what `replace` costs
