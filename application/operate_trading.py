"""What an operator may do with trading as a whole: see whether it is halted, halt it, let it go on."""

from attrs import frozen

from application import observe
from application.caller import Caller, Scope
from application.ports.trading_halts import Halt, TradingHalts


@frozen
class OperateTrading:
    """The operator's part. Each call raises StoreUnavailable."""

    halts: TradingHalts

    async def state(self, caller: Caller) -> Halt | None:
        """Return the halt that holds, None while trading goes on."""
        caller.require(Scope.ADMIN)
        return await self.halts.current()

    async def halt(self, caller: Caller, why: str, by: str) -> Halt:
        """Have every process take, execute and send nothing any more, until `resume`; return the halt that holds."""
        caller.require(Scope.ADMIN)
        halt = await self.halts.start(why, by)
        observe.trading_halted_by_operator(halt.why, by)
        return halt

    async def resume(self, caller: Caller, by: str) -> Halt | None:
        """End the halt that holds; return it, None when there was none."""
        caller.require(Scope.ADMIN)
        ended = await self.halts.end(by)
        if ended is not None:
            observe.trading_resumed_by_operator(ended.why, by)
        return ended
