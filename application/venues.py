"""All venues side by side: the only place that knows that there are several."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from statistics import median
from typing import TypeVar, TypeVarTuple

from attrs import field, frozen

from application import observe
from application.breaker import Breaker
from application.halted_parts import HaltedParts
from application.ports.errors import NotOffered, VenueStopped, VenueUnavailable, VenueUnreachable
from application.ports.finality import Finalities, Settlement
from application.ports.venue import Venue
from domain.money import AMOUNT_BOUND
from domain.order import Order
from domain.routing import Quote
from domain.transaction import Transaction, TransactionReport

LATE = "took too long"
BROKEN = "its adapter failed"
NONSENSE = "gave a quote that makes no sense"
UNREACHABLE = "cannot be reached from here"
# A venue that could not be reached is tried again as often, by one call.
COOL_OFF_SECONDS = 2.0
# A chain's amounts have 64 bits, and tokens up to 18 decimals.
_MOST_ON_CHAIN = Decimal(10) ** 40
_BPS = Decimal(10_000)

Answer = TypeVar("Answer")
About = TypeVarTuple("About")
Refusal = tuple[str, str]  # the venue's name, and why


@frozen
class Quotes:
    """What the venues offer, in their order, and why the others are left out."""

    quotes: tuple[Quote, ...]
    refusals: tuple[Refusal, ...] = ()

    @property
    def unreachable(self) -> bool:
        """Whether no venue could be reached, so that none had its say."""
        return not self.quotes and all(why == UNREACHABLE for _, why in self.refusals)


@frozen
class Venues:
    """Asks all venues for quotes at once; every other call goes to the venue that is named.

    Each has `quote_seconds` to quote. With a `band_bps` above 0, who quotes further than that from the median is left
    out; of two that differ by more than that neither can be believed. A lone quote is taken as it is.
    After a call that could not reach its venue all calls to it are refused at once, but for one in each cool-off.
    A venue that is halted (`parts`) is asked what became of transactions, and nothing else.
    """

    venues: tuple[Venue, ...]
    quote_seconds: float = 3.0
    band_bps: int = 0
    monotonic: Callable[[], float] = time.monotonic
    parts: HaltedParts = field(factory=HaltedParts)

    names: tuple[str, ...] = field(init=False)
    _by_name: Mapping[str, Venue] = field(init=False, repr=False)
    _breakers: Mapping[str, Breaker] = field(init=False, repr=False)

    @names.default
    def _names_of_venues(self) -> tuple[str, ...]:
        return tuple(venue.name for venue in self.venues)

    @_by_name.default
    def _venues_by_name(self) -> Mapping[str, Venue]:
        return {venue.name: venue for venue in self.venues}

    @_breakers.default
    def _closed_breakers(self) -> Mapping[str, Breaker]:
        return {venue.name: Breaker(COOL_OFF_SECONDS, self.monotonic) for venue in self.venues}

    @property
    def cut_off(self) -> bool:
        """Whether none of them could be reached when it was last called."""
        return not any(breaker.closed for breaker in self._breakers.values())

    @property
    def asked(self) -> tuple[str, ...]:
        """The names of those that are not halted."""
        stopped = self.parts.venues
        return tuple(name for name in self.names if name not in stopped) if stopped else self.names

    @property
    def on_chains(self) -> bool:
        """Whether swaps of any land on a chain, which may undo them."""
        return any(isinstance(venue, Finalities) for venue in self.venues)

    def on_chain(self, name: str) -> bool:
        """Whether this one's swaps land on a chain, whose word on them is not the venue's own."""
        return isinstance(self._by_name.get(name), Finalities)

    async def quotes(self, order: Order) -> Quotes:
        """Ask all venues that are not halted. One that fails or is late is a refusal, never an error."""
        names = self.asked
        asked = [asyncio.create_task(self._quote(self._by_name[name], order)) for name in names]
        deadline = asyncio.get_running_loop().call_later(self.quote_seconds, _cancel, asked)
        offers: list[Quote] = []
        refusals: list[Refusal] = []
        try:
            for name, call in zip(names, asked, strict=True):
                answer = await _answer(call)
                if isinstance(answer, Quote):
                    offers.append(answer)
                elif answer == LATE and not self._breakers[name].closed:
                    refusals.append((name, UNREACHABLE))  # as others found while this one waited
                else:
                    refusals.append((name, answer))
        finally:
            deadline.cancel()
            _cancel(asked)
        believed, outliers = self._in_band(offers)
        return Quotes(tuple(believed), (*refusals, *outliers))

    def build(self, order: Order, quote: Quote) -> Awaitable[Transaction]:
        """Have the quote's venue build the swap. Raises VenueUnavailable, VenueStopped."""
        venue = self._not_halted(quote.venue)
        return self._reached(venue, venue.build, order, quote)

    def send(self, transaction: Transaction) -> Awaitable[TransactionReport]:
        """Have the transaction's venue send it. Raises VenueUnavailable, VenueStopped."""
        venue = self._not_halted(transaction.venue)
        return self._reached(venue, venue.send, transaction)

    def lookup(self, transaction: Transaction) -> Awaitable[TransactionReport]:
        """Ask the transaction's venue what became of it. Raises VenueUnavailable."""
        venue = self._named(transaction.venue)
        return self._reached(venue, venue.lookup, transaction)

    def settled(self, transaction: Transaction) -> Awaitable[Settlement | None]:
        """Have the transaction's venue say how its chain ended it. Raises VenueUnavailable, VenueStopped."""
        venue = self._not_halted(transaction.venue)
        if not isinstance(venue, Finalities):
            raise NotOffered(f"{venue.name} is on no chain")
        return self._reached(venue, venue.settled, transaction)

    async def _quote(self, venue: Venue, order: Order) -> Quote | str:
        try:
            quote = await self._reached(venue, venue.quote, order)
        except VenueUnreachable:
            return UNREACHABLE
        except VenueUnavailable as refusal:
            return str(refusal)
        except Exception as error:  # one adapter's surprise must not stop the orders of all venues
            observe.venue_failed(venue.name, error)
            return BROKEN
        return quote if _makes_sense(quote, venue) else NONSENSE

    async def _reached(self, venue: Venue, call: Callable[[*About], Awaitable[Answer]], *about: *About) -> Answer:
        """Call a venue, unless it was out of reach a moment ago. Any answer, a refusal too, shows that it is there."""
        breaker = self._breakers[venue.name]
        on_trial = not breaker.closed
        if on_trial and not breaker.lets_through():
            raise VenueUnreachable("could not be reached a moment ago")
        try:
            answer = await call(*about)
        except VenueUnreachable as error:
            if breaker.failed():
                observe.venue_unreachable(venue.name, error)
            raise
        except VenueUnavailable:
            if on_trial:  # a call from before the cut waits in vain for its answer, which shows nothing
                self._reachable(venue.name)
            raise
        if not breaker.closed:
            self._reachable(venue.name)
        return answer

    def _reachable(self, name: str) -> None:
        if self._breakers[name].succeeded():
            observe.venue_reached(name)

    def _not_halted(self, name: str) -> Venue:
        if name in self.parts.venues:
            raise VenueStopped(f"{name} is stopped")
        return self._named(name)

    def _named(self, name: str) -> Venue:
        try:
            return self._by_name[name]
        except KeyError:
            raise VenueUnavailable(f"{name} is not among the venues") from None

    def _in_band(self, quotes: Sequence[Quote]) -> tuple[Sequence[Quote], Sequence[Refusal]]:
        if not self.band_bps or len(quotes) < 2:
            return quotes, ()
        middle = median(quote.price for quote in quotes)
        width = middle * self.band_bps / _BPS
        if len(quotes) == 2:  # each is half their difference away from the middle
            width /= 2
        outside = [quote for quote in quotes if abs(quote.price - middle) > width]
        why = f"quotes further than {self.band_bps} bps from the others"
        return [quote for quote in quotes if quote not in outside], [(quote.venue, why) for quote in outside]


def _makes_sense(quote: Quote, venue: Venue) -> bool:
    """Whether policies can compare it, which NaN cannot be, and the store can keep a fill at that price."""
    price, fee = quote.price, quote.fee
    if not (price.is_finite() and fee.is_finite() and 0 < price < _MOST_ON_CHAIN and 0 <= fee < 1):
        return False
    return price < AMOUNT_BOUND or isinstance(venue, Finalities)


async def _answer(call: "asyncio.Task[Quote | str]") -> Quote | str:
    """Return what a call came to; it is late if it was cancelled while its caller was not."""
    try:
        return await call
    except asyncio.CancelledError:
        caller = asyncio.current_task()
        if call.cancelled() and caller is not None and not caller.cancelling():
            return LATE
        raise


def _cancel(calls: Sequence["asyncio.Task[Quote | str]"]) -> None:
    for call in calls:
        call.cancel()
