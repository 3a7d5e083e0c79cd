"""Orders through venues that spoil a third of all calls, run by workers that die: none is swapped twice."""

import asyncio
import random
from contextlib import suppress
from pathlib import Path

import pytest
from attrs import evolve

from adapters.memory.order_store import InMemoryOrderStore
from adapters.memory.update_feed import InMemoryUpdateFeed
from application.execute_order import Done, ExecuteOrder
from application.record_step import RecordStep
from application.retry_policy import RetryPolicy
from application.venues import Venues
from domain.order import Order
from domain.routing import lowest_price
from domain.status import OrderStatus
from domain.transaction import TransactionStatus
from entrypoints.system import RandomIds, SystemClock
from simulators.venue.faults import Fault, Faults
from tests.builders import an_order
from tests.execution import a_gate
from tests.venues import VenueInLoop, venue_at, venue_in_loop

ORDERS = 60
APART_SECONDS = 0.05  # a moment in which the machine has no time for us is not the first attempt of all of them


async def run_by_dying_workers(execute: ExecuteOrder, order_id: str, chance: random.Random) -> None:
    """Execute to the end, cut off now and then at whatever it is doing, and without the waits between."""
    while True:
        with suppress(TimeoutError):
            async with asyncio.timeout(chance.choice([0.01, 0.05, 0.2, 20.0])):
                if await execute(order_id) == Done():
                    return
        await asyncio.sleep(0.01)


def check(order: Order, venue: VenueInLoop) -> None:
    """Compare the order's end with the venues' ledger."""
    landed = [e for e in venue.entries(order) if e.status is TransactionStatus.LANDED]
    if order.status is OrderStatus.CONFIRMED:
        assert [(e.transaction.tx_hash, e.fill and e.fill.price) for e in landed] == [
            (order.tx_hash, order.execution_price)
        ]
        assert order.transaction
        assert order.transaction == evolve(landed[0].transaction, fee=order.transaction.fee)
    else:
        assert order.status is OrderStatus.FAILED
        assert landed == []


@pytest.mark.parametrize("seed", [1, 2])
async def test_every_order_ends_and_at_most_one_swap_of_it_lands(seed: int, tmp_path: Path) -> None:
    clock, store, chance = SystemClock(), InMemoryOrderStore(SystemClock()), random.Random(seed)  # noqa: S311
    orders = [an_order(slippageBps=150) if number % 2 else an_order() for number in range(ORDERS)]
    for order in orders:
        await store.add(order)
    async with (
        venue_in_loop(tmp_path, Faults(seed, 0.35, tuple(Fault)), slow_seconds=1.0) as venue,
        venue_at(venue.url, "Raydium", timeout_seconds=0.8, swap_timeout_seconds=1.2) as raydium,
        venue_at(venue.url, "Meteora", timeout_seconds=0.8, swap_timeout_seconds=1.2) as meteora,
    ):
        venues = Venues((raydium, meteora))
        record_step = RecordStep(store, InMemoryUpdateFeed())
        retries = RetryPolicy(attempts=3, base_ms=0)
        execute = ExecuteOrder(store, record_step, venues, clock, RandomIds(), lowest_price, a_gate(clock), retries)
        async with asyncio.TaskGroup() as group:
            for order in orders:
                await clock.sleep(APART_SECONDS)
                group.create_task(run_by_dying_workers(execute, order.order_id, random.Random(chance.random())))  # noqa: S311
        ended = [order for order in [await store.get(order.order_id) for order in orders] if order]
        assert len(ended) == ORDERS
        for order in ended:
            check(order, venue)
        assert {order.attempt for order in ended} == {1, 2, 3}, "the venues were too kind to prove anything"
        assert OrderStatus.CONFIRMED in {order.status for order in ended}, "the venues were too cruel to prove anything"
