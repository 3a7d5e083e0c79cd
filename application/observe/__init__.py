"""What is worth knowing, one function each: it logs and counts. Business code calls these; only they do either."""

from application.observe import metrics, tracing
from application.observe.log import PROCESS, REQUEST_ID, TRACEPARENT, Log, Sparing
from application.observe.metrics import STEPS, VENUE_CALLS
from domain.events import OrderEvent
from domain.order import Order, Step
from domain.status import FINAL

_log = Log.of()
_orders_not_queued = Sparing(_log.warning, "order_not_queued", counted="orders")
_store_away = Sparing(_log.warning, "store_away")
_queue_away = Sparing(_log.warning, "queue_away")
_feed_away = Sparing(_log.warning, "feed_away")
_frames_dropped = Sparing(_log.warning, "frames_dropped", counted="count")
_swap_outcome_unknown = Sparing(_log.warning, "swap_outcome_unknown")
_finality_unknown = Sparing(_log.info, "finality_unknown")


def process_named(role: str, holder: str) -> None:
    """Have every line of this process say what it is, and its name: the one that leases are held under."""
    PROCESS.set({"role": role, "holder": holder})


def process_started(process: str, url: str, operations_url: str | None = None) -> None:
    """Record that a process is up and where it listens, for operators too if that is elsewhere."""
    _log.info("process_started", role=process, url=url, **({"operations": operations_url} if operations_url else {}))


def operations_port_taken(why: str, url: str) -> None:
    """Record that the operations port is not where it is by default."""
    _log.warning("operations_port_taken", reason=why, url=url)


def process_stopped(process: str) -> None:
    """Record that a process has let go of everything."""
    _log.info("process_stopped", role=process)


def order_accepted(order_id: str, user_id: str, replayed: bool) -> None:
    """Record that an order is safe in the store, or an equal one was already."""
    (metrics.ORDERS_REPLAYED if replayed else metrics.ORDERS_ACCEPTED).add()
    if _log.keeps_debug():
        _log.debug("order_accepted", order_id=order_id, user_id=user_id, replayed=replayed)


def order_taken(order: Order) -> None:
    """Have every line of this task name the request and the trace of the order that a worker goes on with."""
    REQUEST_ID.set(order.origin.request_id or "")
    TRACEPARENT.set(order.origin.traceparent)
    tracing.order_taken(order)


def orders_not_queued(count: int, error: Exception) -> None:
    """Record that the queue did not take accepted orders; the sweep will put them."""
    metrics.ORDERS_NOT_QUEUED.add(count)
    then = "they are safe in Postgres: a worker's sweep queues them when Redis answers"
    _orders_not_queued(count=count, error=repr(error), then=then)


def step_stored(before: Order, step: Step) -> None:
    """Record that a step is in the store, of an order as it was `before`."""
    after, event = step
    seconds = (event.at - before.updated_at).total_seconds()
    # The store's clock may be put back, and a process knows it only to some milliseconds.
    STEPS[event.kind].observe(seconds if seconds > 0 else 0.0)
    tracing.step_stored(before, step)
    if event.status in FINAL:
        _order_finished(before, event, after)
    if _log.keeps_debug():
        _log.debug(
            "step_stored",
            order_id=event.order_id,
            attempt=event.attempt,
            seq=event.seq,
            step=event.kind,
            status=event.status,
        )


def _order_finished(before: Order, event: OrderEvent, after: Order) -> None:
    seconds = (event.at - before.created_at).total_seconds()
    end = metrics.CANCELLED if event.reason == metrics.CANCELLED else event.status
    metrics.ORDERS[end].observe(seconds if seconds > 0 else 0.0)
    metrics.ORDERS_FINISHED[end, event.reason or ""].add()
    facts = _about(before)
    facts |= {"attempt": event.attempt, "status": event.status, "ms": round(1000 * seconds)}
    facts |= {"reason": event.reason} if event.reason else {"tx_hash": after.tx_hash}
    _log.info("order_finished", **facts)


def attempt_failed(order: Order, why: str) -> None:
    """Record that an attempt failed; the order is retried or fails with it."""
    metrics.ATTEMPTS_FAILED[why].add()
    _log.info("attempt_failed", **_about(order), attempt=order.attempt, why=why)


def _about(order: Order) -> dict[str, object]:
    """Name an order, its user, and where it came from, unless all lines of this task do; then also who asks."""
    origin, asks = order.origin, REQUEST_ID.get("")
    facts: dict[str, object] = {"order_id": order.order_id, "user_id": order.user_id}
    if asks != origin.request_id and origin.request_id:
        facts["request_id"] = origin.request_id
        if origin.traceparent:
            facts["trace_id"] = origin.trace_id
        if asks:
            facts["by_request_id"] = asks
    return facts


def venue_called(venue: str, call: str, outcome: str, seconds: float, span_id: bytes | None = None) -> None:
    """Record how a call to a venue ended (`ok`, `rejected`, or the way in which it did not answer).

    Its span is the one that the call passed on, if it did.
    """
    VENUE_CALLS[venue, call, outcome].observe(seconds)
    tracing.venue_called(venue, call, outcome, seconds, span_id)


def venue_refused(order_id: str, attempt: int, venue: str, call: str, why: str) -> None:
    """Record that a venue gave no quote and is left out of this attempt, or did not build on it, which ends it."""
    _log.info("venue_refused", order_id=order_id, attempt=attempt, venue=venue, call=call, why=why)


def venue_failed(venue: str, error: Exception) -> None:
    """Record that a venue's adapter ended in an error that nobody foresaw; the venue is left out."""
    _log.error("venue_failed", venue=venue, stack_of=error)


def venue_unreachable(venue: str, error: Exception) -> None:
    """Record that nothing answered at a venue's address: it is left out until a trial reaches it."""
    metrics.VENUES_UNREACHABLE[venue].set(1)
    _log.warning("venue_unreachable", venue=venue, error=repr(error.__cause__ or error))


def venue_reached(venue: str) -> None:
    """Record that a venue that could not be reached answers again."""
    metrics.VENUES_UNREACHABLE[venue].set(0)
    _log.info("venue_reached", venue=venue)


def swap_outcome_unknown(order_id: str, attempt: int, tx_hash: str, error: Exception) -> None:
    """Record that the venue was sent a transaction and nobody knows what became of it; it will be asked."""
    metrics.SWAPS_UNKNOWN.add()
    _swap_outcome_unknown(tx_hash, order_id=order_id, attempt=attempt, tx_hash=tx_hash, error=repr(error))


def swap_overdue(order_id: str, attempt: int, tx_hash: str, venue: str) -> None:
    """Record that a venue has not ended a transaction long after it expired; it is asked on."""
    metrics.SWAPS_OVERDUE.add()
    _log.warning("swap_overdue", order_id=order_id, attempt=attempt, tx_hash=tx_hash, venue=venue)


def swap_undone(order_id: str, tx_hash: str, venue: str) -> None:
    """Record that a confirmed order's swap is not on its chain, for good. The order stays as it is, for a person."""
    metrics.SWAPS_UNDONE.add()
    _log.error("swap_undone", order_id=order_id, tx_hash=tx_hash, venue=venue)


def fill_changed(order_id: str, tx_hash: str, venue: str) -> None:
    """Record that a swap that was undone landed again with other amounts; those are kept."""
    _log.warning("fill_changed", order_id=order_id, tx_hash=tx_hash, venue=venue)


def swap_unsettled(order_id: str, tx_hash: str, venue: str) -> None:
    """Record that a swap is not final long after it was confirmed; its chain is asked on."""
    metrics.SWAPS_UNSETTLED.add()
    _log.warning("swap_unsettled", order_id=order_id, tx_hash=tx_hash, venue=venue)


def finality_unknown(order_id: str, venue: str, error: Exception) -> None:
    """Record that a venue did not say whether a swap is final; it is asked again."""
    _finality_unknown(venue, order_id=order_id, venue=venue, error=repr(error))


def stale_write_refused(order_id: str, version: int) -> None:
    """Another writer had moved the order on; nothing was changed."""
    metrics.STALE_WRITES.add()
    _log.info("stale_write_refused", order_id=order_id, version=version)


def clock_measured(skew_seconds: float) -> None:
    """Record how far this machine's clock is ahead of the store's, by which the process goes."""
    metrics.CLOCK_SKEW.set(skew_seconds)


def clock_skewed(skew_seconds: float) -> None:
    """Record that this machine's clock is wrong, or the store's; nothing is decided by it."""
    _log.warning("clock_skewed", seconds=round(skew_seconds, 3))


def store_away(what: str, error: Exception, order_id: str | None = None) -> None:
    """Record that the store cannot be reached; `what` waits and tries again."""
    metrics.STORE_AWAY.add()
    if order_id is None:
        _store_away(what, what=what, error=repr(error))
    else:
        _store_away(what, order_id=order_id, what=what, error=repr(error))


def store_full(why: str) -> None:
    """Record that the store can hold no more, until somebody makes room; `why` is its own code."""
    metrics.STORE_FULL.add()
    _log.error("store_full", why=why)


def store_role_is_superuser() -> None:
    """Record that this process may do anything to the database server, which it never needs."""
    _log.warning("store_role_is_superuser", remedy="order-engine roles")


def id_range_low(table: str, used: float) -> None:
    """Record that a table's ids are nearly used up, and which share is."""
    _log.warning("id_range_low", table=table, used=round(used, 3))


def queue_away(what: str, error: Exception) -> None:
    """Record that the queue cannot be reached; `what` waits and tries again."""
    metrics.QUEUE_AWAY.add()
    _queue_away(what, what=what, error=repr(error))


def feed_away(what: str, error: Exception) -> None:
    """Record that the live channel cannot be reached; `what` tries again, the store covers what is missed."""
    metrics.FEED_AWAY.add()
    _feed_away(what, what=what, error=repr(error))


def batch_flushed(kind: str, size: int, seconds: float) -> None:
    """Record that calls of a kind went to their server together, whatever came of them."""
    metrics.BATCH_SIZES[kind].observe(size)
    metrics.BATCH_FLUSHES[kind].observe(seconds)


def worker_ready(slots: int) -> None:
    """Record how many orders this worker may execute at once."""
    metrics.SLOTS.set(slots)
    worker_takes("all")


def worker_takes(taking: str) -> None:
    """Record what this worker takes from now on: `all` jobs, one on `trial`, or `none`, since its store is away."""
    for each in ("all", "trial", "none"):
        metrics.WORKERS[each].set(each == taking)
    _log.info("worker_takes", taking=taking)


def jobs_handed_back(why: str, count: int) -> None:
    """Count jobs that are put back: this worker does not reach the `store`, or any of the `venues`, or it is a `halt`.

    The halt is of the order's user, or of all venues.
    """
    metrics.JOBS_HANDED_BACK[why].add(count)


def in_flight(orders: int) -> None:
    """Record how many orders this worker executes now."""
    metrics.IN_FLIGHT.set(orders)


def leases_taken_over(count: int) -> None:
    """Record that jobs were taken whose earlier holder let their leases run out: it died, or froze."""
    if count:
        metrics.TAKEOVERS.add(count)
        _log.info("leases_taken_over", count=count)


def lease_lost(order_id: str) -> None:
    """Record that a worker no longer holds a job that it had taken."""
    metrics.LEASES_LOST.add()
    _log.warning("lease_lost", order_id=order_id)


def job_failed(order_id: str, error: Exception) -> None:
    """Record that executing an order ended in an error that nobody foresaw; the job is handed back."""
    metrics.JOBS_FAILED.add()
    _log.error("job_failed", order_id=order_id, stack_of=error)


def job_buried(order_id: str, why: str) -> None:
    """Record that the queue gave a job up; the order's state is as it was, an operator decides."""
    metrics.JOBS_BURIED.add()
    _log.error("job_buried", order_id=order_id, why=why)


def orders_put_back(count: int) -> None:
    """Record that the sweep found idle open orders that were not in the queue, and put them there."""
    if count:
        metrics.PUT_BACK.add(count)
        _log.info("orders_put_back", count=count)


def order_unreadable(order_id: str, error: Exception) -> None:
    """Record that an order was left out of a list because what the store holds of it makes no sense."""
    metrics.ORDERS_UNREADABLE.add()
    _log.error("order_unreadable", order_id=order_id, error=repr(error))


def order_failed_by_operator(order_id: str, status: str) -> None:
    """Record that an operator ended an order that had this status."""
    _log.warning("order_failed_by_operator", order_id=order_id, status=status)


def frames_dropped(count: int) -> None:
    """Record that frames were not published; whoever watches reads them from the store."""
    metrics.FRAMES_DROPPED.add(count)
    _frames_dropped(count=count)


def frames_crowded_out(count: int) -> None:
    """Count frames that too many later ones pushed out, one by one while the server does not take any."""
    metrics.FRAMES_DROPPED.add(count)


def sink_failed(order_id: str, error: Exception) -> None:
    """Record that a subscriber's own code failed on a frame; the others got it."""
    _log.error("sink_failed", order_id=order_id, stack_of=error)
