"""All venues side by side: who is asked, who is left out, and who gets the other calls."""

import asyncio
from decimal import Decimal

import pytest
from attrs import evolve, frozen

from application.ports.errors import VenueUnavailable, VenueUnreachable
from application.venues import COOL_OFF_SECONDS, UNREACHABLE, Quotes, Venues
from domain.order import Order
from domain.routing import Quote
from tests.builders import QUOTES, a_transaction, an_order
from tests.clock import ManualClock
from tests.scripted_venue import LANDED, OnChain, Script, ScriptedVenue

OUTSIDE = "quotes further than 100 bps from the others"


def quotes_of(**prices: str) -> tuple[Quote, ...]:
    return tuple(Quote(name, Decimal(price), Decimal("0.002")) for name, price in prices.items())


def venues_that_quote(*quotes: Quote, band_bps: int = 100) -> Venues:
    script = Script(ManualClock())
    return Venues(tuple(ScriptedVenue(quote.venue, quote, script) for quote in quotes), band_bps=band_bps)


@frozen
class Hanging(ScriptedVenue):
    """Never quotes; `left` is set when its caller stops waiting."""

    left: asyncio.Event

    async def quote(self, order: Order) -> Quote:
        try:
            await asyncio.Event().wait()
        finally:
            self.left.set()
        raise AssertionError


async def advance(script: Script, seconds: float) -> None:
    assert isinstance(script.clock, ManualClock)
    await script.clock.advance(seconds)


async def test_all_are_asked_at_once() -> None:
    meeting = asyncio.Barrier(2)

    class Sociable(ScriptedVenue):
        async def quote(self, order: Order) -> Quote:
            await meeting.wait()
            return await super().quote(order)

    script = Script(ManualClock())
    venues = Venues(tuple(Sociable(quote.venue, quote, script) for quote in QUOTES))
    assert venues.names == ("Raydium", "Meteora")
    assert await venues.quotes(an_order()) == Quotes(QUOTES)


async def test_who_fails_or_is_late_is_left_out_and_let_go() -> None:
    script, left = Script(ManualClock(), quoting=[VenueUnavailable("answered 503")]), asyncio.Event()
    fails, quotes = (ScriptedVenue(name, evolve(QUOTES[0], venue=name), script) for name in ("Fails", "Quotes"))
    venues = Venues((Hanging("Late", QUOTES[1], script, left), fails, quotes), quote_seconds=0.01)
    answer = await venues.quotes(an_order())
    assert [quote.venue for quote in answer.quotes] == ["Quotes"]
    assert answer.refusals == (("Late", "took too long"), ("Fails", "answered 503"))
    assert left.is_set()


async def test_who_is_late_while_others_find_that_it_cannot_be_reached_was_not_reached_either() -> None:
    script, left = Script(ManualClock()), asyncio.Event()

    class CutOff(Hanging):
        async def quote(self, order: Order) -> Quote:
            if order.attempt > 1:
                raise VenueUnreachable
            return await super().quote(order)

    venues = Venues((CutOff("Raydium", QUOTES[0], script, left),), quote_seconds=0.05)
    waiting = asyncio.create_task(venues.quotes(an_order()))
    await asyncio.sleep(0)
    assert (await venues.quotes(evolve(an_order(), attempt=2))).unreachable
    assert (await waiting).unreachable


@pytest.mark.parametrize(
    ("price", "fee"),
    [("NaN", "0"), ("sNaN", "0"), ("Infinity", "0"), ("0", "0"), ("-1", "0"), ("1E+10", "0"), ("1", "1"), ("1", "NaN")],
)
async def test_a_quote_that_makes_no_sense_is_left_out(price: str, fee: str) -> None:
    senseless = Quote("Senseless", Decimal(price), Decimal(fee))
    assert await venues_that_quote(senseless, QUOTES[0]).quotes(an_order()) == Quotes(
        QUOTES[:1], (("Senseless", "gave a quote that makes no sense"),)
    )


@pytest.mark.parametrize(
    ("price", "makes_sense"), [("1E-30", True), ("1E+10", True), ("1E+39", True), ("1E+40", False)]
)
async def test_a_price_on_a_chain_may_be_any_that_amounts_can_come_to(price: str, makes_sense: bool) -> None:
    quote = Quote("Jupiter", Decimal(price), Decimal(0))
    venues = Venues((OnChain("Jupiter", quote, Script(ManualClock())),))
    assert (await venues.quotes(an_order())).quotes == ((quote,) if makes_sense else ())


async def test_who_stops_waiting_leaves_no_call_behind() -> None:
    left = asyncio.Event()
    venues = Venues((Hanging("Late", QUOTES[1], Script(ManualClock()), left),))
    asking = asyncio.create_task(venues.quotes(an_order()))
    await asyncio.sleep(0.01)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await asyncio.wait_for(left.wait(), 5)


@pytest.mark.parametrize(
    ("prices", "believed"),
    [
        ({"A": "150"}, "A"),
        ({"A": "150", "B": "151.5"}, "AB"),
        ({"A": "150", "B": "151.6"}, ""),
        ({"A": "150", "B": "151.5", "C": "148.5"}, "ABC"),
        ({"A": "150", "B": "152", "C": "148.5"}, "AC"),
        ({"A": "150", "B": "1", "C": "1500"}, "A"),
        ({"A": "100", "B": "100", "C": "200", "D": "200"}, ""),
        ({"A": "150", "B": "150.1", "C": "150.2", "D": "1"}, "ABC"),
    ],
)
async def test_quotes_outside_the_band_are_not_believed(prices: dict[str, str], believed: str) -> None:
    quotes = quotes_of(**prices)
    answer = await venues_that_quote(*quotes).quotes(an_order())
    assert answer.quotes == tuple(quote for quote in quotes if quote.venue in believed)
    assert answer.refusals == tuple((name, OUTSIDE) for name in prices if name not in believed)


async def test_without_a_band_all_are_believed() -> None:
    quotes = quotes_of(A="150", B="1")
    assert await venues_that_quote(*quotes, band_bps=0).quotes(an_order()) == Quotes(quotes)


async def test_every_other_call_goes_to_the_venue_that_is_named() -> None:
    script = Script(ManualClock())
    venues = script.venues()
    order = an_order()
    transaction = await venues.build(order, QUOTES[0])
    assert transaction.venue == "Raydium"
    script.reports = [LANDED]
    assert await venues.send(transaction) == await venues.lookup(transaction) == LANDED
    with pytest.raises(VenueUnavailable, match="Orca is not among the venues"):
        await venues.send(a_transaction(order, venue="Orca"))


async def test_a_venue_whose_adapter_is_broken_stops_no_other() -> None:
    script = Script(ManualClock(), quoting=[KeyError("price")])
    answer = await script.venues().quotes(an_order())
    assert answer == Quotes(QUOTES[1:], (("Raydium", "its adapter failed"),))


async def test_who_cannot_be_reached_is_left_out_at_once_until_a_trial_reaches_it() -> None:
    script = Script(ManualClock(), quoting=[VenueUnreachable()])
    venues = script.venues()
    left_out = Quotes(QUOTES[1:], (("Raydium", UNREACHABLE),))
    for calls in (2, 3, 4):
        assert await venues.quotes(an_order()) == left_out
        assert script.calls == calls
    assert not venues.cut_off
    with pytest.raises(VenueUnreachable):
        await venues.send(a_transaction(an_order(), venue="Raydium"))
    assert script.sent == []
    await advance(script, COOL_OFF_SECONDS)
    assert await venues.quotes(an_order()) == Quotes(QUOTES)


async def test_a_trial_that_fails_is_the_only_call_of_its_cool_off() -> None:
    script = Script(ManualClock(), cut_off=True)
    venues = script.venues()
    for calls in (2, 4, 6):
        for _ in range(10):
            answer = await venues.quotes(an_order())
            assert answer.unreachable
            assert script.calls == calls
        assert venues.cut_off
        await advance(script, COOL_OFF_SECONDS)


async def test_on_trial_every_answer_shows_that_a_venue_is_there() -> None:
    script = Script(ManualClock(), quoting=[VenueUnreachable(), VenueUnreachable()])
    venues = script.venues()
    await venues.quotes(an_order())
    await advance(script, COOL_OFF_SECONDS)
    script.quoting = [VenueUnavailable("answered 503"), VenueUnavailable("took too long")]
    answer = await venues.quotes(an_order())
    assert (answer.unreachable, venues.cut_off) == (False, False)
    assert await venues.quotes(an_order()) == Quotes(QUOTES)


async def test_a_call_from_before_a_cut_that_gets_no_answer_shows_nothing() -> None:
    script, answering = Script(ManualClock()), asyncio.Event()

    class Slow(ScriptedVenue):
        async def quote(self, order: Order) -> Quote:
            if order.attempt > 1:
                raise VenueUnreachable
            await answering.wait()
            raise VenueUnavailable("took too long")

    venues = Venues((Slow("Raydium", QUOTES[0], script),), monotonic=script.clock.monotonic)
    before = asyncio.create_task(venues.quotes(an_order()))
    await asyncio.sleep(0.01)
    assert (await venues.quotes(evolve(an_order(), attempt=2))).unreachable
    answering.set()
    assert (await before).unreachable
    assert venues.cut_off
