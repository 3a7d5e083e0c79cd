"""Stopping an order before its transaction is submitted."""

import asyncio

import pytest

from adapters.memory.order_store import InMemoryOrderStore
from adapters.memory.update_feed import InMemoryUpdateFeed
from application.caller import ANYONE
from application.cancel_order import CancelOrder
from application.errors import OrderNotCancellable, OrderNotFound, TradingHalted
from application.execute_order import Done, ExecuteOrder
from application.frames import Frame
from application.ports.order_store import Record
from application.record_step import RecordStep
from domain.order import Order
from domain.routing import lowest_price
from domain.status import FailureReason, OrderStatus
from entrypoints.system import RandomIds
from tests.builders import VENUES, a_stamp, a_transaction, an_act, an_id, an_order
from tests.clock import ManualClock
from tests.execution import a_gate
from tests.scripted_venue import Script


class Bench:
    """A store with one pending order, the use case that cancels, and the one that executes."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = InMemoryOrderStore(self.clock)
        self.feed = InMemoryUpdateFeed()
        self.script = Script(self.clock)
        record_step = RecordStep(self.store, self.feed)
        self.gate = a_gate(self.clock)
        self.cancel = CancelOrder(self.store, record_step, self.clock, RandomIds(), self.gate)
        self.execute = ExecuteOrder(
            self.store, record_step, self.script.venues(), self.clock, RandomIds(), lowest_price, self.gate
        )
        self.order = an_order()

    async def latest(self) -> Order:
        latest = await self.store.get(self.order.order_id)
        assert latest is not None
        return latest

    async def step(self, order: Order, name: str) -> Order:
        moves = {
            "rest": lambda: order.rest(a_stamp(), "151.2 or better"),
            "request_quotes": lambda: order.request_quotes(a_stamp(), VENUES),
            "start_building": lambda: order.start_building(a_stamp()),
            "submit": lambda: order.submit(a_stamp(), a_transaction(order)),
        }
        step = moves[name]()
        await self.store.append(Record.of(order, step))
        return step[0]


@pytest.fixture
async def bench() -> Bench:
    bench = Bench()
    await bench.store.add(bench.order)
    return bench


@pytest.mark.parametrize("steps", [(), ("rest",), ("request_quotes",), ("request_quotes", "start_building")])
async def test_an_order_that_was_not_submitted_is_stopped_and_that_is_told(
    bench: Bench, steps: tuple[str, ...]
) -> None:
    told: list[Frame] = []
    order = bench.order
    for step in steps:
        order = await bench.step(order, step)
    async with bench.feed.subscribe(order.order_id, told.append):
        cancelled = await bench.cancel(ANYONE, order.order_id)
    assert (cancelled.status, cancelled.reason) == (OrderStatus.FAILED, FailureReason.CANCELLED)
    assert cancelled.logs[-1] == "Order cancelled"
    assert [frame.text for frame in told] == [
        frame.text for frame in await bench.store.events(order.order_id, order.version)
    ]
    assert await bench.execute(order.order_id) == Done()
    assert bench.script.sent == []


async def test_a_submitted_or_final_order_cannot_be_stopped(bench: Bench) -> None:
    order = bench.order
    for step in ("request_quotes", "start_building", "submit"):
        order = await bench.step(order, step)
    with pytest.raises(OrderNotCancellable):
        await bench.cancel(ANYONE, order.order_id)
    assert (await bench.latest()).version == order.version


async def test_a_second_cancel_is_refused(bench: Bench) -> None:
    await bench.cancel(ANYONE, bench.order.order_id)
    with pytest.raises(OrderNotCancellable):
        await bench.cancel(ANYONE, bench.order.order_id)


async def test_an_unknown_order_is_not_found(bench: Bench) -> None:
    with pytest.raises(OrderNotFound):
        await bench.cancel(ANYONE, an_id())


async def test_a_cancel_and_the_worker_have_one_winner() -> None:
    """The cancel comes a little later each time, so that each of them wins sometimes."""
    winners = [await race(pauses) for pauses in range(40)]
    assert set(winners) == {"cancel", "worker"}


async def race(pauses: int) -> str:
    bench = Bench()
    await bench.store.add(bench.order)
    append = bench.store.append

    async def slowly(record: Record) -> None:
        await asyncio.sleep(0)  # both have read the order before either writes
        await append(record)

    async def cancel() -> bool:
        for _ in range(pauses):
            await asyncio.sleep(0)
        try:
            await bench.cancel(ANYONE, bench.order.order_id)
        except OrderNotCancellable:
            return False
        return True

    bench.store.append = slowly  # type: ignore[method-assign]
    stopped, outcome = await asyncio.gather(cancel(), bench.execute(bench.order.order_id))
    order = await bench.latest()
    assert order.status is (OrderStatus.FAILED if stopped else OrderStatus.CONFIRMED)
    assert len(bench.script.sent) == (0 if stopped else 1)
    assert outcome == Done()
    assert len(await bench.store.events(order.order_id, 0)) == order.version == len(order.logs)
    return "cancel" if stopped else "worker"


async def test_while_nobody_knows_whether_it_was_swapped_it_is_not_cancelled(bench: Bench) -> None:
    await bench.gate.halts.start("by hand", an_act("anna"))
    await bench.gate.look()
    assert not bench.gate.lost_writes
    await bench.gate.halts.start("a write is gone", an_act("worker"), lost_writes=True)
    await bench.gate.look()
    with pytest.raises(TradingHalted):
        await bench.cancel(ANYONE, bench.order.order_id)
    assert (await bench.latest()).status is OrderStatus.PENDING
    await bench.gate.halts.end(an_act("anna"))
    await bench.gate.look()
    assert (await bench.cancel(ANYONE, bench.order.order_id)).reason is FailureReason.CANCELLED
