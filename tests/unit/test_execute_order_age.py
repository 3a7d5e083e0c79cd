"""An order that gets too old before it is submitted expires."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from attrs import evolve

from application.execute_order import Done, ExecuteOrder
from application.venues import Venues
from domain.order import Order
from domain.routing import Quote
from domain.status import FailureReason, OrderStatus
from domain.transaction import Transaction
from tests.builders import QUOTES
from tests.execution import CLEAN, SUBMITTED, Bench, open_bench
from tests.scripted_venue import LANDED, ScriptedVenue


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with open_bench() as bench:
        yield bench


def with_max_age(bench: Bench, seconds: float) -> ExecuteOrder:
    return evolve(bench.execute, max_age_seconds=seconds)


@pytest.mark.parametrize(
    "steps",
    [(), SUBMITTED[:1], SUBMITTED[:2], SUBMITTED[:3], (*SUBMITTED, "fail_attempt")],
    ids=["pending", "quoting", "routed", "building", "failed attempt"],
)
async def test_an_order_that_got_too_old_before_it_was_submitted_expires(bench: Bench, steps: tuple[str, ...]) -> None:
    order = await bench.at(*steps)
    await bench.clock.advance(60.5)
    assert await with_max_age(bench, 60)(order.order_id) == Done()
    latest = await bench.latest(order)
    assert latest.logs == (*order.logs, "Order expired")
    assert (latest.status, latest.reason) == (OrderStatus.FAILED, FailureReason.EXPIRED)
    assert bench.script.sent == []
    [*_, frame] = await bench.store.events(order.order_id, 0)
    assert json.loads(frame.text)["reasonCode"] == "expired"


async def test_an_order_that_gets_too_old_while_it_is_built_is_not_submitted(bench: Bench) -> None:
    class SlowToBuild(ScriptedVenue):
        async def build(self, order: Order, quote: Quote) -> Transaction:
            await bench.clock.sleep(61)
            return await super().build(order, quote)

    order, venues = await bench.order(), Venues((SlowToBuild("Meteora", QUOTES[1], bench.script),))
    run = asyncio.create_task(evolve(with_max_age(bench, 60), venues=venues)(order.order_id))
    await bench.clock.advance(62)
    assert await run == Done()
    assert (await bench.latest(order)).logs == ("Fetching quotes from Meteora...", *CLEAN[1:3], "Order expired")
    assert bench.script.sent == []


async def test_a_submitted_order_is_never_too_old(bench: Bench) -> None:
    order = await bench.at(*SUBMITTED)
    bench.script.reports = [LANDED]
    await bench.clock.advance(3600)
    assert await with_max_age(bench, 60)(order.order_id) == Done()
    assert (await bench.latest(order)).status is OrderStatus.CONFIRMED


async def test_an_order_just_young_enough_runs_and_without_a_limit_any_does(bench: Bench) -> None:
    young, old = await bench.order(), await bench.order()
    await bench.clock.advance(60)
    assert await with_max_age(bench, 60)(young.order_id) == Done()
    await bench.clock.advance(1_000_000)
    assert await bench.execute(old.order_id) == Done()
    for order in (young, old):
        assert (await bench.latest(order)).status is OrderStatus.CONFIRMED
