"""Report to the others how many orders this process took and ended: every five seconds, and at its end."""

import asyncio
from collections.abc import Callable

from attrs import define, field

from application import observe
from application.observe.tally import orders_counted
from application.ports.errors import PortError
from application.ports.order_counts import CountedPart, Counts, OrderCounts
from application.ports.system import Clock

EVERY_SECONDS = 5.0


@define(eq=False)
class CountOrders:
    """Sends what the process's meters rose by. A part that may have arrived is sent again as it is, under its number.

    A process that is killed loses what it had not sent: five seconds' counts at most, while the store answers.
    Nothing is sent before the process is `on_time`: a part belongs to a minute of the store's clock.
    """

    counts: OrderCounts
    clock: Clock
    process: str
    on_time: Callable[[], bool] = lambda: True
    _reported: Counts = field(factory=orders_counted, init=False)
    _number: int = field(default=0, init=False)
    _part: CountedPart | None = field(default=None, init=False)
    _sending: asyncio.Lock = field(factory=asyncio.Lock, init=False)

    async def run(self) -> None:
        """Send until cancelled, and then once more."""
        try:
            while True:
                await self.clock.sleep(EVERY_SECONDS)
                await self.send()
        finally:
            await self.send()

    async def send(self) -> None:
        """Send what was counted since the last time; if the store is away it is sent with the next.

        However much is counted meanwhile: a part each time, after one that may not have arrived.
        """
        async with self._sending:
            if await self._is_kept():
                self._part = self._next()
                await self._is_kept()

    async def _is_kept(self) -> bool:
        """Send the part that there is, if there is one; say whether there is none any more."""
        if self._part is not None:
            try:
                await self.counts.keep(self.process, self._part)
            except PortError as error:  # no order depends on it
                observe.store_away("the counts of orders", error)
                return False
            self._part = None
        return True

    def _next(self) -> CountedPart | None:
        counted = orders_counted()
        counts = counted - self._reported
        if counts == Counts() or not self.on_time():
            return None
        self._reported = counted
        self._number += 1
        return CountedPart(self._number, self.clock.now(), counts)
