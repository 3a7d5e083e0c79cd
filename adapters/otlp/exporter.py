"""Sends spans by OpenTelemetry's own exporter, which knows addresses, headers, TLS, time limits and retries."""

from collections.abc import Iterable

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext

# The one field that holds the others, by its number, in: a request, what is of one resource, what is of one scope.
_RESOURCE_SPANS, _SCOPE_SPANS, _SPANS = b"\n", b"\x12", b"\x12"


class Exporter:
    """Puts spans, each a message in bytes, under their resource, and sends them."""

    def __init__(self, resource: Resource) -> None:
        self._exporter = OTLPSpanExporter()
        self._client = self._exporter._client  # noqa: SLF001 - its own `export` would encode them, at 15 µs each
        nothing = ReadableSpan("", SpanContext(1, 1, is_remote=False), resource=resource)
        [under] = encode_spans([nothing]).resource_spans
        del under.scope_spans[:]
        self._resource = under.SerializeToString()

    def send(self, spans: Iterable[bytes]) -> str | None:
        """Send them, for as long as `OTEL_EXPORTER_OTLP_TIMEOUT` says; return why they were not taken, or None."""
        scope = b"".join(_field(_SPANS, span) for span in spans)
        request = _field(_RESOURCE_SPANS, self._resource + _field(_SCOPE_SPANS, scope))
        result = self._client.export(request)
        if result.success:
            return None
        # Never in its own words, which may quote a header, or an address with a password.
        if result.status_code:
            return f"answered {result.status_code}"
        return type(result.error).__name__ if result.error else "no answer in time"

    def close(self) -> None:
        """Let go of the connection."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call]


def _field(name: bytes, content: bytes) -> bytes:
    """Return a field of a protobuf message: what it is called, its length in groups of 7 bits, the lowest first."""
    length, left = b"", len(content)
    while left > 0x7F:
        length += bytes((left & 0x7F | 0x80,))
        left >>= 7
    return name + length + bytes((left,)) + content
