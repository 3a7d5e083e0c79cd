"""Orders through venues that spoil a third of all calls, run by workers that die: none is swapped twice."""

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from itertools import cycle
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
from entrypoints.lifecycle import background
from entrypoints.system import RandomIds, SystemClock
from simulators.venue.faults import Fault, Faults
from tests.builders import an_order
from tests.execution import a_gate
from tests.venues import VenueInLoop, set_clock, venue_at, venue_in_loop

ORDERS = 60
APART_SECONDS = 0.05  # a moment in which the machine has no time for us is not the first attempt of all of them
STEPS_APART_SECONDS = 0.7


async def run_by_dying_workers(workers: Sequence[ExecuteOrder], order_id: str, chance: random.Random) -> None:
    """Execute to the end, cut off now and then at whatever it is doing, and without the waits between."""
    while True:
        with suppress(TimeoutError):
            async with asyncio.timeout(chance.choice([0.01, 0.05, 0.2, 20.0])):
                if await chance.choice(workers)(order_id) == Done():
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


async def run_all(
    orders: Sequence[Order], faults: Faults, folder: Path, *, skew: float = 0, slow: float = 1, valid: float = 30
) -> list[Order]:
    """Have orders executed by three workers, whose clocks are apart by `skew` (seconds); return them as they ended.

    The venues' own clock is set back and forth by as much all the time.
    """
    store, chance = InMemoryOrderStore(SystemClock()), random.Random(str(orders))  # noqa: S311
    async with venue_in_loop(folder, faults, slow_seconds=slow) as venue, AsyncExitStack() as stack:
        workers = []
        for ahead in (-skew, 0, skew):
            clock, monotonic = SystemClock(), time.monotonic()
            clock.correct(clock.wall() + timedelta(seconds=ahead), monotonic, monotonic)
            venues = [
                await stack.enter_async_context(
                    venue_at(
                        venue.url, name, clock=clock, valid_seconds=valid, timeout_seconds=0.8, swap_timeout_seconds=1.2
                    )
                )
                for name in ("Raydium", "Meteora")
            ]
            steps, retries = RecordStep(store, InMemoryUpdateFeed()), RetryPolicy(attempts=3, base_ms=0)
            asked, ids = Venues(tuple(venues)), RandomIds()
            workers.append(ExecuteOrder(store, steps, asked, clock, ids, lowest_price, a_gate(clock), retries))
        async with background(step_clock(venue.url, skew)), asyncio.TaskGroup() as group:
            for order in orders:
                await store.add(order)
                await asyncio.sleep(APART_SECONDS)
                group.create_task(run_by_dying_workers(workers, order.order_id, random.Random(chance.random())))  # noqa: S311
        ended = [order for order in [await store.get(order.order_id) for order in orders] if order]
        for order in ended:
            check(order, venue)
    return ended


async def step_clock(url: str, seconds: float) -> None:
    """Set the venues' clock back and forth."""
    for ahead in cycle((0, seconds, 0, -seconds)) if seconds else ():
        await set_clock(url, ahead)
        await asyncio.sleep(STEPS_APART_SECONDS)


@pytest.mark.parametrize("seed", [1, 2])
async def test_every_order_ends_and_at_most_one_swap_of_it_lands(seed: int, tmp_path: Path) -> None:
    orders = [an_order(slippageBps=150) if number % 2 else an_order() for number in range(ORDERS)]
    ended = await run_all(orders, Faults(seed, 0.35, tuple(Fault)), tmp_path)
    assert len(ended) == ORDERS
    assert {order.attempt for order in ended} == {1, 2, 3}, "the venues were too kind to prove anything"
    assert OrderStatus.CONFIRMED in {order.status for order in ended}, "the venues were too cruel to prove anything"


@pytest.mark.parametrize("skew", [15, 60, 3600])
async def test_whatever_the_clocks_say_at_most_one_swap_lands(skew: float, tmp_path: Path) -> None:
    orders = [an_order() for _ in range(ORDERS)]
    faults = Faults(7, 0.3, (Fault.SLOW, Fault.TIMEOUT_BEFORE, Fault.LOST_REPLY))
    # What is sent slowly comes to the venue when nobody waits for it any more, by its own clock in time or too late.
    ended = await run_all(orders, faults, tmp_path, skew=skew, slow=1.5, valid=2)
    assert len(ended) == ORDERS
    assert OrderStatus.CONFIRMED in {order.status for order in ended}, "the venues were too cruel to prove anything"
