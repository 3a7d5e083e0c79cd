"""The sweep over landed swaps: follow each until its chain can undo it no more, and say when it did."""

import asyncio
from datetime import timedelta

from attrs import frozen

from application import observe
from application.ports.errors import DataRefused, Overloaded, StoreUnavailable, VenueUnavailable
from application.ports.finality import Settlement, Unsettled, UnsettledSwaps
from application.ports.system import Clock
from application.trading_gate import TradingGate
from application.venues import Venues
from domain.transaction import Finality

SWEEP_SECONDS = 2.0
PAGE = 100
AT_ONCE = 20
# A chain ends a swap within seconds, or within a minute or two when it undid it.
OVERDUE = timedelta(minutes=5)


@frozen
class FollowFinality:
    """Asks each confirmed swap's venue how it ended; the venue sends the same bytes again meanwhile.

    An order whose swap was undone stays confirmed, and is never swapped again: that is for a person. While trading is
    halted nobody is asked, as nothing is sent then; a halted venue is not either.
    """

    swaps: UnsettledSwaps
    venues: Venues
    gate: TradingGate
    clock: Clock

    async def __call__(self) -> int:
        """Sweep once through all unsettled swaps, oldest first, if it is this process's turn; return how many ended."""
        ended, after = 0, None
        while self.gate.executes:
            page = await self.swaps.unsettled(after, PAGE, SWEEP_SECONDS)
            for start in range(0, len(page.swaps), AT_ONCE):
                some = page.swaps[start : start + AT_ONCE]
                ended += sum(await asyncio.gather(*(self._follow(swap) for swap in some)))
            after = page.next_after
            if after is None:
                break
        return ended

    async def run(self) -> None:
        """Sweep again and again, until cancelled, if any venue is on a chain; waits out a store that is away."""
        while self.venues.on_chains:
            try:
                await self()
            except (StoreUnavailable, Overloaded, DataRefused) as error:
                observe.store_away("the sweep over landed swaps", error)
            await self.clock.sleep(SWEEP_SECONDS)

    async def _follow(self, swap: Unsettled) -> bool:
        sent = swap.transaction
        settlement = await self._settled(swap)
        if settlement is None:
            if self.clock.now() - swap.at > OVERDUE:
                observe.swap_unsettled(sent.order_id, sent.tx_hash, sent.venue)
            return False
        if settlement.finality is Finality.UNDONE:  # said before it is kept: rather twice than never
            observe.swap_undone(sent.order_id, sent.tx_hash, sent.venue)
        elif settlement.fill not in (None, swap.fill):
            observe.fill_changed(sent.order_id, sent.tx_hash, sent.venue)
        return await self.swaps.settle(sent.order_id, settlement)

    async def _settled(self, swap: Unsettled) -> Settlement | None:
        sent = swap.transaction
        try:
            return await self.venues.settled(sent)
        except VenueUnavailable as error:
            observe.finality_unknown(sent.order_id, sent.venue, error)
        except Exception as error:  # one swap's surprise must not keep the others from being followed
            observe.venue_failed(sent.venue, error)
        return None
