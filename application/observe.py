"""What is worth knowing, one function each. Business code calls these; only they log."""

import logging

_log = logging.getLogger("order_engine")


def process_started(process: str, url: str) -> None:
    """Tell that a process is up and where it listens."""
    _log.info("process_started", extra={"role": process, "url": url})


def process_stopped(process: str) -> None:
    """Tell that a process has let go of everything."""
    _log.info("process_stopped", extra={"role": process})


def order_accepted(order_id: str, user_id: str, replayed: bool) -> None:
    """Tell that an order is safe in the store, or an equal one was already."""
    _log.debug("order_accepted", extra={"order_id": order_id, "user_id": user_id, "replayed": replayed})


def order_not_queued(order_id: str, error: Exception) -> None:
    """Tell that the queue did not take an accepted order; the sweep will put it."""
    _log.warning("order_not_queued", extra={"order_id": order_id, "error": repr(error)})


def step_stored(order_id: str, seq: int, status: str, attempt: int) -> None:
    """Tell that a step is in the store."""
    _log.debug("step_stored", extra={"order_id": order_id, "seq": seq, "status": status, "attempt": attempt})


def attempt_failed(order_id: str, attempt: int, why: str) -> None:
    """Tell that an attempt failed; the order is retried or fails with it."""
    _log.info("attempt_failed", extra={"order_id": order_id, "attempt": attempt, "why": why})


def venue_refused(order_id: str, venue: str, why: str) -> None:
    """Tell that a venue gave no quote and is left out of this attempt."""
    _log.info("venue_refused", extra={"order_id": order_id, "venue": venue, "why": why})


def swap_outcome_unknown(order_id: str, tx_hash: str, error: Exception) -> None:
    """Tell that the venue was sent a transaction and nobody knows what became of it; it will be asked."""
    _log.warning("swap_outcome_unknown", extra={"order_id": order_id, "tx_hash": tx_hash, "error": repr(error)})


def stale_write_refused(order_id: str, version: int) -> None:
    """Another writer had moved the order on; nothing was changed."""
    _log.info("stale_write_refused", extra={"order_id": order_id, "version": version})


def store_away(what: str, error: Exception) -> None:
    """Tell that the store cannot be reached; `what` waits and tries again."""
    _log.warning("store_away", extra={"what": what, "error": repr(error)})


def queue_away(what: str, error: Exception) -> None:
    """Tell that the queue cannot be reached; `what` waits and tries again."""
    _log.warning("queue_away", extra={"what": what, "error": repr(error)})


def lease_lost(order_id: str) -> None:
    """Tell that a worker no longer holds a job that it had taken."""
    _log.warning("lease_lost", extra={"order_id": order_id})


def order_unreadable(order_id: str, error: Exception) -> None:
    """Tell that an order was left out of a list because what the store holds of it makes no sense."""
    _log.error("order_unreadable", extra={"order_id": order_id, "error": repr(error)})


def job_failed(order_id: str, error: Exception) -> None:
    """Tell that executing an order ended in an error that nobody foresaw; the job is given back."""
    _log.error("job_failed", extra={"order_id": order_id}, exc_info=error)


def orders_put_back(count: int) -> None:
    """Tell that the sweep gave idle open orders to the queue."""
    if count:
        _log.info("orders_put_back", extra={"count": count})


def job_buried(order_id: str, why: str) -> None:
    """Tell that the queue gave a job up; the order's state is as it was, an operator decides."""
    _log.error("job_buried", extra={"order_id": order_id, "why": why})


def order_failed_by_operator(order_id: str, status: str) -> None:
    """Tell that an operator ended an order that had this status."""
    _log.warning("order_failed_by_operator", extra={"order_id": order_id, "status": status})


def feed_away(what: str, error: Exception) -> None:
    """Tell that the live channel cannot be reached; `what` tries again, the store covers what is missed."""
    _log.warning("feed_away", extra={"what": what, "error": repr(error)})


def frames_dropped(count: int) -> None:
    """Tell that frames were not published; whoever watches reads them from the store."""
    _log.warning("frames_dropped", extra={"count": count})


def sink_failed(order_id: str, error: Exception) -> None:
    """Tell that a subscriber's own code failed on a frame; the others got it."""
    _log.error("sink_failed", extra={"order_id": order_id}, exc_info=error)
