"""Orders and requests for tests, with one place to say what is usual."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

from application.ports.audit import AuditEntry
from domain.events import Stamp
from domain.order import Order
from domain.order_request import OrderRequest
from domain.routing import Quote, lowest_price
from domain.transaction import Fill, Landing, NetworkFee, Transaction

START = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
VENUES = ("Raydium", "Meteora")
QUOTES = (
    Quote("Raydium", Decimal("148.32"), Decimal("0.003")),
    Quote("Meteora", Decimal("146.91"), Decimal("0.002")),
)
ROUTING = lowest_price.routing

_numbers = count(1)


def an_id() -> str:
    """Return a UUIDv4 that no other test got."""
    return str(UUID(int=next(_numbers), version=4))


def a_request(**over: object) -> OrderRequest:
    """Return a valid request; `over` are wire names."""
    body = {"inputToken": "SOL", "outputToken": "USDC", "amount": 10, "userId": "user123", **over}
    return OrderRequest.parse(body)


def an_order(**over: object) -> Order:
    """Return a new order."""
    return Order.new(an_id(), a_request(**over), START)


def a_stamp(after: float = 0) -> Stamp:
    """Return a fresh stamp, `after` seconds past START."""
    return Stamp(an_id(), START + timedelta(seconds=after))


def a_transaction(order: Order, **over: object) -> Transaction:
    """Return a transaction for the order's attempt."""
    fields = {
        "order_id": order.order_id,
        "attempt": order.attempt,
        "tx_hash": f"tx_{order.order_id[-12:]}_{order.attempt}_mock",
        "venue": "Meteora",
        "amount": order.amount,
        "limit_price": None,
        "expires_at": START + timedelta(seconds=30),
        "fee": QUOTES[1].fee,
        **over,
    }
    return Transaction(**fields)  # type: ignore[arg-type]


def a_fill(price: Decimal, amount: Decimal = Decimal(10)) -> Fill:
    """Return the fill of an order, at Meteora's fee."""
    return Fill.at_price(amount, price, QUOTES[1].fee)


def a_chain_fill(amount_out: str = "1470.123456", slot: int = 250_000_000) -> Fill:
    """Return the fill of an order for 10 SOL, as a chain has it."""
    landing = Landing("solana", slot, Decimal("0.0001"))
    return Fill(Decimal(10), Decimal(amount_out), Decimal(0), NetworkFee(Decimal("0.000105"), "SOL"), landing)


def resting(order: Order) -> Order:
    """Have a pending order wait for its price."""
    return order.rest(a_stamp(), "151.2 or better")[0]


def routed(order: Order) -> Order:
    """Take a pending order to its chosen route."""
    order, _ = order.request_quotes(a_stamp(), VENUES)
    return order.choose_route(a_stamp(), QUOTES, QUOTES[1], ROUTING)[0]


def submitted(order: Order) -> Order:
    """Take a pending order to submitted."""
    order, _ = routed(order).start_building(a_stamp())
    return order.submit(a_stamp(), a_transaction(order))[0]


def confirmed(order: Order) -> Order:
    """Take a pending order to confirmed."""
    return submitted(order).confirm(a_stamp(), a_fill(Decimal("147.3312")))[0]


def an_act(who: str = "ada@desk", what: str = "trading.halt", **over: object) -> AuditEntry:
    """Return the entry of an administrative act."""
    given: dict[str, Any] = {"origin": "desk", "request_id": "r1", **over}
    return AuditEntry(who=who, what=what, **given)
