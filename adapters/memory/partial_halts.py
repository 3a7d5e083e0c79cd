"""Partial halts in this process's memory."""

from collections.abc import Sequence

from attrs import Factory, define, field

from adapters.memory.audit import InMemoryAudit
from application.ports.audit import AuditEntry
from application.ports.partial_halts import HaltOf, PartialHalt
from application.ports.system import Clock


@define(eq=False)
class InMemoryPartialHalts:
    """Keeps them until the process ends."""

    clock: Clock
    audit: InMemoryAudit = field(default=Factory(lambda self: InMemoryAudit(self.clock), takes_self=True))
    _halts: dict[tuple[HaltOf, str], PartialHalt] = field(factory=dict)

    async def all(self) -> Sequence[PartialHalt]:
        return tuple(self._halts.values())

    async def begin(self, of: HaltOf, name: str, why: str, act: AuditEntry) -> PartialHalt:
        if (of, name) not in self._halts:
            self.audit.note(act)
            self._halts[of, name] = PartialHalt(of, name, self.clock.now(), why, act.who)
        return self._halts[of, name]

    async def end(self, of: HaltOf, name: str, act: AuditEntry) -> PartialHalt | None:
        if (of, name) in self._halts:
            self.audit.note(act)
        return self._halts.pop((of, name), None)
