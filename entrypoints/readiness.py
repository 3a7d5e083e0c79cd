"""What readiness looks after on real servers: an API takes orders without Redis, a worker needs it."""

from collections.abc import Awaitable, Callable, Sequence

from application.errors import TradingHalted
from application.ports.errors import StoreUnavailable
from application.trading_gate import TradingGate
from entrypoints.lifecycle import StartError
from entrypoints.web.http.health import Check, Checks

Probe = Callable[[], Awaitable[object]]


def live_checks(
    ping_store: Probe, pending: Callable[[], Awaitable[Sequence[str]]], ping_queue: Probe, gate: TradingGate
) -> Checks:
    """Return the checks; `pending` gives the names of the migrations that are still to apply."""

    async def postgres() -> None:
        await ping_store()
        if not gate.on_time():
            raise StoreUnavailable("its clock was not read yet")

    async def migrated() -> None:
        if names := await pending():
            raise StartError(f"migrations are pending: {', '.join(names)}")

    async def trading() -> None:
        if gate.why_shut is not None:
            raise TradingHalted

    return {
        "postgres": Check(postgres),
        "migrations": Check(migrated),
        "redis": Check(ping_queue, required=False),
        "trading": Check(trading, shown_as="halted"),
    }
