"""The mock venues: pure, within their bounds, and as often wrong as they are told to be."""

import re
from decimal import Decimal

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from domain.mock_dex import METEORA, RAYDIUM, MockDexRouter
from domain.status import FailureReason
from domain.transaction import Fill
from tests.builders import a_transaction, an_id, an_order

attempts = st.integers(1, 20)


@given(st.uuids(version=4), attempts)
def test_quotes_stay_within_their_venues_bounds(order_id: object, attempt: int) -> None:
    router = MockDexRouter()
    raydium = router.quote(RAYDIUM, str(order_id), attempt)
    meteora = router.quote(METEORA, str(order_id), attempt)
    assert Decimal("147") <= raydium.price <= Decimal("153")
    assert Decimal("145.5") <= meteora.price <= Decimal("153")
    assert (raydium.venue, raydium.fee, meteora.venue, meteora.fee) == (
        "Raydium",
        Decimal("0.003"),
        "Meteora",
        Decimal("0.002"),
    )


@given(st.uuids(version=4), attempts)
def test_hashes_and_fills_have_their_form(order_id: object, attempt: int) -> None:
    router = MockDexRouter(failure_rate=0)
    assert re.fullmatch(r"tx_[a-z0-9]{20}_mock", router.tx_hash(str(order_id), attempt))
    assert 2000 <= router.swap_ms(str(order_id), attempt) <= 3000
    fill = router.swap(evolve(a_transaction(an_order()), order_id=str(order_id), attempt=attempt))
    assert isinstance(fill, Fill)
    assert Decimal("145.5") <= fill.price <= Decimal("153")
    assert fill.price == fill.price.quantize(Decimal("0.0001"))


def test_everything_follows_from_seed_order_and_attempt() -> None:
    order_id = an_id()
    one, same, other = MockDexRouter(seed=1), MockDexRouter(seed=1), MockDexRouter(seed=2)
    assert one.quote(RAYDIUM, order_id, 1) == same.quote(RAYDIUM, order_id, 1)
    assert one.quote(RAYDIUM, order_id, 1) != one.quote(RAYDIUM, order_id, 2)
    assert one.quote(RAYDIUM, order_id, 1) != other.quote(RAYDIUM, order_id, 1)
    assert one.tx_hash(order_id, 1) == other.tx_hash(order_id, 1) != one.tx_hash(order_id, 2)


def test_hashes_do_not_collide() -> None:
    router = MockDexRouter()
    assert len({router.tx_hash(an_id(), attempt) for _ in range(2000) for attempt in (1, 2, 3)}) == 6000


def test_swaps_fail_as_often_as_the_rate_says() -> None:
    transaction = a_transaction(an_order())
    router = MockDexRouter(failure_rate=0.05)
    outcomes = [router.swap(evolve(transaction, order_id=an_id())) for _ in range(4000)]
    failed = sum(outcome is FailureReason.SLIPPAGE_EXCEEDED for outcome in outcomes)
    assert 140 <= failed <= 260  # 200 expected; more than four standard deviations either way


def test_a_fill_below_the_limit_price_is_refused() -> None:
    router = MockDexRouter(failure_rate=0)
    transaction = a_transaction(an_order())
    fill = router.swap(transaction)
    assert isinstance(fill, Fill)
    assert router.swap(evolve(transaction, limit_price=fill.price)) == fill
    above = fill.price + Decimal("0.0001")
    assert router.swap(evolve(transaction, limit_price=above)) is FailureReason.SLIPPAGE_EXCEEDED
