"""Partial halts in this process's memory."""

from collections.abc import Sequence

from attrs import define, field

from application.ports.partial_halts import HaltOf, PartialHalt
from application.ports.system import Clock


@define(eq=False)
class InMemoryPartialHalts:
    """Keeps them until the process ends."""

    clock: Clock
    _halts: dict[tuple[HaltOf, str], PartialHalt] = field(factory=dict)

    async def all(self) -> Sequence[PartialHalt]:
        return tuple(self._halts.values())

    async def begin(self, of: HaltOf, name: str, why: str, by: str) -> PartialHalt:
        return self._halts.setdefault((of, name), PartialHalt(of, name, self.clock.now(), why, by))

    async def end(self, of: HaltOf, name: str, by: str) -> PartialHalt | None:
        return self._halts.pop((of, name), None)
