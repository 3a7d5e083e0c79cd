"""A user that is halted gets no order taken or begun, a venue is neither asked nor sent to; what was sent ends."""

import logging

import pytest

from adapters.memory.partial_halts import InMemoryPartialHalts
from application.caller import ANYONE, Caller
from application.errors import Forbidden, UnknownVenue
from application.execute_order import HALTED_PART_SECONDS, HALTED_SECONDS, LOOKUP_SECONDS, Done, RetryIn
from application.halt_parts import HaltParts
from application.halted_parts import HaltedParts
from application.ports.audit import AuditEntry
from application.ports.errors import StoreUnavailable
from application.ports.partial_halts import HaltOf, PartialHalt
from domain.order import Order
from domain.status import OrderStatus
from tests.api import ORDER, Engine, running_api
from tests.builders import an_act
from tests.clock import ManualClock
from tests.execution import SUBMITTED, Bench, open_bench
from tests.scripted_venue import LANDED, UNKNOWN, Script

WAITS = RetryIn(HALTED_PART_SECONDS[0])


async def halt(bench: Bench, of: HaltOf, *names: str) -> None:
    """Halt them, and have the bench see it."""
    for name in names:
        await bench.partial_halts.begin(of, name, "a drill", an_act())
    await bench.gate.look()


async def go_on(bench: Bench, of: HaltOf, *names: str) -> None:
    for name in names:
        await bench.partial_halts.end(of, name, an_act())
    await bench.gate.look()


async def test_a_halted_users_order_waits_uses_no_attempt_and_runs_when_it_goes_on() -> None:
    async with open_bench() as bench:
        order = await bench.order()
        await halt(bench, HaltOf.USER, order.user_id)
        assert await bench.execute(order.order_id) == WAITS
        assert ((await bench.latest(order)).version, bench.script.calls) == (0, 0)
        await go_on(bench, HaltOf.USER, order.user_id)
        assert await bench.execute(order.order_id) == Done()
        assert (await bench.latest(order)).attempt == 1


async def test_what_waits_for_long_is_looked_at_seldom() -> None:
    async with open_bench() as bench:
        order = await bench.order()
        await halt(bench, HaltOf.USER, order.user_id)
        delays = []
        for _ in range(3):
            await bench.clock.advance(10)
            outcome = await bench.execute(order.order_id)
            assert isinstance(outcome, RetryIn)
            delays.append(outcome.seconds)
        assert delays == [5, 10, HALTED_PART_SECONDS[1]]


async def test_anothers_halt_and_a_venue_of_that_name_are_nothing_to_an_order() -> None:
    async with open_bench() as bench:
        order = await bench.order()
        await halt(bench, HaltOf.USER, "somebody else", "Raydium")
        await halt(bench, HaltOf.VENUE, order.user_id)
        assert await bench.execute(order.order_id) == Done()


async def test_a_halted_users_submitted_order_ends_as_its_venue_says() -> None:
    async with open_bench() as bench:
        order = await bench.at(*SUBMITTED)
        await halt(bench, HaltOf.USER, order.user_id)
        bench.script.reports = [LANDED]
        assert await bench.execute(order.order_id) == Done()
        assert (await bench.latest(order)).status is OrderStatus.CONFIRMED


@pytest.mark.parametrize("of", list(HaltOf))
async def test_nothing_is_submitted_for_who_is_halted_while_it_is_built(of: HaltOf) -> None:
    async with open_bench() as bench:
        order = await bench.order()
        append = bench.store.append

        async def appended(record: object) -> None:
            await append(record)  # type: ignore[arg-type]
            if (await bench.latest(order)).status is OrderStatus.BUILDING:
                await halt(bench, of, order.user_id if of is HaltOf.USER else "Meteora")

        bench.store.append = appended  # type: ignore[method-assign]
        assert await bench.execute(order.order_id) == RetryIn(HALTED_SECONDS)
        assert (bench.script.sent, (await bench.latest(order)).attempt) == ([], 1)


async def test_a_stopped_venue_is_not_asked_and_the_others_trade() -> None:
    async with open_bench() as bench:
        order = await bench.order()
        await halt(bench, HaltOf.VENUE, "Meteora")
        assert await bench.execute(order.order_id) == Done()
        latest = await bench.latest(order)
        assert (latest.chosen_venue, latest.logs[0]) == ("Raydium", "Fetching quotes from Raydium...")


async def test_with_all_venues_stopped_orders_wait_for_as_long_as_it_takes() -> None:
    async with open_bench() as bench:
        order = await bench.order()
        await halt(bench, HaltOf.VENUE, "Raydium", "Meteora")
        await bench.clock.advance(3600)
        assert await bench.execute(order.order_id) == RetryIn(HALTED_PART_SECONDS[1])
        assert ((await bench.latest(order)).version, bench.script.calls) == (0, 0)
        await go_on(bench, HaltOf.VENUE, "Meteora")
        assert await bench.execute(order.order_id) == Done()
        assert (await bench.latest(order)).attempt == 1


async def submitted_to_a_stopped_venue(bench: Bench) -> Order:
    order = await bench.at(*SUBMITTED)
    assert order.transaction is not None
    await halt(bench, HaltOf.VENUE, order.transaction.venue)
    return order


async def test_what_a_stopped_venue_was_sent_is_looked_up_and_finished() -> None:
    async with open_bench() as bench:
        order = await submitted_to_a_stopped_venue(bench)
        bench.script.reports = [LANDED]
        assert await bench.execute(order.order_id) == Done()
        assert (await bench.latest(order)).status is OrderStatus.CONFIRMED


async def test_a_stopped_venue_is_sent_nothing_again() -> None:
    async with open_bench() as bench:
        order = await submitted_to_a_stopped_venue(bench)
        bench.script.reports = [UNKNOWN]
        assert await bench.execute(order.order_id) == RetryIn(LOOKUP_SECONDS)
        assert (bench.script.sent, (await bench.latest(order)).status) == ([], OrderStatus.SUBMITTED)


async def test_what_a_process_stops_holds_there_at_once_and_everywhere_with_its_next_look() -> None:
    async with open_bench() as bench:
        order = await bench.order()
        bench.gate.parts.stop_venue("Meteora", "it confirmed anothers order")
        bench.gate.parts.stop_venue("Meteora", "again")
        assert await bench.execute(order.order_id) == Done()
        assert (await bench.latest(order)).chosen_venue == "Raydium"
        assert await bench.partial_halts.all() == ()
        other = HaltedParts(bench.partial_halts)
        await bench.gate.look()
        await other.look()
        [kept] = await bench.partial_halts.all()
        assert (kept.why, kept.by) == ("it confirmed anothers order", "this process")
        assert bench.gate.parts.venues == other.venues == {"Meteora"}
        await go_on(bench, HaltOf.VENUE, "Meteora")
        assert bench.gate.parts.venues == frozenset()


async def test_what_a_process_stops_holds_while_the_store_is_away_and_is_kept_when_it_is_back() -> None:
    class AwayHalts(InMemoryPartialHalts):
        away = True

        async def begin(self, of: HaltOf, name: str, why: str, act: AuditEntry) -> PartialHalt:
            if self.away:
                raise StoreUnavailable
            return await super().begin(of, name, why, act)

    halts = AwayHalts(ManualClock())
    parts = HaltedParts(halts)
    parts.stop_venue("Raydium", "it lies")
    with pytest.raises(StoreUnavailable):
        await parts.look()
    assert parts.venues == {"Raydium"}
    halts.away = False
    await parts.look()
    assert [halt.name for halt in await halts.all()] == ["Raydium"]


async def test_a_venue_that_is_stopped_while_the_others_are_read_stays_stopped() -> None:
    class Meanwhile(InMemoryPartialHalts):
        async def all(self) -> tuple[PartialHalt, ...]:
            parts.stop_venue("Raydium", "it lies")
            return ()

    parts = HaltedParts(Meanwhile(ManualClock()))
    await parts.look()
    assert parts.venues == {"Raydium"}


async def test_an_operator_halts_who_exists_and_only_an_operator(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    clock = ManualClock()
    operate = HaltParts(InMemoryPartialHalts(clock), Script(clock).venues())
    with pytest.raises(UnknownVenue, match="Raydium"):
        await operate.halt(ANYONE, HaltOf.VENUE, "raydium", "a drill")
    for ask in (operate.state, lambda caller: operate.halt(caller, HaltOf.USER, "anna", "why")):
        with pytest.raises(Forbidden):
            await ask(Caller("anna", frozenset()))
    with pytest.raises(Forbidden):
        await operate.resume(Caller("anna", frozenset()), HaltOf.USER, "anna")
    begun = await operate.halt(ANYONE, HaltOf.USER, "anna", "a drill")
    assert list(await operate.state(ANYONE)) == [begun]
    assert await operate.resume(ANYONE, HaltOf.USER, "anna") == begun
    assert await operate.resume(ANYONE, HaltOf.USER, "anna") is None
    assert [record.message for record in caplog.records] == ["part_halted_by_operator", "part_resumed_by_operator"]


async def test_a_halted_users_orders_are_refused_and_others_are_taken() -> None:
    engine = Engine()
    async with running_api(engine) as api:
        waits = await api.submit(userId="anna")
        await engine.partial_halts.begin(HaltOf.USER, "anna", "a drill", an_act())
        await engine.gate.look()
        answer = await api.http.post("/api/orders/execute", json={**ORDER, "userId": " anna "})
        assert (answer.status_code, answer.json()["code"], answer.json()["accepted"]) == (503, "trading_halted", False)
        assert int(answer.headers["Retry-After"]) >= 1
        await api.submit(userId="bob")
        assert (await api.http.post(f"/api/orders/{waits}/cancel")).status_code == 202
        metrics = (await api.operations.get("/metrics")).text
        assert 'order_engine_parts_halted{of="user"} 1.0' in metrics
        assert 'order_engine_parts_halted{of="venue"} 0.0' in metrics
