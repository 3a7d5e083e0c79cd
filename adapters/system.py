"""The machine's own time and chance."""

import asyncio
import time
import uuid
from datetime import UTC, datetime


class SystemClock:
    """A `Clock` that tells the machine's time."""

    def now(self) -> datetime:
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        if seconds > 0:
            await asyncio.sleep(seconds)


class RandomIds:
    """`Ids` from the system's random source."""

    def new(self) -> str:
        return str(uuid.uuid4())
