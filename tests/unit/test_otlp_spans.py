"""Spans to a collector: as the standard variables say, and whatever the collector does."""

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from adapters.otlp import spans as otlp
from adapters.otlp.spans import OtlpSpans
from application.observe import tracing
from entrypoints import logs
from entrypoints.container.tracing import is_wanted, made_tracing
from entrypoints.settings import SettingsError
from entrypoints.system import SystemClock
from tests.collector import Collector, collecting
from tests.eventually import eventually
from tests.processes import free_port
from tests.unit.test_origin import SPAN, TRACE, TRACEPARENT

pytestmark = pytest.mark.usefixtures("logging_restored")
SECRET = "the-collectors-password"


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
        yield collector


def add(spans: OtlpSpans, number: int = 1, error: str | None = None, parent: str = SPAN) -> None:
    ids = bytes.fromhex(TRACE), number.to_bytes(8), bytes.fromhex(parent)
    spans.add(ids, "quote Meteora", "client", 1_000, 2_000, (("venue", "Meteora"), ("attempt", 2)), error)


async def opened() -> OtlpSpans:
    spans = OtlpSpans(SystemClock(), "host-1")
    await spans.open()
    return spans


async def test_a_span_arrives_as_it_was(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Basic%20abc,tenant=7")
    spans = await opened()
    add(spans, 1)
    add(spans, 2, error="timeout")
    add(spans, 3, parent="")
    await eventually(lambda: len(collector.spans) == 3)
    await spans.close()
    one, failed, root = collector.spans
    assert root.span.parent_span_id == b""
    assert (one.span.trace_id.hex(), one.span.parent_span_id.hex()) == (TRACE, SPAN)
    assert (one.span.span_id, one.span.name, one.span.kind) == ((1).to_bytes(8), "quote Meteora", 3)
    assert (one.span.start_time_unix_nano, one.span.end_time_unix_nano) == (1_000, 2_000)
    assert one.facts == {"venue": "Meteora", "attempt": 2}
    assert (one.span.status.code, failed.span.status.code, failed.span.status.message) == (0, 2, "timeout")
    assert (one.resource["service.name"], one.resource["service.instance.id"]) == ("order-engine", "host-1")
    assert (collector.headers[0]["authorization"], collector.headers[0]["tenant"]) == ("Basic abc", "7")


async def test_what_is_left_is_sent_at_the_end(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "60000")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "swaps")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=paper")
    spans = await opened()
    for number in range(1, 700):
        add(spans, number)
    await spans.close()
    assert [kept.span.span_id for kept in collector.spans] == [number.to_bytes(8) for number in range(1, 700)]
    assert collector.spans[0].resource["service.name"] == "swaps"
    assert collector.spans[0].resource["deployment.environment"] == "paper"


@pytest.mark.parametrize("trouble", ["refuses", "hangs", "answers 401"])
async def test_a_dead_collector_holds_up_nothing_and_shows_no_secret(
    collector: Collector, trouble: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(otlp, "FLUSH_SECONDS", 0.1)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", f"authorization={SECRET}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.2")
    match trouble:
        case "refuses":
            monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://user:{SECRET}@127.0.0.1:{free_port()}")
        case "hangs":
            collector.hold = threading.Event()
        case _:
            collector.status = 401
    logs.configure("json", "info")
    spans = await opened()
    for number in range(5_000):  # more than wait
        add(spans, number + 1)
    lines = await eventually(lambda: capfd.readouterr().err.splitlines(), within=5)
    assert len(spans._waiting) <= 2048  # noqa: SLF001
    began = time.monotonic()
    await spans.close()
    assert time.monotonic() - began < 5
    if collector.hold:
        collector.hold.set()
    await eventually(lambda: not spans._thread.is_alive())  # noqa: SLF001
    [away] = [json.loads(line) for line in lines]
    assert (away["event"], away["level"]) == ("collector_away", "warning")
    assert SECRET not in "".join(lines) + capfd.readouterr().err


async def test_that_it_is_back_is_said_once(collector: Collector, capfd: pytest.CaptureFixture[str]) -> None:
    logs.configure("json", "info")
    collector.status = 400
    spans = await opened()
    for status in (400, 400, 200, 200):
        collector.status, asked = status, collector.asked
        add(spans)
        await eventually(lambda asked=asked: collector.asked > asked)  # type: ignore[misc]
        await asyncio.sleep(0)
    await spans.close()
    events = [json.loads(line)["event"] for line in capfd.readouterr().err.splitlines()]
    assert events == ["collector_away", "collector_back"]


@pytest.mark.parametrize(
    ("sampler", "share", "traceparent", "sampled"),
    [
        ("", "", None, 1.0),
        ("", "", TRACEPARENT, 1.0),
        ("", "", f"{TRACEPARENT[:-2]}00", 0.0),
        ("parentbased_traceidratio", "0.1", None, 0.1),
        ("parentbased_traceidratio", "0.1", TRACEPARENT, 1.0),
        ("traceidratio", "0.1", TRACEPARENT, 0.1),
        ("always_off", "", TRACEPARENT, 0.0),
    ],
)
async def test_the_standard_variables_say_which_orders_are_traced(
    collector: Collector,
    monkeypatch: pytest.MonkeyPatch,
    sampler: str,
    share: str,
    traceparent: str | None,
    sampled: float,
) -> None:
    if sampler:
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", sampler)
        monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", share)
    spans = await opened()
    step = 2**64 // 1000
    count = sum(spans.samples((number * step + 1).to_bytes(16), traceparent) for number in range(1000))
    await spans.close()
    assert count / 1000 == pytest.approx(sampled, abs=0.01)


def test_time_is_the_clocks(collector: Collector) -> None:
    clock = SystemClock()
    spans = OtlpSpans(clock, "host-1")
    early = spans.now()
    assert early <= spans.now()
    assert abs(early - clock.now().timestamp() * 1e9) < 100e6


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://c/v1/traces"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, False),
        ({"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "grpc://c:4317"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, True),
    ],
)
def test_it_is_on_when_the_standard_variables_say_so(environ: dict[str, str], wanted: bool) -> None:
    assert is_wanted(environ) is wanted
    assert isinstance(made_tracing(environ, SystemClock(), "host-1"), OtlpSpans) is wanted


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_TRACES_EXPORTER", "zipkin"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"),
        ("OTEL_EXPORTER_OTLP_HEADERS", SECRET),
        ("OTEL_TRACES_SAMPLER", "sometimes"),
        ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
    ],
)
def test_what_the_sdk_would_pass_over_ends_the_start(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        is_wanted({"OTEL_TRACES_EXPORTER": "otlp", name: value})
    assert name in str(refused.value)
    assert SECRET not in str(refused.value)


def test_who_is_not_traced_loads_nothing_of_it() -> None:
    program = (
        "import sys; from entrypoints.container import Container; from entrypoints.settings import Settings\n"
        "Container(settings=Settings(), mode='memory').tracing()\n"
        "sys.exit(any(name.startswith(('opentelemetry', 'google.protobuf', 'requests')) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, env={}).returncode == 0


def test_nothing_is_sent_where_there_is_no_trace() -> None:
    assert tracing.new_call() is None
