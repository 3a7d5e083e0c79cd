"""Whether trading is halted, for all processes of the engine, and which orders an operator has to decide on."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from attrs import field, frozen

from application.ports.audit import AuditEntry
from application.ports.write_marks import WriteMark


@frozen
class Halt:
    """A halt of all trading: since when (the store's clock, UTC), why, and who began it.

    `lost_writes` says that the store no longer has what it had acknowledged, as after a failover to a standby that was
    behind: then what the venues did has to be compared with the orders before trading goes on. `seconds` is how long
    it holds already, by the store's clock.
    """

    since: datetime
    why: str
    by: str
    lost_writes: bool = False
    seconds: float = field(default=0.0, eq=False)


class TradingHalts(Protocol):
    """Keeps halts, one at a time, where every process sees them. Calls raise StoreUnavailable within a bounded time.

    What changes anything is an administrative `act`: it is kept in the same commit, if anything was changed.
    """

    @property
    def found(self) -> str | None:
        """Why trading must halt that this process has found out itself, at once, before any `current` tells it."""
        ...

    @property
    def settling(self) -> bool:
        """Whether another server answers since a moment ago, so that other processes may still find writes lost."""
        ...

    async def current(self) -> Halt | None:
        """Return the halt that holds now. What this process found is begun as a halt first, until that is kept."""
        ...

    async def start(self, why: str, act: AuditEntry, *, lost_writes: bool = False) -> Halt:
        """Begin a halt, unless there is one, which learns of lost writes at most; return the one that holds."""
        ...

    async def end(self, act: AuditEntry) -> Halt | None:
        """End the halt that holds, for all processes and for good; return it, None when there was none."""
        ...

    async def mark(self, at: datetime) -> WriteMark | None:
        """Return the newest write that was acknowledged to this process since the last mark; None without one."""
        ...

    async def compare(self, marks: Sequence[WriteMark]) -> None:
        """Look for writes that were acknowledged to other processes; `found` and `current` say what is lost.

        Only marks of this very database are judged, from before a failover that no ended halt was begun for.
        """
        ...

    async def hold(self, order_ids: Collection[str], act: AuditEntry) -> int:
        """Let no worker run these orders, unless they are final; return how many are held now that were not."""
        ...

    async def release(self, order_id: str, act: AuditEntry) -> bool:
        """Let an order that is held run again; say whether there was one."""
        ...
