"""What is sent to a venue over HTTP and what it answers. Decimals are text in plain digits; times are RFC 3339."""

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, NoReturn, TypeVar

import msgspec
from attrs import evolve
from msgspec import Meta

from application.ports.errors import VenueContradicts, VenueUnavailable
from application.ports.venue_history import Received
from domain.errors import InvalidAmount
from domain.money import EXACT, amount_of_text, plain, price, price_of_text
from domain.order import Order
from domain.routing import Quote
from domain.status import FailureReason
from domain.transaction import Fill, NetworkFee, Transaction, TransactionReport, TransactionStatus

NONSENSE = "gave an answer that makes no sense"
# By how much price and amounts may differ: either may be rounded, or the price be after a fee.
_ROUNDED, _ROUNDED_SHARE = Decimal("0.000001"), Decimal("0.01")
# The venue's own word that it will never land it: for HTTP venues that is what proves a transaction dead.
_EXPIRED = "expired"

Answer = TypeVar("Answer", bound=msgspec.Struct)
Plain = Annotated[str, Meta(pattern=r"^[0-9]{1,30}(\.[0-9]{1,30})?\Z")]
# Nothing that means something in a URL, a log or a page; so none is `..`.
Hash = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._~:=+-]{0,254}\Z")]
_PLAIN = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?")


def read(content: bytes, kind: type[Answer]) -> Answer:
    """Read a venue's answer; fields that are not known are passed over.

    Raises VenueUnavailable: of a name that stands twice nobody knows which counts. Raises VenueContradicts for a swap
    that is said to have landed at a price that is none.
    """
    try:
        document = json.loads(content.decode(), object_pairs_hook=_each_once, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise VenueUnavailable(NONSENSE) from error
    try:
        return msgspec.convert(document, kind)
    except (msgspec.ValidationError, ValueError, RecursionError) as error:  # half a character is a ValueError
        priced = isinstance(document, dict) and document.get("status") == "landed" and document.get("price") is not None
        raise (VenueContradicts if priced else VenueUnavailable)(NONSENSE) from error


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) < len(pairs):
        raise ValueError("a name stands twice")
    return names


def _refuse(constant: str) -> NoReturn:
    raise ValueError("not a number")


class QuoteAnswer(msgspec.Struct):
    """A price with at most 8 decimals, and a fee from 0 to below 1."""

    price: str
    fee: Annotated[str, Meta(pattern=r"^0(\.[0-9]{1,8})?\Z")]

    def quote(self, venue: str) -> Quote:
        """Return it as the domain's. Raises VenueUnavailable."""
        try:
            # The same bounds: above 0, below 10^10, at most 8 decimals.
            return Quote(venue, amount_of_text(self.price), Decimal(self.fee))
        except InvalidAmount as error:
            raise VenueUnavailable(NONSENSE) from error


class BuildAnswer(msgspec.Struct, rename="camel"):
    """The name of the built transaction, and until when, by the venue's clock, it may land."""

    tx_hash: Hash
    expires_at: Annotated[datetime, Meta(tz=True)]

    @property
    def expires_at_utc(self) -> datetime:
        """The end in UTC. Raises VenueUnavailable for one that no calendar has."""
        return _in_utc(self.expires_at)


class TransactionAnswer(msgspec.Struct, rename="camel"):
    """What the venue knows of a transaction. `price` is before fees; the amounts come together, or are reckoned.

    From `order_id` on, what it need not say and must not say wrong: whose transaction it is, and of how much of what.
    """

    tx_hash: str
    status: Literal["landed", "rejected", "pending", "unknown"]
    price: str | None = None
    reason: str | None = None
    amount_out: str | None = None
    venue_fee: str | None = None
    network_fee: Plain | None = None
    network_fee_asset: Annotated[str, Meta(pattern=r"^[!-~]{1,50}\Z")] | None = None
    order_id: str | None = None
    attempt: int | None = None
    amount: Plain | None = None
    amount_in: str | None = None
    input_token: str | None = None
    output_token: str | None = None

    def report(self, transaction: Transaction) -> TransactionReport:
        """Return it as the domain's. Raises VenueUnavailable, also when it is about another transaction.

        A rejection is one whatever its reason is called. Raises VenueContradicts when what landed is another, or is no
        fill.
        """
        landed = self.status == "landed"
        if not self._is_about(transaction):
            raise (VenueContradicts if landed else VenueUnavailable)("answered about another transaction")
        match self.status:
            case "landed":
                pair = (self.input_token, self.output_token)
                return TransactionReport(TransactionStatus.LANDED, fill=self._fill(transaction), pair=pair)
            case "rejected" if self.reason == _EXPIRED:
                return TransactionReport(TransactionStatus.DEAD)
            case "rejected":
                reason = _REASONS.get(self.reason, FailureReason.INTERNAL_ERROR)
                return TransactionReport(TransactionStatus.REJECTED, reason=reason)
        return TransactionReport(TransactionStatus(self.status))

    def _is_about(self, sent: Transaction) -> bool:
        return (
            self.tx_hash == sent.tx_hash
            and self.order_id in (None, sent.order_id)
            and self.attempt in (None, sent.attempt)
            and (self.amount is None or Decimal(self.amount) == sent.amount)
        )

    def _fill(self, transaction: Transaction) -> Fill:
        if self.price is None:
            raise VenueUnavailable(NONSENSE)  # it may still come to say it
        try:
            given = transaction.amount if self.amount_in is None else _amount_of_text(self.amount_in)
            fill = Fill.at_price(given, price_of_text(self.price), transaction.fee)
            if self.amount_out is not None and self.venue_fee is not None:
                fill = _by_amounts(fill, _amount_of_text(self.amount_out), _amount_of_text(self.venue_fee))
            price(fill.price)
        except (InvalidAmount, ArithmeticError) as error:
            raise VenueContradicts("reports a swap that cannot be") from error
        if self.network_fee is None or self.network_fee_asset is None:
            return fill
        return evolve(fill, network_fee=NetworkFee(Decimal(self.network_fee), self.network_fee_asset))


class ReceivedAnswer(TransactionAnswer, rename="camel", kw_only=True):
    """A transaction that the venue was sent, as it describes it itself."""

    tx_hash: Hash
    order_id: Annotated[str, Meta(min_length=1, max_length=255)]
    attempt: Annotated[int, Meta(ge=1, le=1_000_000)]
    amount: Plain
    received_at: Annotated[datetime, Meta(tz=True)]
    expires_at: Annotated[datetime, Meta(tz=True)] | None = None
    limit_price: Plain | None = None

    def described(self, venue: str) -> Received:
        """Return it as the port's. Raises VenueUnavailable."""
        if not self.order_id.isprintable():
            raise VenueUnavailable(NONSENSE)
        at = _in_utc(self.received_at)
        sent = Transaction(
            order_id=self.order_id,
            attempt=self.attempt,
            tx_hash=self.tx_hash,
            venue=venue,
            amount=Decimal(self.amount),
            limit_price=None if self.limit_price is None else Decimal(self.limit_price),
            expires_at=_in_utc(self.expires_at) if self.expires_at else at,
        )
        return Received(sent, self.report(sent), at)


class HistoryAnswer(msgspec.Struct, rename="camel"):
    """One page of what a venue was sent."""

    data: list[ReceivedAnswer]
    next_cursor: Annotated[str, Meta(pattern=r"^[ -~]{1,1000}\Z")] | None = None


def _by_amounts(by_price: Fill, received: Decimal, fee: Decimal) -> Fill:
    """Return the fill by its amounts. Raises InvalidAmount when they are those of another price, or of more or less."""
    at_price = EXACT.add(by_price.amount_out, by_price.venue_fee)
    apart = EXACT.abs(EXACT.subtract(EXACT.add(received, fee), at_price))
    if apart > max(_ROUNDED, EXACT.multiply(at_price, _ROUNDED_SHARE)):
        raise InvalidAmount("must be the price times the amount")
    return Fill(by_price.amount_in, received, fee)


def _amount_of_text(text: str) -> Decimal:
    if not _PLAIN.fullmatch(text):
        raise InvalidAmount("must be a number")
    return Decimal(text)


def _in_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError as error:
        raise VenueUnavailable(NONSENSE) from error


_REASONS: dict[str | None, FailureReason] = {FailureReason.SLIPPAGE_EXCEEDED.value: FailureReason.SLIPPAGE_EXCEEDED}


def quote_body(order: Order) -> bytes:
    """Ask for a quote."""
    return msgspec.json.encode(_trade(order))


def build_body(order: Order, limit_price: Decimal | None, valid_seconds: float) -> bytes:
    """Ask for a transaction that is good for so long."""
    return msgspec.json.encode({**_trade(order), "limitPrice": _plain(limit_price), "validSeconds": valid_seconds})


def submit_body(
    order_id: str, attempt: int, amount: Decimal, limit_price: Decimal | None, expires_at: datetime
) -> bytes:
    """Send a transaction."""
    return msgspec.json.encode(
        {
            "orderId": order_id,
            "attempt": attempt,
            "amount": plain(amount),
            "limitPrice": _plain(limit_price),
            "expiresAt": expires_at,
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


def _plain(number: Decimal | None) -> str | None:
    return None if number is None else plain(number)
