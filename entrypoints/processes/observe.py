"""What is worth knowing about children, one function each: it logs and counts; only they do either."""

from application.observe import metrics
from application.observe.log import Log

_log = Log.of("processes")


def child_started(pid: int) -> None:
    """Record that a child was started; its own log says when it is up."""
    _log.info("child_started", child_pid=pid)


def child_not_started(error: OSError) -> None:
    """Record that the system did not let us start a child."""
    _log.error("child_not_started", error=repr(error))


def child_ended(pid: int, exit_code: int) -> None:
    """Record that a child ended and nobody had asked for it; negative is the signal that killed it."""
    metrics.PROCESSES_ENDED.add()
    _log.warning("child_ended", child_pid=pid, exit_code=exit_code)


def children_die_young(times: int, pause_seconds: float) -> None:
    """Record that the next child is started only after a pause."""
    _log.error("children_die_young", times=times, pause_seconds=pause_seconds)


def children_killed(at_once: bool) -> None:
    """Record that children did not drain: they took too long, or somebody wanted an end `at_once`."""
    _log.error("children_killed", at_once=at_once)
