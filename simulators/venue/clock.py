"""The venues' own time: no clock of the engine's is theirs, and anybody may set it."""

import asyncio
from datetime import UTC, datetime, timedelta


class Clock:
    """The machine's time and what it was set `ahead`. Waits do not go by it."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        """Return the time in UTC."""
        return datetime.now(UTC) + self.ahead

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`; at once for 0 or less."""
        await asyncio.sleep(seconds)
