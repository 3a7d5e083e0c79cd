"""The sweep over landed swaps: each is followed to its end, and one that is undone is told and left alone."""

import asyncio

import pytest
from attrs import define, evolve, field

from adapters.memory.executions import InMemoryExecutions
from adapters.memory.order_store import InMemoryOrderStore
from adapters.memory.partial_halts import InMemoryPartialHalts
from adapters.memory.trading_halts import InMemoryTradingHalts
from adapters.memory.unsettled_swaps import InMemoryUnsettledSwaps
from application import follow_finality
from application.follow_finality import OVERDUE, SWEEP_SECONDS, FollowFinality
from application.halted_parts import HaltedParts
from application.observe import metrics
from application.ports.errors import StoreUnavailable, VenueUnavailable
from application.ports.finality import Settlement, Unsettled, UnsettledPage
from application.ports.partial_halts import HaltOf
from application.trading_gate import TradingGate
from application.venues import Venues
from domain.status import OrderStatus
from domain.transaction import Finality, Transaction
from tests.builders import QUOTES, a_chain_fill, an_act
from tests.clock import ManualClock
from tests.contracts.unsettled_swaps import FINAL, PAYLOAD, UNDONE, UnsettledSwapsBench
from tests.scripted_venue import Script, ScriptedVenue

END = Settlement | Exception | None


@define
class ChainVenue:
    """A venue on a chain that ends each swap as `ends` has it, by its hash; `asked` is what it was asked about."""

    name: str = "Meteora"
    ends: dict[str, END] = field(factory=dict)
    asked: list[Transaction] = field(factory=list)

    async def settled(self, transaction: Transaction) -> Settlement | None:
        self.asked.append(transaction)
        end = self.ends.get(transaction.tx_hash)
        if isinstance(end, Exception):
            raise end
        return end


class Unreliable(InMemoryUnsettledSwaps):
    """A store's unsettled swaps, when it is not away."""

    away = False

    async def unsettled(self, after: str | None, limit: int, apart_seconds: float) -> UnsettledPage:
        if self.away:
            raise StoreUnavailable
        return await super().unsettled(after, limit, apart_seconds)


@define
class Bench:
    clock: ManualClock
    halts: InMemoryTradingHalts
    partial_halts: InMemoryPartialHalts
    gate: TradingGate
    kept: UnsettledSwapsBench
    venue: ChainVenue
    follow: FollowFinality

    async def landed(self, end: END = None) -> Unsettled:
        """Have a swap land that its chain ends so."""
        swap = await self.kept.landed()
        self.venue.ends[swap.transaction.tx_hash] = end
        return swap

    async def sweep(self) -> int:
        """Sweep when it is the turn again."""
        await self.clock.advance(SWEEP_SECONDS)
        return await self.follow()


@pytest.fixture
def bench() -> Bench:
    clock = ManualClock()
    store = InMemoryOrderStore(clock)
    halts, partial_halts = InMemoryTradingHalts(clock, store), InMemoryPartialHalts(clock)
    gate = TradingGate(halts, clock, parts=HaltedParts(partial_halts))
    swaps = Unreliable(clock, store)

    async def payloads() -> int:
        return len(store.unsettled)

    kept = UnsettledSwapsBench(swaps, swaps, store, InMemoryExecutions(store.executions), clock.advance, payloads)
    venue = ChainVenue()
    venues = Venues((venue,), monotonic=clock.monotonic, parts=gate.parts)  # type: ignore[arg-type]
    return Bench(clock, halts, partial_halts, gate, kept, venue, FollowFinality(swaps, venues, gate, clock))


def counted(name: str) -> float:
    return metrics.METERS.totals()[f"order_engine_{name}"][()][0]


async def test_a_swap_is_asked_about_with_its_bytes_until_it_is_final(bench: Bench) -> None:
    swap = await bench.landed()
    for _ in range(3):
        assert await bench.sweep() == 0
    assert [sent.payload for sent in bench.venue.asked] == [PAYLOAD] * 3
    assert await bench.kept.kept(swap) == (Finality.CONFIRMED, swap.fill)
    bench.venue.ends[swap.transaction.tx_hash] = FINAL
    assert await bench.sweep() == 1
    assert await bench.kept.kept(swap) == (Finality.FINALIZED, swap.fill)
    assert await bench.sweep() == 0
    assert len(bench.venue.asked) == 4


async def test_an_undone_swap_is_told_and_its_order_stays_as_it_is(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    swap, before = await bench.landed(UNDONE), counted("swaps_undone_total")
    order = await bench.kept.store.get(swap.transaction.order_id)
    assert await bench.sweep() == 1
    assert counted("swaps_undone_total") == before + 1
    assert [record.levelname for record in caplog.records if record.message == "swap_undone"] == ["ERROR"]
    assert (await bench.kept.kept(swap))[0] is Finality.UNDONE
    after = await bench.kept.store.get(swap.transaction.order_id)
    assert after == order
    assert after is not None
    assert (after.status, after.runs) == (OrderStatus.CONFIRMED, False)
    assert (await bench.kept.store.open_orders(None, 10, 0)).order_ids == ()


async def test_the_fill_of_a_swap_that_landed_again_is_the_last(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    again = a_chain_fill("1469.5", slot=250_000_012)
    swap = await bench.landed(Settlement(Finality.FINALIZED, again))
    await bench.sweep()
    assert await bench.kept.kept(swap) == (Finality.FINALIZED, again)
    assert [record.message for record in caplog.records].count("fill_changed") == 1


@pytest.mark.parametrize("trouble", [VenueUnavailable("429"), ValueError("a surprise")])
async def test_one_that_nothing_is_known_of_keeps_no_other_waiting(bench: Bench, trouble: Exception) -> None:
    silent, final = await bench.landed(trouble), await bench.landed(FINAL)
    assert await bench.sweep() == 1
    assert (await bench.kept.kept(silent))[0] is Finality.CONFIRMED
    assert (await bench.kept.kept(final))[0] is Finality.FINALIZED
    bench.venue.ends[silent.transaction.tx_hash] = FINAL
    assert await bench.sweep() == 1


async def test_one_that_stays_open_for_minutes_is_told(bench: Bench) -> None:
    await bench.landed()
    before = counted("swaps_unsettled_total")
    await bench.sweep()
    assert counted("swaps_unsettled_total") == before
    await bench.clock.advance(OVERDUE.total_seconds() + 5)
    await bench.sweep()
    assert counted("swaps_unsettled_total") == before + 1


async def test_all_pages_are_swept(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow_finality, "PAGE", 3)
    monkeypatch.setattr(follow_finality, "AT_ONCE", 2)
    swaps = [await bench.landed(FINAL) for _ in range(10)]
    assert await bench.sweep() == 10
    assert [sent.order_id for sent in bench.venue.asked] == [swap.transaction.order_id for swap in swaps]


async def test_nothing_is_sent_while_trading_or_the_venue_is_halted(bench: Bench) -> None:
    swap = await bench.landed(FINAL)
    await bench.halts.start("an operator's", an_act())
    await bench.gate.look()
    assert await bench.sweep() == 0
    await bench.halts.end(an_act())
    await bench.partial_halts.begin(HaltOf.VENUE, "Meteora", "it lies", an_act())
    await bench.gate.look()
    assert await bench.sweep() == 0
    assert bench.venue.asked == []
    await bench.partial_halts.end(HaltOf.VENUE, "Meteora", an_act())
    await bench.gate.look()
    assert await bench.sweep() == 1
    assert (await bench.kept.kept(swap))[0] is Finality.FINALIZED


async def test_it_goes_on_when_the_store_is_back(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    swap = await bench.landed(FINAL)
    monkeypatch.setattr(Unreliable, "away", True)
    running = asyncio.create_task(bench.follow.run())
    await bench.clock.advance(10)
    assert (await bench.kept.kept(swap))[0] is Finality.CONFIRMED
    monkeypatch.setattr(Unreliable, "away", False)
    await bench.clock.advance(SWEEP_SECONDS)
    assert (await bench.kept.kept(swap))[0] is Finality.FINALIZED
    running.cancel()


async def test_with_no_venue_on_a_chain_nobody_is_asked(bench: Bench) -> None:
    script = Script(bench.clock)
    venue = ScriptedVenue("Meteora", QUOTES[1], script)
    swap = await bench.landed(FINAL)
    follow = evolve(bench.follow, venues=Venues((venue,), monotonic=bench.clock.monotonic))
    await asyncio.wait_for(follow.run(), 1)
    assert await follow() == 0  # as beside another venue that is on one
    assert (await bench.kept.kept(swap))[0] is Finality.CONFIRMED
