"""What a chain shows is believed at any price, and for less than was asked; never for more, nor below the limit."""

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from domain.execution import Execution, contradiction
from domain.transaction import Finality, TransactionReport, TransactionStatus
from tests.builders import a_chain_fill, a_fill, a_stamp, a_transaction, an_order, routed


def why_not(limit: str, **over: Any) -> str | None:
    """Say why an order for 10 at this limit cannot have this fill from a chain, which is else at 147.0123456."""
    order, _ = routed(an_order()).start_building(a_stamp())
    order, _ = order.submit(a_stamp(), a_transaction(order, limit_price=Decimal(limit), fee=Decimal(0)))
    fill = evolve(a_chain_fill(), **over)
    return contradiction(order, TransactionReport(TransactionStatus.LANDED, fill=fill))


@pytest.mark.parametrize(
    ("limit", "fill"),
    [
        ("147.0123456", {}),
        ("147", {"amount_in": Decimal("9.9")}),
        ("0.000000000001", {"amount_out": Decimal("0.00000000002")}),
        ("1e20", {"amount_out": Decimal("1e21")}),
    ],
)
def test_what_a_chain_shows_is_believed(limit: str, fill: dict[str, Decimal]) -> None:
    assert why_not(limit, **fill) is None


@pytest.mark.parametrize(
    ("limit", "fill"),
    [
        ("147.01234561", {}),
        ("147", {"amount_in": Decimal("10.000000001")}),
        ("147", {"amount_in": Decimal(0)}),
        ("147", {"amount_in": Decimal(-1)}),
        ("147", {"amount_out": Decimal(0)}),
        ("147", {"amount_in": Decimal(1), "amount_out": Decimal("146.999999")}),
    ],
)
def test_more_than_was_asked_for_less_than_its_limit_waits_for_a_person(limit: str, fill: dict[str, Decimal]) -> None:
    assert why_not(limit, **fill) is not None


@pytest.mark.parametrize(
    ("amount_out", "price"),
    [("1e-20", "0.00000001"), ("0.00000014", "0.00000001"), ("1470", "147"), ("1e30", "9999999999.99999999")],
)
def test_an_order_keeps_the_nearest_price_that_it_can(amount_out: str, price: str) -> None:
    order, _ = routed(an_order()).start_building(a_stamp())
    order, _ = order.submit(a_stamp(), a_transaction(order))
    confirmed, event = order.confirm(a_stamp(), a_chain_fill(amount_out))
    execution = Execution.of(confirmed, event)
    assert confirmed.execution_price == event.execution_price == Decimal(price)
    assert execution is not None
    assert (execution.place, execution.finality) == ("solana", Finality.CONFIRMED)
    assert execution.fill.price == Decimal(amount_out) / 10


def test_a_venue_on_no_chain_is_its_own_place() -> None:
    order, _ = routed(an_order()).start_building(a_stamp())
    order, _ = order.submit(a_stamp(), a_transaction(order))
    execution = Execution.of(*order.confirm(a_stamp(), a_fill(Decimal(147))))
    assert execution is not None
    assert (execution.place, execution.chain, execution.finality) == ("Meteora", None, None)
