"""Keep this process's clock on the store's, so that no two machines' clocks are ever compared."""

from datetime import datetime

from attrs import define

from application import observe
from application.ports.errors import StoreUnavailable
from application.ports.system import CorrectedClock, StoreClock

EVERY_SECONDS = 10.0
RETRY_SECONDS = 1.0
SAMPLES = 3
SKEWED_SECONDS = 1.0


@define
class FollowStoreClock:
    """Measures how far this machine's clock is from the store's, and has the process use the store's."""

    store_clock: StoreClock
    clock: CorrectedClock
    _skewed: bool = False
    _measured: bool = False

    def on_time(self) -> bool:
        """Say whether the process uses the store's time: not before that was read once."""
        return self._measured

    async def __call__(self) -> bool:
        """Measure once; return whether the store answered."""
        try:
            samples = [await self._sample() for _ in range(SAMPLES)]
        except StoreUnavailable:
            return False
        quickest = min(samples, key=lambda sample: sample[2] - sample[1])
        self.clock.correct(*quickest)
        self._measured = True
        skew = (self.clock.wall() - self.clock.now()).total_seconds()
        observe.clock_measured(skew)
        skewed = abs(skew) > SKEWED_SECONDS
        if skewed and not self._skewed:
            observe.clock_skewed(skew)
        self._skewed = skewed
        return True

    async def run(self) -> None:
        """Measure now and then, until cancelled."""
        while True:
            answered = await self()
            await self.clock.sleep(EVERY_SECONDS if answered else RETRY_SECONDS)

    async def _sample(self) -> tuple[datetime, float, float]:
        asked = self.clock.monotonic()
        at = await self.store_clock.read_clock()
        return at, asked, self.clock.monotonic()
