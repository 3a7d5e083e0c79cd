"""A venue that lies about a swap: the order is never confirmed, but waits for a person, and the venue is stopped."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal

import pytest
from attrs import evolve

from adapters.memory.trading_halts import InMemoryTradingHalts
from application.execute_order import Done, ExecuteOrder, RetryIn
from application.observe import metrics
from application.ports.audit import AuditEntry
from application.ports.errors import StoreUnavailable
from application.venues import Venues
from domain.order import Order
from domain.status import OrderStatus
from domain.transaction import Fill
from entrypoints.system import RandomIds
from tests.builders import QUOTES, a_fill, a_request, an_id
from tests.execution import SUBMITTED, Bench, open_bench
from tests.hostile_venue import HostileVenue, client_of, hostile_venue, reply
from tests.scripted_venue import FILL, LANDED, PENDING, UNKNOWN

QUOTE = reply('{"price":"150","fee":"0.002"}')
BUILD = reply('{"txHash":"tx_1","expiresAt":"2031-01-02T03:04:05Z"}')
ACT = AuditEntry("anna", "here", None, "test")
CONTRADICTIONS = "order_engine_venue_contradictions_total"


def swap(**told: str) -> bytes:
    """Write an answer about a swap of 10 at 150, the quote, with a limit of 148.5 and a fee of 0.002; change it."""
    fields = {"txHash": "tx_1", "status": "landed", "price": "150", **told}
    return reply("{" + ",".join(f'"{name}":"{value}"' for name, value in fields.items()) + "}")


@asynccontextmanager
async def engine_at(hostile: HostileVenue) -> AsyncIterator[Bench]:
    """Give an engine whose only venue this is."""
    async with open_bench() as bench, client_of(hostile) as venue:
        venues = Venues((venue,), parts=bench.gate.parts)
        yield evolve_bench(bench, venues)


def evolve_bench(bench: Bench, venues: Venues) -> Bench:
    bench.execute = ExecuteOrder(
        bench.store, bench.execute.record_step, venues, bench.clock, RandomIds(), bench.execute.policy, bench.gate
    )
    return bench


async def an_order_in(bench: Bench, **over: object) -> Order:
    order = Order.new(an_id(), a_request(**{"slippageBps": 100, **over}), bench.clock.now())
    await bench.store.add(order)
    return order


def counted(name: str) -> float:
    return metrics.METERS.totals()[name][()][0]


async def waits_for_a_person(bench: Bench, order: Order, venue: str = "Meteora") -> bool:
    """Whether the order is submitted and held, nothing is executed of it, and its venue is stopped everywhere."""
    latest = await bench.latest(order)
    kept = [halt.name for halt in await bench.partial_halts.all()]
    assert (latest.status, latest.held, latest.runs) == (OrderStatus.SUBMITTED, True, False)
    assert latest.transaction
    assert [execution.order_id for execution in bench.store.executions if execution.order_id == order.order_id] == []
    assert kept == [venue]
    assert bench.gate.parts.venues == {venue}
    return True


LIES = {
    "a price below the limit": swap(price="148.4"),
    "by the last digit": swap(price="148.499999999999999999999999999999"),
    "amounts below the limit at a good price": swap(amountOut="1", venueFee="0"),
    "amounts below it by the last digit": swap(amountOut="1484.999999999999999999999999999999", venueFee="0"),
    "all of it kept as a fee": swap(amountOut="0.00000001", venueFee="1500"),
    "more kept than was quoted": swap(amountOut="1481.9", venueFee="18"),
    "much more kept of a better price": swap(price="200", amountOut="1500", venueFee="500"),
    "the amounts of twice as much": swap(amountOut="2994", venueFee="6"),
    "the amounts of a little more": swap(amountOut="1530", venueFee="3"),
    "the amounts of less at a better price": swap(price="300", amountOut="1497", venueFee="3"),
    "more given than was asked": swap(amountIn="10.00000001"),
    "much more given": swap(amountIn="1000000", amountOut="150000000", venueFee="0"),
    "less given than was asked": swap(amountIn="9.99"),
    "another amount": swap(amount="11"),
    "another order": swap(orderId="0"),
    "another token given": swap(inputToken="BONK"),
    "another token received": swap(inputToken="SOL", outputToken="BONK"),
    "another hash": swap(txHash="tx_2"),
    "a hash that differs in case": swap(txHash="TX_1"),
    "no price": swap(price="0"),
    "a negative price": swap(price="-150"),
    "not a number": swap(price="NaN"),
    "an infinite price": swap(price="Infinity"),
    "a price beyond all": swap(price="1e999999"),
    "a price that cannot be kept": swap(price="9999999999.999999999"),
    "nothing received": swap(amountOut="0", venueFee="1500"),
    "less than nothing received": swap(amountOut="-1500", venueFee="0"),
    "a fee that pays": swap(amountOut="1600", venueFee="-100"),
    "a number where a text belongs": reply('{"txHash":"tx_1","status":"landed","price":150}'),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
async def test_a_swap_that_cannot_be_waits_for_a_person_and_stops_its_venue(
    lie: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with hostile_venue(QUOTE, BUILD, lie) as hostile, engine_at(hostile) as bench:
        before = counted(CONTRADICTIONS)
        order, next_one = await an_order_in(bench), await an_order_in(bench)
        assert await bench.execute(order.order_id) == Done()
        assert await waits_for_a_person(bench, order)
        assert counted(CONTRADICTIONS) == before + 1
        assert {"venue_contradicts", "venue_stopped"} <= {record.message for record in caplog.records}
        asked = len(hostile.asked)
        assert isinstance(await bench.execute(next_one.order_id), RetryIn)
        assert await bench.execute(order.order_id) == Done()
        assert len(hostile.asked) == asked
        assert (await bench.latest(next_one)).status is OrderStatus.PENDING


@pytest.mark.parametrize("lie", [LIES["a price below the limit"], LIES["another order"], LIES["another hash"]])
async def test_the_same_holds_for_a_swap_that_is_looked_up(lie: bytes) -> None:
    async with hostile_venue(QUOTE, BUILD, reply("", "500 No"), lie) as hostile, engine_at(hostile) as bench:
        order = await an_order_in(bench)
        assert isinstance(await bench.execute(order.order_id), RetryIn)
        assert await bench.execute(order.order_id) == Done()
        assert await waits_for_a_person(bench, order)


@pytest.mark.parametrize("told", [{"amountOut": "15", "venueFee": "1485"}, {"amountOut": "15000", "venueFee": "0"}])
async def test_an_order_without_a_limit_is_not_robbed_by_the_fee_nor_by_other_amounts(told: dict[str, str]) -> None:
    async with hostile_venue(QUOTE, BUILD, swap(**told)) as hostile, engine_at(hostile) as bench:
        order = await an_order_in(bench, slippageBps=None)
        assert await bench.execute(order.order_id) == Done()
        assert await waits_for_a_person(bench, order)


async def test_an_order_that_is_released_while_its_venue_still_lies_is_held_again() -> None:
    truth = swap(price="148.5")
    lie = LIES["a price below the limit"]
    async with hostile_venue(QUOTE, BUILD, lie, lie, truth) as hostile, engine_at(hostile) as bench:
        order = await an_order_in(bench)
        for _ in range(2):
            await bench.execute(order.order_id)
            assert await waits_for_a_person(bench, order)
            await bench.halts.release(order.order_id, ACT)
        await bench.execute(order.order_id)  # the venue is stopped, and is asked all the same
        latest = await bench.latest(order)
        assert (latest.status, latest.execution_price) == (OrderStatus.CONFIRMED, Decimal("148.5"))


@pytest.mark.parametrize(
    "told",
    [
        {"price": "148.5"},
        {"price": "148.6", "amountOut": "1482.03", "venueFee": "2.97"},
        {"price": "149.7", "amountOut": "1497", "venueFee": "3"},
        {"price": "999999999", "amountIn": "10.0", "amount": "10", "inputToken": "SOL", "outputToken": "USDC"},
        {"price": "170", "amountOut": "1690", "venueFee": "10"},
    ],
    ids=["at the limit", "by amounts", "a price after the fee", "better than quoted", "a larger fee of a better price"],
)
async def test_what_is_as_it_was_sent_is_confirmed(told: dict[str, str]) -> None:
    async with hostile_venue(QUOTE, BUILD, swap(**told)) as hostile, engine_at(hostile) as bench:
        order = await an_order_in(bench)
        assert await bench.execute(order.order_id) == Done()
        assert (await bench.latest(order)).status is OrderStatus.CONFIRMED
        assert bench.gate.parts.venues == frozenset()


async def test_a_hash_that_was_built_for_another_order_is_not_sent() -> None:
    async with hostile_venue(QUOTE, BUILD, swap(), QUOTE, BUILD) as hostile, engine_at(hostile) as bench:
        first, second = await an_order_in(bench), await an_order_in(bench)
        await bench.execute(first.order_id)
        assert await bench.execute(second.order_id) == RetryIn(1.0)
        latest = await bench.latest(second)
        assert (latest.status, latest.attempt, latest.transaction) == (OrderStatus.ROUTING, 2, None)
        assert [head.split(" ")[0] for head in hostile.asked].count("PUT") == 1
        assert bench.gate.parts.venues == {"Meteora"}
        assert (await bench.latest(first)).status is OrderStatus.CONFIRMED


async def test_a_hash_that_confirmed_another_order_holds_the_second_one() -> None:
    async with hostile_venue(QUOTE, BUILD, swap(), QUOTE, BUILD, swap()) as hostile, engine_at(hostile) as bench:
        orders = [await an_order_in(bench, userId=user) for user in ("anna", "bert")]
        for order in orders:  # each in a process of its own, which knows nothing of what the other built
            evolve_bench(bench, bench.execute.venues)
            assert await bench.execute(order.order_id) == Done()
        assert (await bench.latest(orders[0])).status is OrderStatus.CONFIRMED
        assert await waits_for_a_person(bench, orders[1])
        assert [execution.user_id for execution in bench.store.executions] == ["anna"]


@pytest.mark.parametrize(
    "fill",
    [
        evolve(FILL, amount_in=Decimal("NaN")),
        evolve(FILL, amount_out=Decimal("sNaN")),
        evolve(FILL, venue_fee=Decimal("Infinity")),
        evolve(FILL, amount_out=Decimal(0)),
        evolve(FILL, venue_fee=Decimal(-1)),
        a_fill(QUOTES[1].price, Decimal(11)),
        a_fill(Decimal("9999999999.999999995")),
    ],
    ids=str,
)
async def test_no_adapter_is_believed_such_a_fill(fill: Fill) -> None:
    async with open_bench() as bench:
        order = await bench.order()
        bench.script.sending = [evolve(LANDED, fill=fill)]
        assert await bench.execute(order.order_id) == Done()
        assert await waits_for_a_person(bench, order)


async def test_while_a_venue_is_stopped_the_others_swap() -> None:
    async with open_bench() as bench:
        first, second = await bench.order(), await bench.order()
        bench.script.sending = [evolve(LANDED, fill=a_fill(QUOTES[1].price, Decimal(11)))]
        await bench.execute(first.order_id)
        await bench.execute(second.order_id)
        latest = await bench.latest(second)
        assert (latest.status, latest.chosen_venue) == (OrderStatus.CONFIRMED, "Raydium")


class Away(InMemoryTradingHalts):
    """Halts in a store that is away for the first calls."""

    failures = 2

    async def hold(self, order_ids: object, act: AuditEntry) -> int:
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable
        return await super().hold(order_ids, act)  # type: ignore[arg-type]


async def test_an_order_is_held_however_long_the_store_is_away() -> None:
    async with open_bench() as bench:
        order = await bench.order()
        bench.gate.halts = Away(bench.clock, bench.store)
        evolve_bench(bench, bench.execute.venues)
        bench.script.sending = [evolve(LANDED, fill=a_fill(QUOTES[1].price, Decimal(11)))]
        executing = asyncio.create_task(bench.execute(order.order_id))
        while not executing.done():
            await bench.clock.advance(0.1)
        assert executing.result() == Done()
        assert await waits_for_a_person(bench, order)


@pytest.mark.parametrize("report", [PENDING, UNKNOWN])
@pytest.mark.parametrize(("late", "counts"), [(59, 0), (61, 1)])
async def test_what_is_pending_a_minute_past_its_expiry_is_counted(report: object, late: int, counts: int) -> None:
    async with open_bench() as bench:
        order = await bench.at(*SUBMITTED)
        sent = (await bench.latest(order)).transaction
        assert sent
        await bench.clock.step((sent.expires_at - bench.clock.now()).total_seconds() + late)
        bench.script.reports, bench.script.sending = [report], [report]  # type: ignore[list-item]
        before = counted("order_engine_swaps_overdue_total")
        assert isinstance(await bench.execute(order.order_id), RetryIn)
        assert counted("order_engine_swaps_overdue_total") == before + counts
        assert (await bench.latest(order)).status is OrderStatus.SUBMITTED


async def test_a_venue_that_names_no_near_end_is_overdue_after_an_hour() -> None:
    async with open_bench() as bench:
        bench.script.expiry = timedelta(days=9999)
        order = await bench.at(*SUBMITTED)
        before = counted("order_engine_swaps_overdue_total")
        for seconds, counts in ((3659, 0), (2, 1)):
            await bench.clock.step(seconds)
            bench.script.reports = [PENDING]
            assert isinstance(await bench.execute(order.order_id), RetryIn)
            assert counted("order_engine_swaps_overdue_total") == before + counts


async def test_the_transactions_that_are_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("application.distrust.REMEMBERED", 3)
    async with open_bench() as bench:
        distrust = bench.execute.distrust
        sent = [await bench.script.venues().build(await bench.order(), QUOTES[1]) for _ in range(5)]
        assert not any(distrust.is_anothers(transaction) for transaction in sent)
        another = an_id()
        assert [distrust.is_anothers(evolve(one, order_id=another)) for one in sent[2:]] == [True] * 3
