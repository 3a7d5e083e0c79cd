"""What is sent to a venue over HTTP and what it answers. Decimals are text in plain digits; times are RFC 3339."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, TypeVar

import msgspec

from application.ports.errors import VenueUnavailable
from domain.errors import InvalidAmount
from domain.money import amount_of_text, plain, price_of_text
from domain.order import Order
from domain.routing import Quote
from domain.status import FailureReason
from domain.transaction import Fill, Transaction, TransactionReport, TransactionStatus

NONSENSE = "gave an answer that makes no sense"

Answer = TypeVar("Answer", bound=msgspec.Struct)


def read(content: bytes, kind: type[Answer]) -> Answer:
    """Read a venue's answer; fields that are not known are passed over. Raises VenueUnavailable."""
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise VenueUnavailable(NONSENSE) from error


class QuoteAnswer(msgspec.Struct):
    """A price with at most 8 decimals, and a fee from 0 to below 1."""

    price: str
    fee: Annotated[str, msgspec.Meta(pattern=r"^0(\.[0-9]{1,8})?\Z")]

    def quote(self, dex: str) -> Quote:
        """Return it as the domain's. Raises VenueUnavailable."""
        return Quote(dex, _price(self.price), Decimal(self.fee))


class BuildAnswer(msgspec.Struct, rename="camel"):
    """The name of the built transaction."""

    tx_hash: Annotated[str, msgspec.Meta(pattern=r"^[!-~]{1,255}\Z")]


class TransactionAnswer(msgspec.Struct, rename="camel"):
    """What the venue knows of a transaction."""

    tx_hash: str
    status: TransactionStatus
    price: str | None = None
    reason: str | None = None

    def report(self, tx_hash: str) -> TransactionReport:
        """Return it as the domain's. Raises VenueUnavailable, also when it is about another transaction than `tx_hash`.

        A rejection is one whatever its reason is called.
        """
        if self.tx_hash != tx_hash:
            raise VenueUnavailable(NONSENSE)
        match self.status:
            case TransactionStatus.LANDED:
                return TransactionReport(self.status, fill=Fill(_fill_price(self.price or "")))
            case TransactionStatus.REJECTED:
                return TransactionReport(self.status, reason=_REASONS.get(self.reason, FailureReason.INTERNAL_ERROR))
        return TransactionReport(self.status)


_REASONS: dict[str | None, FailureReason] = {
    reason.value: reason for reason in (FailureReason.SLIPPAGE_EXCEEDED, FailureReason.EXPIRED)
}


def quote_body(order: Order) -> bytes:
    """Ask for a quote."""
    return msgspec.json.encode(_trade(order))


def build_body(order: Order, limit_price: Decimal | None, expires_at: datetime) -> bytes:
    """Ask for a transaction."""
    return msgspec.json.encode({**_trade(order), **_bounds(limit_price, expires_at)})


def submit_body(transaction: Transaction) -> bytes:
    """Send a transaction."""
    return msgspec.json.encode(
        {
            "orderId": transaction.order_id,
            "attempt": transaction.attempt,
            "amount": plain(transaction.amount),
            **_bounds(transaction.limit_price, transaction.expires_at),
        }
    )


def _trade(order: Order) -> dict[str, str | int]:
    return {
        "orderId": order.order_id,
        "attempt": order.attempt,
        "inputToken": order.input_token,
        "outputToken": order.output_token,
        "amount": plain(order.amount),
    }


def _bounds(limit_price: Decimal | None, expires_at: datetime) -> dict[str, str | datetime | None]:
    return {"limitPrice": None if limit_price is None else plain(limit_price), "expiresAt": expires_at}


def _price(text: str) -> Decimal:
    try:
        return amount_of_text(text)  # a price has the same bounds: above 0, below 10^10, at most 8 decimals
    except InvalidAmount as error:
        raise VenueUnavailable(NONSENSE) from error


def _fill_price(text: str) -> Decimal:
    try:
        return price_of_text(text)  # a swap that landed has landed, however exact its price is
    except InvalidAmount as error:
        raise VenueUnavailable(NONSENSE) from error
