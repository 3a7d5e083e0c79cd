"""Traces of orders: one trace an order, from its POST to its end, whichever processes see to it.

Nothing is traced, and nothing is paid for it, unless a process was given somewhere to send spans. Whether an order is
traced is decided once, at its POST; the `traceparent` that is kept with it says so to whoever goes on with it.
"""

import os
import time
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import ClassVar, Final, Literal, Protocol, Self

from attrs import define

from application.observe.log import TRACEPARENT, Log
from domain.order import Order, Step
from domain.status import EventKind

Kind = Literal["server", "internal", "client"]
Facts = tuple[tuple[str, str | int], ...]
Ids = tuple[bytes, bytes, bytes]  # of a trace, of a span in it, and of the span above that: empty at the top

_log = Log.of("tracing")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_SPAN_IDS: Final = 2**64
_SAMPLED: Final = "-01"
_FAILURES: Final = frozenset({EventKind.ATTEMPT_FAILED, EventKind.FAILED, EventKind.EXPIRED, EventKind.CANCELLED})


class Spans(Protocol):
    """Where spans go. No call waits for anything, or raises."""

    def now(self) -> int:
        """Return the time, by the store's clock, in nanoseconds since 1970."""
        ...

    def samples(self, trace_id: bytes, traceparent: str | None) -> bool:
        """Decide whether a new order is traced, in this trace; `traceparent` is the client's, if it gave one."""
        ...

    def add(
        self, ids: Ids, name: str, kind: Kind, began: int, ended: int, facts: Facts = (), error: str | None = None
    ) -> None:
        """Take a span: what took its time, in nanoseconds since 1970. If there are too many, some are dropped."""
        ...


@define
class _Trace:
    """An order's trace where it is gone on with: the step of number `seq` was recorded when the next one `began`."""

    order_id: str
    trace_id: bytes
    order_span: int
    seq: int
    began: int
    taken: int | None = None

    @classmethod
    def of(cls, order: Order, taken: int | None = None) -> Self | None:
        """Return that of an order as it is now; None when it is not traced."""
        traceparent = order.origin.traceparent
        if traceparent is None or not traceparent.endswith(_SAMPLED):
            return None
        trace_id, span_id = bytes.fromhex(traceparent[3:35]), int(traceparent[36:52], 16)
        return cls(order.order_id, trace_id, span_id, order.version, _ns(order.updated_at), taken)

    @property
    def order_span_id(self) -> bytes:
        """Return the id of the span that stands for the order: its POST's."""
        return self.order_span.to_bytes(8)

    def step_id(self) -> bytes:
        """Return the id of the next step's span, which is the same whoever records it, in whichever process."""
        return ((self.order_span + self.seq + 1) % _SPAN_IDS).to_bytes(8)


class _Sender:
    spans: ClassVar[Spans | None] = None


_TRACE: ContextVar[_Trace | None] = ContextVar("trace", default=None)


def send_to(spans: Spans | None) -> None:
    """Send this process's spans there from now on, or nowhere."""
    _Sender.spans = spans


class Accepting:
    """A POST of an order; `traceparent` is what is to be kept with the order."""

    __slots__ = ("traceparent",)

    def __init__(self, traceparent: str | None) -> None:
        self.traceparent = traceparent

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Do nothing: this one is not traced."""

    def accepted(self, order_id: str, request_id: str) -> None:
        """Take note of the order that came of it."""


class _TracedAccepting(Accepting):
    __slots__ = ("_began", "_facts", "_parent_id", "_span_id", "_spans", "_trace_id")

    def __init__(self, spans: Spans, trace_id: bytes, parent_id: bytes, began: int) -> None:
        self._spans, self._trace_id, self._parent_id, self._began = spans, trace_id, parent_id, began
        self._span_id = os.urandom(8)
        self._facts: Facts = ()
        super().__init__(_traceparent(trace_id, self._span_id))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        why = None if error is None else str(getattr(error, "code", type(error).__name__))
        ids = self._trace_id, self._span_id, self._parent_id
        self._spans.add(ids, "accept", "server", self._began, self._spans.now(), self._facts, why)

    def accepted(self, order_id: str, request_id: str) -> None:
        self._facts = (("order.id", order_id), ("request.id", request_id))


def accepting(traceparent: str | None, begun: float) -> Accepting:
    """Return what is around the acceptance of an order, whose request had `begun` (by `time.perf_counter`)."""
    spans = _Sender.spans
    if spans is None:
        return Accepting(traceparent)
    trace_id = bytes.fromhex(traceparent[3:35]) if traceparent else os.urandom(16)
    if not spans.samples(trace_id, traceparent):
        return Accepting(traceparent and f"{traceparent[:-2]}00")  # or workers would trace it
    parent_id = bytes.fromhex(traceparent[36:52]) if traceparent else b""
    return _TracedAccepting(spans, trace_id, parent_id, spans.now() - int((time.perf_counter() - begun) * 1e9))


def order_taken(order: Order) -> None:
    """Have this task's spans be of the order that a worker goes on with."""
    spans = _Sender.spans
    if spans is not None:
        _TRACE.set(_Trace.of(order, spans.now()))


def step_stored(before: Order, step: Step) -> None:
    """Record how long a step took: from the one before it until it was in the store, or another's said that it was.

    What the order waited for a worker since then is a part of it.
    """
    spans = _Sender.spans
    if spans is None:
        return
    trace = _TRACE.get()
    if trace is None or trace.order_id != before.order_id:
        trace = _Trace.of(before)
        if trace is None:
            return
    event, now, step_id = step[1], spans.now(), trace.step_id()
    if trace.taken is not None and trace.taken > trace.began:
        spans.add((trace.trace_id, os.urandom(8), step_id), "wait", "internal", trace.began, trace.taken)
    error = event.message if event.kind in _FAILURES else None
    ids = trace.trace_id, step_id, trace.order_span_id
    began, facts = min(trace.began, now), (("attempt", event.attempt),)
    spans.add(ids, event.kind, "internal", began, now, facts, error)
    trace.seq, trace.began, trace.taken = event.seq, now, None


def new_call() -> bytes | None:
    """Return the id of a venue call's span, for one that passes it on; None when it is not traced."""
    return None if _TRACE.get() is None else os.urandom(8)


def passed_on(span_id: bytes | None) -> Mapping[str, str]:
    """Return the headers that have a venue go on with the trace, in this span if there is one."""
    trace = _TRACE.get()
    if trace is not None and span_id is not None:
        return {"traceparent": _traceparent(trace.trace_id, span_id)}
    traceparent = TRACEPARENT.get()
    return {"traceparent": traceparent} if traceparent else {}


def venue_called(venue: str, call: str, outcome: str, seconds: float, span_id: bytes | None) -> None:
    """Record a call to a venue, which is over, in the step that is under way."""
    trace, spans = _TRACE.get(), _Sender.spans
    if trace is None or spans is None:
        return
    now, facts = spans.now(), (("venue", venue), ("outcome", outcome))
    ids = trace.trace_id, span_id or os.urandom(8), trace.step_id()
    error = None if outcome in ("ok", "rejected") else outcome
    spans.add(ids, f"{call} {venue}", "client", now - int(seconds * 1e9), now, facts, error)


def collector_away(why: str) -> None:
    """Record that spans cannot be sent; those that cannot wait are dropped, and it is tried again."""
    _log.warning("collector_away", why=why)


def collector_back() -> None:
    """Record that spans are taken again."""
    _log.info("collector_back")


def _traceparent(trace_id: bytes, span_id: bytes) -> str:
    return f"00-{trace_id.hex()}-{span_id.hex()}{_SAMPLED}"


def _ns(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND * 1000
