"""Workers in this process's memory: its own."""

from collections.abc import Sequence
from datetime import timedelta

from attrs import define, field

from application.ports.system import Clock
from application.ports.workers import SeenWorker, WorkerState


@define(eq=False)
class InMemoryWorkers:
    """Keeps the newest word of each."""

    clock: Clock
    _seen: dict[str, SeenWorker] = field(factory=dict, init=False)

    async def report(self, state: WorkerState) -> None:
        now, known = self.clock.now(), self._seen.get(state.name)
        self._seen[state.name] = SeenWorker(state, known.since if known else now, now)

    async def leave(self, name: str) -> None:
        self._seen.pop(name, None)

    async def heard(self, within_seconds: float) -> Sequence[SeenWorker]:
        since = self.clock.now() - timedelta(seconds=within_seconds)
        heard = (seen for seen in self._seen.values() if seen.seen_at > since)
        return sorted(heard, key=lambda seen: (seen.since, seen.state.name))
