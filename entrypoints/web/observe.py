"""What is worth knowing of HTTP and WebSockets, one function each: it logs and counts; only they do either."""

from collections.abc import Mapping

from application.observe import metrics
from application.observe.log import REQUEST_ID, TRACEPARENT, Log, Sparing
from application.observe.meters import Histogram

_log = Log.of("http")
_store_away = Sparing(_log.warning, "store_away")
_check_failed = Sparing(_log.warning, "check_failed")
# By what falcon has at hand: a status is "202 Accepted" here and 200 there.
_answers: dict[tuple[str | None, str, str | int], Histogram] = {}


def request_begun(request_id: str) -> None:
    """Have every line of this task name its request."""
    REQUEST_ID.set(request_id)


def part_of_trace(traceparent: str | None) -> None:
    """Have every line of this task name the trace that its request is part of."""
    TRACEPARENT.set(traceparent)


def request_answered(route: str | None, method: str, status: str | int, seconds: float) -> None:
    """Record how a request ended; `route` is its template, None for a path that no resource has."""
    try:
        answers = _answers[route, method, status]
    except KeyError:
        answers = metrics.HTTP_REQUESTS[route or "none", method, str(status)[:3]]
        _answers[route, method, status] = answers
    answers.observe(seconds)


def certificate_followed() -> None:
    """Record that new connections are served with what the certificate's files have now."""
    _log.info("certificate_followed")


def certificate_not_followed(why: str) -> None:
    """Record that the certificate's files changed to what cannot be served: the one of before stays."""
    _log.error("certificate_not_followed", why=why)


def handshake_failed() -> None:
    """Record that a client came whose TLS handshake failed, or did not end."""
    metrics.REFUSALS["tls_handshake"].add()


def refused(code: str) -> None:
    """Record that a request or a socket was answered with a problem."""
    metrics.REFUSALS[code].add()


def limited(of: str, by: str) -> None:
    """Record that a client asked for more than its limit allows."""
    metrics.LIMITED[of, by].add()


def request_failed(request_id: str, error: Exception) -> None:
    """Record that a request ended in an error that nobody foresaw."""
    _log.error("request_failed", request_id=request_id, stack_of=error)


def data_refused(request_id: str, error: Exception) -> None:
    """Record that the store refused what validation had let through: it misses a rule."""
    _log.warning("data_refused", request_id=request_id, error=repr(error))


def store_away(request_id: str, error: Exception) -> None:
    """Record that a request was turned away because the store could not serve it."""
    metrics.STORE_AWAY.add()
    _store_away("a request", what="a request", request_id=request_id, error=repr(error))


def check_failed(name: str, error: Exception) -> None:
    """Record that a health check found something down."""
    _check_failed(name, check=name, error=repr(error))


def draining(sockets: int) -> None:
    """Record that the server stops: it is no longer ready, and its open sockets are being closed."""
    _log.info("draining", sockets=sockets)


def connection_refused(why: str) -> None:
    """Record that a connection was ended: there is no room for more of one `address`, or no `files` for more at all."""
    metrics.CONNECTIONS_REFUSED[why].add()


def connections_refused(counts: Mapping[str, int], most: int) -> None:
    """Record how many were ended since it was told before, by what there was no room in; `most` may be open."""
    _log.warning("connections_refused", most=most, **counts)


def socket_opened(kind: str) -> None:
    """Record that a client follows an order, or the feed of all."""
    metrics.SOCKETS_OPEN[kind].add()


def socket_ended(kind: str) -> None:
    """Record that a socket is gone, whoever closed it."""
    metrics.SOCKETS_OPEN[kind].add(-1)


def socket_closed(code: int) -> None:
    """Record that we closed a socket, and with which code."""
    metrics.SOCKETS_CLOSED[str(code)].add()


def frame_sent(kind: str) -> None:
    """Record that a client was sent a frame."""
    metrics.FRAMES_SENT[kind].add()
