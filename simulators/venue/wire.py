"""What the venues read and write over HTTP. Decimals are text in plain digits; times are RFC 3339."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar

import falcon
import msgspec
from falcon.asgi import Request
from msgspec import Meta

from domain.money import plain
from domain.routing import Quote
from domain.transaction import Transaction, TransactionReport
from simulators.venue.ledger import Entry

Plain = Annotated[str, Meta(pattern=r"^[0-9]{1,30}(\.[0-9]{1,30})?\Z")]
Name = Annotated[str, Meta(min_length=1, max_length=255)]
Attempt = Annotated[int, Meta(ge=1)]
Instant = Annotated[datetime, Meta(tz=True)]


class QuoteRequest(msgspec.Struct, rename="camel"):
    """Ask for a price."""

    order_id: Name
    attempt: Attempt
    input_token: Name
    output_token: Name
    amount: Plain


class BuildRequest(QuoteRequest, rename="camel"):
    """Ask for a transaction with this limit (none: any price), good for so many seconds."""

    valid_seconds: Annotated[float, Meta(gt=0, le=86_400)]
    limit_price: Plain | None = None


class ClockSetting(msgspec.Struct, rename="camel"):
    """Set the venues' clock."""

    ahead_seconds: Annotated[float, Meta(ge=-604_800, le=604_800)]


class Submission(msgspec.Struct, rename="camel"):
    """A transaction; its hash is in the path."""

    order_id: Name
    attempt: Attempt
    amount: Plain
    expires_at: Instant
    limit_price: Plain | None = None

    def transaction(self, venue: str, tx_hash: str) -> Transaction:
        """Return it as the domain's."""
        limit = None if self.limit_price is None else Decimal(self.limit_price)
        amount = Decimal(self.amount)
        return Transaction(self.order_id, self.attempt, tx_hash, venue, amount, limit, self.expires_at)


Body = TypeVar("Body", bound=msgspec.Struct)


async def read(req: Request, kind: type[Body]) -> Body:
    """Read the body. Raises falcon.HTTPBadRequest when it is not one of `kind`."""
    try:
        return msgspec.json.decode(await req.stream.read(), type=kind)
    except msgspec.DecodeError as error:
        raise falcon.HTTPBadRequest(description=str(error)) from error


def quote_json(quote: Quote) -> bytes:
    """Return the answer to a QuoteRequest."""
    return msgspec.json.encode({"price": plain(quote.price), "fee": plain(quote.fee)})


def built_json(tx_hash: str, expires_at: datetime) -> bytes:
    """Return the answer to a BuildRequest."""
    return msgspec.json.encode({"txHash": tx_hash, "expiresAt": expires_at})


def report_json(tx_hash: str, report: TransactionReport) -> bytes:
    """Return what is known of a transaction: price and amounts when it landed, `reason` when it was rejected."""
    return msgspec.json.encode({"txHash": tx_hash, **_outcome(report)})


def entry_fields(entry: Entry) -> dict[str, Any]:
    """Return a ledger's entry for a person or a checker."""
    sent = entry.transaction
    return {
        "txHash": sent.tx_hash,
        "orderId": sent.order_id,
        "attempt": sent.attempt,
        "venue": sent.venue,
        "amount": plain(sent.amount),
        "limitPrice": None if sent.limit_price is None else plain(sent.limit_price),
        "expiresAt": sent.expires_at,
        "receivedAt": entry.received_at,
        "endedAt": entry.ended_at,
        "deliveries": entry.deliveries,
        **_outcome(entry.report),
    }


def _outcome(report: TransactionReport) -> dict[str, str]:
    outcome = {"status": report.status.value}
    if report.fill is not None:
        outcome["price"] = plain(report.fill.price)
        outcome["amountOut"] = plain(report.fill.amount_out)
        outcome["venueFee"] = plain(report.fill.venue_fee)
    if report.reason is not None:
        outcome["reason"] = report.reason.value
    return outcome
