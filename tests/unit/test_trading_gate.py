"""While trading is halted nothing is taken, executed or sent, and all else goes on."""

import asyncio
import logging

import pytest

from adapters.memory.order_store import InMemoryOrderStore
from adapters.memory.trading_halts import InMemoryTradingHalts
from application.caller import ANYONE
from application.execute_order import HALTED_SECONDS, Done, RetryIn
from application.operate_trading import OperateTrading
from application.ports.errors import StoreUnavailable
from application.ports.trading_halts import Halt
from domain.status import OrderStatus
from domain.transaction import Transaction, TransactionReport
from entrypoints.api import Ports, serve_api
from entrypoints.container import Container
from entrypoints.settings import Settings
from entrypoints.web.server import bind, url_of
from tests.api import ORDER, Engine, running_api
from tests.builders import an_act
from tests.execution import SUBMITTED, Bench, open_bench
from tests.scripted_venue import LANDED, UNKNOWN
from tests.unit.http.wire import post, say

RETRY = RetryIn(HALTED_SECONDS)


async def test_a_halt_is_seen_by_looking_and_stops_what_is_begun() -> None:
    async with open_bench() as bench:
        order = await bench.order()
        await bench.halts.start("a drill", an_act("ada"))
        await bench.gate.look()
        assert bench.gate.why_shut == "a drill"
        assert await bench.execute(order.order_id) == RETRY
        assert (await bench.latest(order)).version == 0
        await bench.halts.end(an_act("ada"))
        await bench.gate.look()
        assert await bench.execute(order.order_id) == Done()


async def test_what_this_process_finds_stops_it_at_once_and_is_kept_by_the_next_look() -> None:
    async with open_bench() as bench:
        order = await bench.order()
        bench.halts.found = "the database went back"
        assert await bench.execute(order.order_id) == RETRY
        await bench.gate.look()
        bench.halts.found = None
        assert bench.gate.why_shut == "the database went back"


async def test_before_the_process_is_on_time_nothing_is_taken_or_judged_by_its_clock() -> None:
    async with open_bench() as bench:
        order = await bench.order()
        on_time = [False]
        bench.gate.on_time = lambda: on_time[0]
        await bench.gate.look()
        assert await bench.execute(order.order_id) == RETRY
        assert (await bench.latest(order)).version == 0
        with pytest.raises(StoreUnavailable):
            bench.gate.require_open("user123")
        on_time[0] = True
        bench.gate.require_open("user123")
        assert await bench.execute(order.order_id) == Done()


@pytest.mark.parametrize("found_at", ["quotes", "build", "record"])
async def test_nothing_is_sent_once_it_is_halted_however_far_the_order_is(found_at: str) -> None:
    async with open_bench() as bench:
        order = await bench.order()
        append = bench.store.append

        async def found(*_: object) -> None:
            bench.halts.found = "the database went back"

        async def appended(record: object) -> None:
            await append(record)  # type: ignore[arg-type]
            steps = {"quotes": 1, "build": 3, "record": 4}
            if (await bench.latest(order)).version == steps[found_at]:
                await found()

        bench.store.append = appended  # type: ignore[method-assign]
        assert await bench.execute(order.order_id) == RETRY
        assert bench.script.sent == []


async def test_a_submitted_order_is_not_sent_again_while_it_is_halted() -> None:
    async with open_bench() as bench:
        order = await bench.at(*SUBMITTED)

        async def halted_meanwhile(_: Transaction) -> TransactionReport:
            bench.halts.found = "the database went back"
            return UNKNOWN

        bench.script.reports = [halted_meanwhile]
        assert await bench.execute(order.order_id) == RETRY
        assert bench.script.sent == []


async def test_what_is_at_the_venue_already_ends_as_the_venue_says() -> None:
    async with open_bench() as bench:
        order = await bench.order()

        async def halted_meanwhile(_: Transaction) -> TransactionReport:
            bench.halts.found = "the database went back"
            return LANDED

        bench.script.sending = [halted_meanwhile]
        assert await bench.execute(order.order_id) == Done()
        assert (await bench.latest(order)).status is OrderStatus.CONFIRMED


async def test_just_after_a_change_of_servers_nothing_is_executed_and_orders_are_taken() -> None:
    async with open_bench() as bench:
        order = await bench.order()
        bench.halts.settling = True
        assert await bench.execute(order.order_id) == RETRY
        bench.gate.require_open("user123")
        bench.halts.settling = False
        assert await bench.execute(order.order_id) == Done()


async def looked(bench: Bench) -> bool:
    """Look once; say whether orders are executed."""
    await bench.gate.look()
    return bench.gate.executes


async def test_nothing_is_executed_before_it_is_known_that_there_is_no_halt(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_bench() as bench:

        async def away() -> Halt | None:
            raise StoreUnavailable

        with monkeypatch.context() as patch:
            patch.setattr(type(bench.halts), "current", lambda _: away())
            seen = [await looked(bench)]
        seen.append(await looked(bench))
        monkeypatch.setattr(type(bench.halts), "current", lambda _: away())
        seen.append(await looked(bench))  # what was known last holds
        assert seen == [False, True, True]


async def test_it_looks_again_and_again_and_says_when_it_changes(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    async with open_bench() as bench:
        operate = OperateTrading(bench.store, bench.halts)
        await operate.halt(ANYONE, "a drill")
        for _ in range(2):
            await bench.gate.look()
        await operate.resume(ANYONE)
        await bench.gate.look()
    told = [record.message for record in caplog.records]
    assert told == ["trading_halted_by_operator", "trading_halted", "trading_resumed_by_operator", "trading_resumed"]


async def test_orders_are_refused_and_all_else_is_served() -> None:
    engine = Engine()
    async with running_api(engine) as api:
        order_id = await api.submit()
        halt = await engine.halts.start("a drill", an_act("ada"))
        await engine.gate.look()
        answer = await api.http.post("/api/orders/execute", json=dict(ORDER))
        assert (answer.status_code, answer.json()["code"], answer.json()["accepted"]) == (503, "trading_halted", False)
        assert int(answer.headers["Retry-After"]) >= 1
        assert (await api.http.post("/api/orders/execute", json={"amount": 0})).status_code == 400
        assert (await api.http.get(f"/api/orders/{order_id}")).status_code == 200
        assert (await api.http.post(f"/api/orders/{order_id}/cancel")).status_code == 202
        told = (await api.http.get("/api/stats")).json()["halt"]
        assert (told["why"], told["by"], told["lostWrites"]) == ("a drill", "ada", False)
        assert told["since"].startswith(f"{halt.since:%Y-%m-%dT%H:%M}")
        assert "order_engine_trading_halted 1.0" in (await api.operations.get("/metrics")).text
        await engine.halts.end(an_act("ada"))
        await engine.gate.look()
        await api.submit()


async def test_an_api_takes_no_order_before_it_knows_of_a_halt() -> None:
    may_answer, stop = asyncio.Event(), asyncio.Event()

    class SlowHalts(InMemoryTradingHalts):
        async def current(self) -> Halt | None:
            await may_answer.wait()
            return await super().current()

    container = Container(settings=Settings(), mode="memory")
    halts = SlowHalts(container.clock(), InMemoryOrderStore(container.clock()))
    await halts.start("a fire", an_act("me@here"))
    container.halts.override(halts)
    ports = Ports(bind("127.0.0.1", 0), bind("127.0.0.1", 0))
    async with asyncio.TaskGroup() as group:
        group.create_task(serve_api(container, ports, stop))
        asking = group.create_task(say(url_of(ports.public), post()))
        for _ in range(1000):
            await asyncio.sleep(0)
        may_answer.set()
        [answer] = await asking
        stop.set()
    assert answer.status == 503
    assert answer.json["code"] == "trading_halted"
