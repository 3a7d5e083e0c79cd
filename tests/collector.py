"""A collector of traces: takes OTLP over HTTP, and keeps what it was sent."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from attrs import define, field, frozen
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@frozen
class Kept:
    """A span, and the resource that it is of."""

    resource: dict[str, str]
    span: Span

    @property
    def facts(self) -> dict[str, str | int]:
        """Its attributes."""
        return {pair.key: pair.value.string_value or pair.value.int_value for pair in self.span.attributes}


@define
class Collector:
    """What came: `spans`, and each request's `headers`. It answers `status`, after it has waited for `hold`."""

    url: str
    spans: list[Kept] = field(factory=list)
    headers: list[dict[str, str]] = field(factory=list)
    status: int = 200
    keeps: bool = True
    hold: threading.Event | None = None
    asked: int = 0

    def take(self, headers: dict[str, str], body: bytes) -> int:
        """Keep a request's spans; return how it is answered."""
        self.asked += 1
        if self.hold is not None:
            self.hold.wait(30)
        if self.status == 200 and self.keeps:
            self.headers.append(headers)
            for under in ExportTraceServiceRequest.FromString(body).resource_spans:
                resource = _texts(under.resource.attributes)
                self.spans += [Kept(resource, span) for scope in under.scope_spans for span in scope.spans]
        return self.status


@contextmanager
def collecting(*, keeps: bool = True) -> Iterator[Collector]:
    """Run a collector meanwhile; one that keeps nothing only counts the requests."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        collector: ClassVar[Collector]

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.path == "/v1/traces"
            self.send_response(self.collector.take(dict(self.headers.items()), body))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Handler.collector = Collector(f"http://127.0.0.1:{server.server_port}", keeps=keeps)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield Handler.collector
    finally:
        server.shutdown()
        server.server_close()


def _texts(pairs: Iterable[KeyValue]) -> dict[str, str]:
    return {pair.key: pair.value.string_value for pair in pairs}
