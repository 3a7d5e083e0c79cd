"""Which users and venues are halted, as this process knows it: a look-up in a set, wherever that matters."""

import asyncio
from collections.abc import Mapping

from attrs import define, field

from application.observe import trading as observe
from application.ports.audit import AuditEntry
from application.ports.partial_halts import HaltOf, PartialHalts


@define(eq=False)
class HaltedParts:
    """`look` reads what is halted; what this process halts itself holds here at once, and is kept by the next look.

    `by` names this process. Without `halts`, as in a process that trades nothing, nothing is ever halted.
    """

    halts: PartialHalts | None = None
    by: str = "this process"
    users: frozenset[str] = frozenset()
    venues: frozenset[str] = frozenset()
    _to_keep: dict[tuple[HaltOf, str], str] = field(factory=dict)
    # What was read earlier must not replace what was read later.
    _looking: asyncio.Lock = field(factory=asyncio.Lock)

    @property
    def counted(self) -> Mapping[HaltOf, int]:
        """How many users and venues are halted."""
        return {HaltOf.USER: len(self.users), HaltOf.VENUE: len(self.venues)}

    def stop_venue(self, name: str, why: str) -> None:
        """Ask and send to the venue nothing more, in every process, until an operator resumes it. It never fails."""
        if name not in self.venues:
            self._to_keep[HaltOf.VENUE, name] = why
            self.venues |= {name}
            observe.venue_stopped(name, why)

    async def look(self) -> None:
        """Keep what is to be kept, and see what is halted. Raises StoreUnavailable; what was known then holds on."""
        async with self._looking:
            await self._look()

    async def _look(self) -> None:
        if self.halts is None:
            return
        for (of, name), why in tuple(self._to_keep.items()):
            act = AuditEntry(self.by, self.by, None, f"{of}.halt", name, after={"why": why})
            await self.halts.begin(of, name, why, act)
            del self._to_keep[of, name]
        kept = await self.halts.all()
        found = {name for _, name in self._to_keep}  # while they were read
        users = frozenset(halt.name for halt in kept if halt.of is HaltOf.USER)
        venues = frozenset(halt.name for halt in kept if halt.of is HaltOf.VENUE) | found
        if (users, venues) != (self.users, self.venues):
            self.users, self.venues = users, venues
            observe.parts_halted(sorted(users), sorted(venues))
