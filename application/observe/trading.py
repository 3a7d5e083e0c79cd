"""What is worth knowing of trading as a whole: whether it is halted and why, and what operators do."""

from collections.abc import Sequence

from application.observe import metrics
from application.observe.log import Log

_log = Log.of()


def log_went_back(why: str) -> None:
    """Record that the store lacks a write that it had acknowledged to this process: trading halts."""
    metrics.LOG_WENT_BACK.add()
    _log.error("log_went_back", why=why)


def store_server_changed(before: str, now: str) -> None:
    """Record that another server answers as the store, or the same one after a restart; what is known is there."""
    _log.warning("store_server_changed", before=before, now=now)


def trading_halt_seen(why: str | None) -> None:
    """Record that this process trades no more, and why; None: it trades again."""
    _log.warning("trading_halted" if why is not None else "trading_resumed", why=why)


def trading_halted_by_operator(why: str, by: str) -> None:
    """Record that an operator wants nothing traded."""
    _log.warning("trading_halted_by_operator", why=why, by=by)


def trading_resumed_by_operator(why: str, by: str) -> None:
    """Record that an operator ended a halt, which had this cause."""
    _log.warning("trading_resumed_by_operator", why=why, by=by)


def venue_contradicts(order_id: str, attempt: int, venue: str, tx_hash: str, why: str) -> None:
    """Record that a venue's answer cannot be true of what it was asked or sent; a person has to look."""
    metrics.VENUE_CONTRADICTIONS.add()
    _log.error("venue_contradicts", order_id=order_id, attempt=attempt, venue=venue, tx_hash=tx_hash, why=why)


def venue_stopped(name: str, why: str) -> None:
    """Record that this process asks and sends nothing more to a venue, and has the others stop too."""
    _log.error("venue_stopped", venue=name, why=why)


def parts_halted(users: Sequence[str], venues: Sequence[str]) -> None:
    """Record which users and venues are halted from now on, as far as this process knows."""
    _log.warning("parts_halted", users=users, venues=venues)


def part_halted_by_operator(of: str, name: str, why: str, by: str) -> None:
    """Record that an operator wants nothing traded for a user, or at a venue."""
    _log.warning("part_halted_by_operator", of=of, subject=name, why=why, by=by)


def part_resumed_by_operator(of: str, name: str, why: str, by: str) -> None:
    """Record that an operator ended the halt of a user or a venue, which had this cause."""
    _log.warning("part_resumed_by_operator", of=of, subject=name, why=why, by=by)


def open_orders_settled(submitted: int, held: int) -> None:
    """Record how many open orders got the transaction that their venue had, and how many an operator decides on."""
    _log.warning("open_orders_settled", submitted=submitted, held=held)


def order_released(order_id: str) -> None:
    """Record that an operator let an order run that was held."""
    _log.warning("order_released", order_id=order_id)


def outcome_not_noted(what: str, outcome: str, error: Exception) -> None:
    """Record that an act was noted as begun, and how it ended could not be."""
    _log.error("outcome_not_noted", what=what, outcome=outcome, error=repr(error))
