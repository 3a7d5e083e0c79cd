"""The gate before everything that trades: shut while trading is halted, in this process at once, in others soon."""

from collections.abc import Callable

from attrs import Factory, define

from application.errors import TradingHalted
from application.halted_parts import HaltedParts
from application.observe import trading as observe
from application.ports.errors import Overloaded, StoreUnavailable
from application.ports.system import Clock
from application.ports.trading_halts import Halt, TradingHalts

LOOK_SECONDS = 0.5


@define(eq=False)
class TradingGate:
    """Tells whether orders may be taken, executed and sent. It asks nobody: `run` looks, twice a second.

    Nothing may before the process is `on_time`: an order that was born or judged by a wrong clock would expire.
    """

    halts: TradingHalts
    clock: Clock
    on_time: Callable[[], bool] = lambda: True
    parts: HaltedParts = Factory(HaltedParts)
    halt: Halt | None = None
    _known: bool | None = None  # None: not asked yet

    @property
    def why_shut(self) -> str | None:
        """Why nothing may be taken or sent; None while trading goes on."""
        return self.halts.found or (self.halt.why if self.halt else None)

    @property
    def lost_writes(self) -> bool:
        """Whether the store lacks what it had acknowledged: an order that it shows as open may have been swapped."""
        return self.halts.found is not None or (self.halt is not None and self.halt.lost_writes)

    @property
    def executes(self) -> bool:
        """Whether orders are executed: not before it is known that there is no halt, nor just after a failover."""
        halts = self.halts
        is_open = self._known is not False and self.halt is None and halts.found is None  # asked for each order, thrice
        return is_open and not halts.settling and self.on_time()

    def require_open(self, user_id: str) -> None:
        """Raise TradingHalted while all trading is, or the user's; StoreUnavailable before the process is on time."""
        if self.why_shut is not None or user_id in self.parts.users:
            raise TradingHalted
        if not self.on_time():
            raise StoreUnavailable("the store's clock was not read yet")

    async def look(self) -> None:
        """See what is halted. A store that is away changes nothing, but that nothing is known at first."""
        before = self.halt
        try:
            await self.parts.look()
            self.halt = await self.halts.current()
        except (StoreUnavailable, Overloaded):
            self._known = bool(self._known)
            return
        self._known = True
        if (self.halt is None) != (before is None):
            observe.trading_halt_seen(self.halt.why if self.halt else None)

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await self.look()
            await self.clock.sleep(LOOK_SECONDS)
