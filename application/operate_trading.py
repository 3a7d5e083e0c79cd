"""What an operator may do with trading as a whole: see whether it is halted, halt it, let it go on."""

from attrs import frozen

from application.caller import Caller, Scope, find_order
from application.errors import TradingNotCompared
from application.observe import trading as observe
from application.ports.audit import AuditEntry, Facts
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

    async def halt(self, caller: Caller, why: str, *, lost_writes: bool = False) -> Halt:
        """Have every process take, execute and send nothing any more; return the halt that holds.

        With `lost_writes` trading goes on only after the orders were compared with the venues.
        """
        caller.require(Scope.ADMIN)
        act = caller.act("trading.halt", after={"why": why, "lostWrites": lost_writes})
        halt = await self.halts.start(why, act, lost_writes=lost_writes)
        observe.trading_halted_by_operator(halt.why, act.who)
        return halt

    async def release(self, caller: Caller, order_id: str) -> Order | None:
        """Let an order that is held run again; return it, None when it is not held. Raises OrderNotFound."""
        caller.require(Scope.ADMIN)
        order = await find_order(self.store, caller, order_id)
        act = caller.act("orders.release", order.order_id, before={"held": True}, after={"held": False})
        if not await self.halts.release(order.order_id, act):
            return None
        observe.order_released(order.order_id)
        return order

    async def resume(self, caller: Caller) -> Halt | None:
        """End a halt by hand; return it, None when there was none. Raises TradingNotCompared for any other.

        `ResumeTrading` ends those.
        """
        caller.require(Scope.ADMIN)
        holding = await self.halts.current()
        if holding is not None and holding.lost_writes:
            raise TradingNotCompared
        act = resumption(caller, holding)
        ended = await self.halts.end(act)
        if ended is not None:
            observe.trading_resumed_by_operator(ended.why, act.who)
        return ended


def resumption(caller: Caller, halt: Halt | None, **found: int) -> AuditEntry:
    """Return the entry of an act that ends `halt`; `found` is how many orders were settled before, and how."""
    before: Facts | None = None if halt is None else {"why": halt.why, "by": halt.by, "lostWrites": halt.lost_writes}
    return caller.act("trading.resume", before=before, after=found or None)
