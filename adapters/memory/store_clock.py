"""The clock of a store without a server."""

from datetime import datetime

from application.ports.system import CorrectedClock


class InMemoryStoreClock:
    """The machine's own: nothing has to be put right but for a step of it."""

    def __init__(self, clock: CorrectedClock) -> None:
        self._clock = clock

    async def read_clock(self) -> datetime:
        return self._clock.wall()
