"""What an operator may do with a part of trading: halt a user or a venue, and let it go on."""

from collections.abc import Sequence

from attrs import frozen

from application.caller import Caller, Scope
from application.errors import UnknownVenue
from application.observe import trading as observe
from application.ports.partial_halts import HaltOf, PartialHalt, PartialHalts
from application.venues import Venues


@frozen
class HaltParts:
    """The operator's part. Every process goes by it within a second. Each call raises StoreUnavailable."""

    halts: PartialHalts
    venues: Venues

    async def state(self, caller: Caller) -> Sequence[PartialHalt]:
        """Return the halts of users and venues that hold, the oldest first."""
        caller.require(Scope.ADMIN)
        return await self.halts.all()

    async def halt(self, caller: Caller, of: HaltOf, name: str, why: str) -> PartialHalt:
        """Halt a user or a venue, unless it is halted; return the halt that holds.

        Raises UnknownVenue, since a name that is misspelt would stop nothing.
        """
        caller.require(Scope.ADMIN)
        if of is HaltOf.VENUE and name not in self.venues.names:
            raise UnknownVenue(name, self.venues.names)
        halt = await self.halts.begin(of, name, why, caller.act(f"{of}.halt", name, after={"why": why}))
        observe.part_halted_by_operator(of, name, halt.why, caller.name)
        return halt

    async def resume(self, caller: Caller, of: HaltOf, name: str) -> PartialHalt | None:
        """End the halt of a user or a venue; return it, None when there was none."""
        caller.require(Scope.ADMIN)
        ended = await self.halts.end(of, name, caller.act(f"{of}.resume", name))
        if ended is not None:
            observe.part_resumed_by_operator(of, name, ended.why, caller.name)
        return ended
