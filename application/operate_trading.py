"""What an operator may do with trading as a whole: see whether it is halted, halt it, let it go on."""

from attrs import frozen

from application.caller import Caller, Scope, find_order
from application.errors import TradingNotCompared
from application.observe import trading as observe
from application.ports.order_store import OrderStore
from application.ports.trading_halts import Halt, TradingHalts
from domain.order import Order


@frozen
class OperateTrading:
    """The operator's part. Each call raises StoreUnavailable."""

    store: OrderStore
    halts: TradingHalts

    async def state(self, caller: Caller) -> Halt | None:
        """Return the halt that holds, None while trading goes on."""
        caller.require(Scope.ADMIN)
        return await self.halts.current()

    async def halt(self, caller: Caller, why: str, by: str, *, lost_writes: bool = False) -> Halt:
        """Have every process take, execute and send nothing any more; return the halt that holds.

        With `lost_writes` trading goes on only after the orders were compared with the venues.
        """
        caller.require(Scope.ADMIN)
        halt = await self.halts.start(why, by, lost_writes=lost_writes)
        observe.trading_halted_by_operator(halt.why, by)
        return halt

    async def release(self, caller: Caller, order_id: str) -> Order | None:
        """Let an order that is held run again; return it, None when it is not held. Raises OrderNotFound."""
        caller.require(Scope.ADMIN)
        order = await find_order(self.store, caller, order_id)
        if not await self.halts.release(order.order_id):
            return None
        observe.order_released(order.order_id)
        return order

    async def resume(self, caller: Caller, by: str) -> Halt | None:
        """End a halt by hand; return it, None when there was none. Raises TradingNotCompared for any other.

        `ResumeTrading` ends those.
        """
        caller.require(Scope.ADMIN)
        holding = await self.halts.current()
        if holding is not None and holding.lost_writes:
            raise TradingNotCompared
        ended = await self.halts.end(by)
        if ended is not None:
            observe.trading_resumed_by_operator(ended.why, by)
        return ended
