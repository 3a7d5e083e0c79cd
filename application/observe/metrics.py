"""Every metric that a process counts by itself. The functions beside this file move them; docs/metrics.md lists them.

Labels have few values, all known beforehand or chosen by the operator: never an order, a user or a text of a client's.
"""

from itertools import product

from application.limits.limit import By, Of
from application.observe.meters import Meters, furthest
from domain.status import FINAL, EventKind, FailureReason, OrderStatus

PREFIX = "order_engine_"
CANCELLED = FailureReason.CANCELLED  # an end of its own here: who wanted it so has no failure
METERS = Meters(PREFIX)

# 1 ms to 60 s, close together where an order's life usually ends.
LIFE_SECONDS = (
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 7.5, 10.0, 20.0, 30.0, 60.0,
)  # fmt: skip
CALL_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SIZES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)

ORDERS_ACCEPTED = METERS.counter("orders_accepted_total", "Orders that are safe in the store")
ORDERS_REPLAYED = METERS.counter("orders_replayed_total", "Requests that were answered with an earlier, equal order")
ORDERS_NOT_QUEUED = METERS.counter(
    "orders_not_queued_total", "Accepted orders that the queue did not take; the sweep puts them"
)
REFUSALS = METERS.counters("refusals_total", "Requests that were answered with a problem", "code")

LIMITED = METERS.counters("limited_total", "Requests and sockets beyond a limit: of what, and by whom", "of", "by")

STEPS = METERS.histograms(
    "step_duration_seconds",
    "From the step before (or acceptance) to this one, all waits included",
    LIFE_SECONDS,
    "step",
)
ORDERS = METERS.histograms(
    "order_duration_seconds", "From acceptance to `confirmed`, `failed` or `cancelled`", LIFE_SECONDS, "status"
)
ORDERS_FINISHED = METERS.counters(
    "orders_finished_total", "Orders that ended `confirmed`, `failed` or `cancelled`", "status", "reason"
)
ATTEMPTS_FAILED = METERS.counters("attempts_failed_total", "Attempts that failed, retried or not", "reason")
SWAPS_UNKNOWN = METERS.counter(
    "swap_outcomes_unknown_total", "Times that a venue did not say what became of a transaction"
)
SWAPS_OVERDUE = METERS.counter(
    "swaps_overdue_total", "Times that a venue left a transaction open a minute after it expired"
)
SWAPS_UNDONE = METERS.counter(
    "swaps_undone_total", "Times that a swap of a confirmed order was found undone by its chain"
)
SWAPS_UNSETTLED = METERS.counter(
    "swaps_unsettled_total", "Times that a swap was neither final nor undone five minutes after it was confirmed"
)
VENUE_CONTRADICTIONS = METERS.counter(
    "venue_contradictions_total", "Answers of venues that cannot be true: the order is held, the venue stopped"
)
STALE_WRITES = METERS.counter(
    "stale_writes_refused_total", "Steps that were not stored since another writer had moved the order on"
)

IN_FLIGHT = METERS.gauge("orders_in_flight", "Orders that workers execute now")
SLOTS = METERS.gauge("worker_slots", "Orders that workers may execute at once")
WORKERS = METERS.gauges("workers", "Workers by what they take: `all`, a `trial`, `none`", "taking")
JOBS_HANDED_BACK = METERS.counters("jobs_handed_back_total", "Jobs put back, for want of what, or for a halt", "why")
JOBS_FAILED = METERS.counter("jobs_failed_total", "Executions that ended in an error that nobody foresaw")
JOBS_BURIED = METERS.counter("jobs_buried_total", "Jobs that the queue gave up: dead letters")
TAKEOVERS = METERS.counter("lease_takeovers_total", "Jobs that were taken after another worker's lease ran out")
LEASES_LOST = METERS.counter("leases_lost_total", "Jobs that a worker had in hand and lost to another")
PUT_BACK = METERS.counter("orders_put_back_total", "Idle open orders that the queue lacked and the sweep put there")
ORDERS_UNREADABLE = METERS.counter("orders_unreadable_total", "Damaged orders that were left out of a list")

VENUE_CALLS = METERS.histograms(
    "venue_call_duration_seconds",
    "Calls to venues: how they ended and how long they took",
    CALL_SECONDS,
    "venue",
    "call",
    "outcome",
)
VENUES_UNREACHABLE = METERS.gauges("venue_unreachable", "Workers that cannot reach the venue", "venue")

CLOCK_SKEW = METERS.gauge(
    "clock_skew_seconds", "How far this machine's clock is ahead of Postgres'; decides nothing", of_all=furthest
)
STORE_AWAY = METERS.counter("store_away_total", "Times that the store did not answer")
STORE_FULL = METERS.counter("store_full_total", "Times that the store had no room or no id left for what was written")
LOG_WENT_BACK = METERS.counter(
    "log_went_back_total", "Times that the store lacked a write that it had acknowledged: trading halts"
)
QUEUE_AWAY = METERS.counter("queue_away_total", "Times that the queue did not answer")
FEED_AWAY = METERS.counter("feed_away_total", "Times that the live channel did not answer")
BATCH_SIZES = METERS.histograms("batch_size", "Calls that went to a server together", SIZES, "kind")
BATCH_FLUSHES = METERS.histograms(
    "batch_flush_duration_seconds", "From the sending of a batch to its answer", CALL_SECONDS, "kind"
)

HTTP_REQUESTS = METERS.histograms(
    "http_request_duration_seconds",
    "HTTP requests, until their answer is ready",
    CALL_SECONDS,
    "route",
    "method",
    "status",
)
CONNECTIONS_REFUSED = METERS.counters(
    "connections_refused_total", "Connections that were ended for want of room, by what there was too little of", "why"
)
SOCKETS_OPEN = METERS.gauges("sockets_open", "WebSockets that are open", "kind")
SOCKETS_CLOSED = METERS.counters("sockets_closed_total", "WebSockets that the server closed", "code")
FRAMES_SENT = METERS.counters("frames_sent_total", "Frames that were sent on WebSockets", "kind")
FRAMES_DROPPED = METERS.counter(
    "frames_dropped_total", "Frames that were not published; those who watch read them from the store"
)
TOKEN_KEYS_REFUSED = METERS.counter(
    "token_keys_refused_total", "Times that the file of tokens' keys changed and was no good: the old keys stay"
)
TOKEN_LIST_REFUSED = METERS.counter("token_list_refused_total", "Bad changes of the token list: the old one stays")
WEBHOOK_ATTEMPTS = METERS.histograms(
    "webhook_attempt_duration_seconds",
    "Events that were sent to webhook endpoints, by how that ended",
    CALL_SECONDS,
    "outcome",
)
WEBHOOKS_DISABLED = METERS.counter(
    "webhooks_disabled_total", "Webhook endpoints that got nothing for a day, or are gone: nothing more is sent to them"
)
PROCESSES_ENDED = METERS.counter(
    "api_processes_ended_total", "Processes of `api --processes` that ended and were not told to"
)


# Series whose first rise must show are there from the start: one that begins at 1 has no increase.
STEPS.make(*EventKind)
ORDERS.make(*FINAL, CANCELLED)
ORDERS_FINISHED.make(
    (OrderStatus.CONFIRMED, ""),
    (CANCELLED, CANCELLED),
    *((OrderStatus.FAILED, reason) for reason in FailureReason if reason != CANCELLED),
)
ATTEMPTS_FAILED.make(*FailureReason)
LIMITED.make(*product(Of, By))
JOBS_HANDED_BACK.make("store", "venues", "halt")
CONNECTIONS_REFUSED.make("files", "address")
WEBHOOK_ATTEMPTS.make("delivered", "refused", "timeout", "unreachable")
SOCKETS_OPEN.make("order", "feed")
FRAMES_SENT.make("order", "feed")
