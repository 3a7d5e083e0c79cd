"""Let trading go on: at once after a halt by hand, else after the orders were compared with the venues."""

from datetime import datetime, timedelta

from attrs import frozen

from application.caller import Caller, Scope
from application.observe import trading as observe
from application.operate_trading import resumption
from application.ports.system import Clock
from application.ports.trading_halts import Halt, TradingHalts
from application.reconcile import Comparison, Reconcile
from application.settle_open_orders import Settled, SettleOpenOrders

# How long before a halt a write may have been made that is lost; a standby that was further behind has to be said.
LOST_AT_MOST = timedelta(hours=1)


@frozen
class Resumed:
    """The halt that was ended, and what was found and done before if writes had been lost."""

    halt: Halt
    comparison: Comparison | None = None
    settled: Settled | None = None


@frozen
class ResumeTrading:
    """Ends a halt. What was built before it began may still land until `expiry_seconds` are over."""

    halts: TradingHalts
    reconcile: Reconcile
    settle: SettleOpenOrders
    clock: Clock
    expiry_seconds: float

    async def __call__(
        self, caller: Caller, since: datetime | None = None, *, ask_venues: bool = True
    ) -> Resumed | None:
        """End the halt that holds; None when there was none. Safe to repeat.

        When writes were lost, it waits until nothing that was built before the halt can land any more, compares
        everything from `since` on (an hour before the halt, if not given), and settles the open orders. Without
        `ask_venues` it holds them all.
        Raises StoreUnavailable, and VenueUnavailable: then the halt goes on.
        """
        caller.require(Scope.ADMIN)
        halt = await self.halts.current()
        if halt is None:
            return None
        comparison = settled = None
        if halt.lost_writes:
            await self.clock.sleep(self.expiry_seconds - halt.seconds)
            since = since or halt.since - LOST_AT_MOST
            if ask_venues:
                comparison = await self.reconcile(caller, since)
            else:
                comparison = Comparison(
                    since, not_comparable=dict.fromkeys(self.reconcile.venues.names, "was not asked")
                )
            settled = await self.settle(caller, comparison)
        counts = {"submitted": len(settled.submitted), "held": len(settled.held)} if settled else {}
        act = resumption(caller, halt, **counts)
        await self.halts.end(act)
        observe.trading_resumed_by_operator(halt.why, act.who)
        return Resumed(halt, comparison, settled)
