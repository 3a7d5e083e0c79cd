"""Spans to a collector, as the standard `OTEL_*` variables say: in batches, by a thread, never waited for."""

import asyncio
import logging
import os
import threading
import time
from collections import deque
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from struct import Struct
from typing import Final

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Message
from opentelemetry.proto.trace.v1.trace_pb2 import Status
from opentelemetry.sdk.resources import Resource

from adapters.otlp.exporter import Exporter
from adapters.otlp.sampling import Sampling
from application.observe import tracing
from application.observe.tracing import Facts, Ids, Kind
from application.ports.system import Clock

# How long a process that ends waits for its last spans to be taken.
FLUSH_SECONDS: Final = 2.0
_ANCHORED_NS: Final = 1_000_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_KINDS: Final = {
    "internal": Message.SpanKind.SPAN_KIND_INTERNAL,
    "server": Message.SpanKind.SPAN_KIND_SERVER,
    "client": Message.SpanKind.SPAN_KIND_CLIENT,
}
# Fields of a span's message: trace id, span id, parent id; began and ended.
_IDS: Final = Struct("2s16s2s8s2s8s").pack
_ROOT_IDS: Final = Struct("2s16s2s8s").pack
_TIMES: Final = Struct("<cQcQ").pack


class OtlpSpans:
    """`Spans` that go to a collector. Up to `OTEL_BSP_MAX_QUEUE_SIZE` wait; of more the oldest are dropped.

    `name` tells this process from others: its `service.instance.id`.
    """

    def __init__(self, clock: Clock, name: str) -> None:
        self._clock = clock
        self._name = name
        self._sampling = Sampling.of(os.environ)
        self._delay_seconds = _number("OTEL_BSP_SCHEDULE_DELAY", 5_000) / 1000
        self._most = _number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512)
        self._waiting: deque[bytes] = deque(maxlen=_number("OTEL_BSP_MAX_QUEUE_SIZE", 2_048))
        self._wake = threading.Event()
        self._ends = False
        self._anchor, self._anchored = 0, -_ANCHORED_NS
        self._away = False

    async def open(self) -> None:
        """Begin: this process's spans come here."""
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL + 1)  # what matters of it is logged by `_say`
        self._exporter = Exporter(_resource(self._name))
        self._context = copy_context()
        # A daemon: a process's end does not wait for a collector that does not answer.
        self._thread = threading.Thread(target=self._send_all, name="spans", daemon=True)
        self._thread.start()
        tracing.send_to(self)

    async def close(self) -> None:
        """Send what is left, for `FLUSH_SECONDS` at most."""
        tracing.send_to(None)
        self._ends = True
        self._wake.set()
        await asyncio.to_thread(self._thread.join, FLUSH_SECONDS)

    def now(self) -> int:
        now = time.monotonic_ns()
        if now - self._anchored >= _ANCHORED_NS:  # the clock has milliseconds, and follows the store's
            self._anchor = (self._clock.now() - _EPOCH) // timedelta(microseconds=1) * 1000
            self._anchored = now
        return self._anchor + now - self._anchored

    def samples(self, trace_id: bytes, traceparent: str | None) -> bool:
        return self._sampling(trace_id, traceparent)

    def add(
        self, ids: Ids, name: str, kind: Kind, began: int, ended: int, facts: Facts = (), error: str | None = None
    ) -> None:
        trace_id, span_id, parent_id = ids
        # A message in bytes may come in parts: what many have in common is encoded once.
        named = _ROOT_IDS(b"\n\x10", trace_id, b"\x12\x08", span_id)
        if parent_id:
            named = _IDS(b"\n\x10", trace_id, b"\x12\x08", span_id, b'"\x08', parent_id)
        self._waiting.append(named + _TIMES(b"9", began, b"A", ended) + _in_common(name, kind, facts, error))
        if len(self._waiting) >= self._most and not self._wake.is_set():
            self._wake.set()

    def _send_all(self) -> None:
        """Send batches until the end; none while fewer wait than fill one, and not for long."""
        while not self._ends:
            self._wake.wait(self._delay_seconds)
            self._wake.clear()
            self._send_waiting()
        self._send_waiting()
        self._exporter.close()

    def _send_waiting(self) -> None:
        for _ in range(len(self._waiting) // self._most + 1):
            batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
            if batch:
                self._say(self._exporter.send(batch))

    def _say(self, why: str | None) -> None:
        """Say when the collector goes away, and when it is back, by lines that name this process."""
        if (why is not None) != self._away:
            self._away = why is not None
            self._context.run(tracing.collector_away, why) if why else self._context.run(tracing.collector_back)


@lru_cache(1_000)
def _in_common(name: str, kind: Kind, facts: Facts, error: str | None) -> bytes:
    attributes = [KeyValue(key=key, value=_value(value)) for key, value in facts]
    message = Message(name=name, kind=_KINDS[kind], flags=1, attributes=attributes)
    if error is not None:
        message.status.code = Status.StatusCode.STATUS_CODE_ERROR
        message.status.message = error
    encoded: bytes = message.SerializeToString()
    return encoded


def _value(value: str | int) -> AnyValue:
    return AnyValue(string_value=value) if isinstance(value, str) else AnyValue(int_value=value)


def _resource(name: str) -> Resource:
    from_environment = Resource.create({"service.instance.id": name})
    if not str(from_environment.attributes["service.name"]).startswith("unknown_service"):
        return from_environment
    return from_environment.merge(Resource({"service.name": "order-engine"}))


def _number(name: str, default: int) -> int:
    text = os.environ.get(name, "").strip()
    return int(text) if text.isdecimal() and int(text) else default
