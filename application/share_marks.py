"""Leave marks of what the store acknowledged, and look for those of others: the whole fleet may have died with it."""

from attrs import define

from application.ports.errors import Overloaded, QueueUnavailable, StoreUnavailable
from application.ports.system import Clock
from application.ports.trading_halts import TradingHalts
from application.ports.write_marks import WriteMarks

APART_SECONDS = 1.0


@define(eq=False)
class ShareMarks:
    """At the start, and when another server answers, compares the store with the marks; leaves one a second."""

    halts: TradingHalts
    marks: WriteMarks
    clock: Clock
    _compared: bool = False

    async def compare(self) -> None:
        """Have the store looked at for what the marks name. A server that is away is tried again by `run`."""
        try:
            await self.halts.compare(await self.marks.left())
            self._compared = True
        except (QueueUnavailable, StoreUnavailable, Overloaded):
            self._compared = False

    async def run(self) -> None:
        """Go on until cancelled. Nobody waits for this, so a server that is away is no news here."""
        while True:
            if self.halts.settling or not self._compared:
                await self.compare()
            try:
                if mark := await self.halts.mark(self.clock.now()):
                    await self.marks.leave(mark)
            except (QueueUnavailable, StoreUnavailable, Overloaded):
                pass
            await self.clock.sleep(APART_SECONDS)
