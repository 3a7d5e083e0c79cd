"""What a worker whose store fails may take, and what it gives back."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from attrs import define

from application.fitness import Fitness
from tests.clock import ManualClock
from tests.scripted_venue import Script
from tests.working import StoreToRead

SLOTS = 500


@define
class Bench:
    clock: ManualClock
    store: StoreToRead
    fitness: Fitness

    def fail(self) -> None:
        self.fitness.store_failed(self.fitness.recorded)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    clock = ManualClock()
    store = StoreToRead(clock)
    fitness = Fitness(store, Script(clock).venues(), clock, SLOTS)
    watching = asyncio.create_task(fitness.watch())
    yield Bench(clock, store, fitness)
    watching.cancel()


async def test_while_all_is_well_every_free_slot_is_filled(bench: Bench) -> None:
    bench.fitness.taken(400)
    bench.fitness.store_recorded()
    assert bench.fitness.room(SLOTS) == SLOTS
    assert not bench.fitness.to_hand_back(0, 0)


async def test_a_failure_ends_the_taking_at_once_and_as_long_as_nothing_can_be_read(bench: Bench) -> None:
    bench.store.away = True
    bench.fail()
    for _ in range(60):
        assert bench.fitness.room(SLOTS) == 0
        await bench.clock.advance(1)


async def test_a_store_that_is_read_but_not_written_is_given_few_orders(bench: Bench) -> None:
    taken = 0
    for _ in range(60):
        bench.fail()
        await bench.clock.advance(1)
        assert bench.fitness.room(SLOTS) == 1
        bench.fitness.taken(1)
        assert bench.fitness.room(SLOTS) == 0
        taken += 1
    assert taken == 60


async def test_what_is_recorded_lets_more_in_until_all_slots_are_open(bench: Bench) -> None:
    bench.fail()
    await bench.clock.advance(0)
    assert bench.fitness.room(SLOTS) == 1
    bench.fitness.taken(1)
    for room in range(1, SLOTS):
        bench.fitness.changed.clear()
        bench.fitness.store_recorded()
        assert bench.fitness.room(SLOTS) == room
        assert bench.fitness.changed.is_set()
    bench.fitness.store_recorded()
    bench.fitness.taken(SLOTS)
    assert bench.fitness.room(SLOTS) == SLOTS


async def test_one_orders_own_trouble_is_none_of_the_others(bench: Bench) -> None:
    recorded = bench.fitness.recorded
    bench.fitness.store_recorded()
    bench.fitness.store_failed(recorded)
    assert bench.fitness.room(SLOTS) == SLOTS


async def test_orders_in_hand_are_given_back_after_a_lease_and_one_on_trial_when_it_fails(bench: Bench) -> None:
    bench.fail()
    failed_at = bench.clock.monotonic()
    await bench.clock.advance(9.9)
    assert not bench.fitness.to_hand_back(failed_at, 10)
    on_trial = bench.clock.monotonic()
    assert not bench.fitness.to_hand_back(on_trial, 10)
    await bench.clock.advance(0.1)
    assert bench.fitness.to_hand_back(failed_at, 10)
    assert not bench.fitness.to_hand_back(on_trial, 10)
    bench.fail()
    assert bench.fitness.to_hand_back(on_trial, 10)
    bench.fitness.store_recorded()
    assert not bench.fitness.to_hand_back(failed_at, 10)
