"""An administrative act beyond the store, as in the queue: noted before it is tried, and again with its outcome."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from attrs import evolve

from application.observe import trading as observe
from application.ports.audit import Audit, AuditEntry, Outcome
from application.ports.errors import PortError, StoreUnavailable

Answer = TypeVar("Answer")


async def audited(audit: Audit, entry: AuditEntry, act: Callable[[], Awaitable[Answer]]) -> Answer:
    """Do `act`, unless it cannot be noted; an answer of False says that there was nothing to do.

    Raises StoreUnavailable when nothing was noted and nothing done, and what `act` raises. An outcome that cannot be
    noted any more is logged: the act has an entry that says that it was begun.
    """
    await audit.write(evolve(entry, outcome=Outcome.BEGUN))
    try:
        answer = await act()
    except PortError:
        await _note(audit, evolve(entry, outcome=Outcome.UNKNOWN))
        raise
    await _note(audit, evolve(entry, outcome=Outcome.NOTHING if answer is False else Outcome.DONE))
    return answer


async def _note(audit: Audit, entry: AuditEntry) -> None:
    try:
        await audit.write(entry)
    except StoreUnavailable as error:
        observe.outcome_not_noted(entry.what, entry.outcome, error)
