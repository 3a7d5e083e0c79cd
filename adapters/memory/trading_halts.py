"""Halts in this process's memory."""

from collections.abc import Collection, Sequence
from datetime import datetime

from attrs import define, evolve

from adapters.memory.order_store import InMemoryOrderStore
from application.ports.audit import AuditEntry
from application.ports.system import Clock
from application.ports.trading_halts import Halt
from application.ports.write_marks import WriteMark


@define(eq=False)
class InMemoryTradingHalts:
    """Keeps a halt of the orders in `store`. It loses no writes by itself; a test says in `found` what it lost."""

    clock: Clock
    store: InMemoryOrderStore
    found: str | None = None
    settling: bool = False
    _halt: Halt | None = None

    async def current(self) -> Halt | None:
        if self.found is not None:
            self._start(self.found, "this process", lost_writes=True)
        if self._halt is None:
            return None
        return evolve(self._halt, seconds=(self.clock.now() - self._halt.since).total_seconds())

    async def start(self, why: str, act: AuditEntry, *, lost_writes: bool = False) -> Halt:
        if self._halt is None or (lost_writes and not self._halt.lost_writes):
            self.store.audit.note(act)
        return self._start(why, act.who, lost_writes=lost_writes)

    async def end(self, act: AuditEntry) -> Halt | None:
        if self._halt is not None:
            self.store.audit.note(act)
        ended, self._halt, self.found = self._halt, None, None
        return ended

    async def mark(self, at: datetime) -> WriteMark | None:
        return None

    async def compare(self, marks: Sequence[WriteMark]) -> None:
        """Nothing is lost but with the whole process."""

    async def hold(self, order_ids: Collection[str], act: AuditEntry) -> int:
        free = [order_id for order_id in order_ids if self.store.may_set_held(order_id, True)]
        if free:
            self.store.audit.note(act)
        return sum(self.store.set_held(order_id, True) for order_id in free)

    async def release(self, order_id: str, act: AuditEntry) -> bool:
        if self.store.may_set_held(order_id, False):
            self.store.audit.note(act)
        return self.store.set_held(order_id, False)

    def _start(self, why: str, by: str, *, lost_writes: bool) -> Halt:
        if self._halt is None:
            self._halt = Halt(self.clock.now(), why, by, lost_writes)
        elif lost_writes:
            self._halt = evolve(self._halt, lost_writes=True)
        return self._halt
