"""One order's trace over real processes: API, worker and a venue, to a collector."""

from collections.abc import Iterator

import httpx
import pytest

from tests.clients import all_final, new_engine, submit
from tests.collector import Collector, collecting
from tests.processes import finished, running

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def settings(database_url: str, redis_db_url: str) -> dict[str, str]:
    return new_engine(database_url, redis_db_url)


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "60000")  # so that only the processes' ends send
        yield collector


async def test_one_trace_over_all_processes_is_whole_when_they_have_ended(
    settings: dict[str, str], collector: Collector
) -> None:
    with running("api", settings=settings) as api, running("worker", settings=settings) as worker:
        headers = {"traceparent": f"00-{TRACE}-{SPAN}-01"}
        async with httpx.AsyncClient(base_url=api.url, timeout=10, headers=headers) as client:
            orders = await all_final(client, order_ids := await submit(client, 3))
        assert (worker.terminate(), api.terminate()) == (0, 0)
    assert {order["status"] for order in orders} == {"confirmed"}
    assert {kept.span.trace_id.hex() for kept in collector.spans} == {TRACE}
    accepts = {kept.facts["order.id"]: kept for kept in collector.spans if kept.span.name == "accept"}
    assert accepts.keys() == set(order_ids)
    assert {kept.span.parent_span_id.hex() for kept in accepts.values()} == {SPAN}
    of_worker = [kept for kept in collector.spans if kept.span.name != "accept"]
    assert len({kept.resource["service.instance.id"] for kept in accepts.values()}) == 1
    assert {kept.resource["service.instance.id"] for kept in of_worker}.isdisjoint(
        kept.resource["service.instance.id"] for kept in accepts.values()
    )
    ids = {kept.span.span_id for kept in collector.spans}
    assert all(kept.span.parent_span_id in ids for kept in of_worker)
    assert sum(kept.span.name == "swap_confirmed" for kept in of_worker) == 3
    assert sum(kept.span.name == "wait" for kept in of_worker) == 3


def test_a_setting_that_can_never_work_ends_the_start(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]
) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "zipkin")
    done = finished("worker", settings=settings)
    assert (done.returncode, done.stderr.strip().splitlines()[-1]) == (2, "OTEL_TRACES_EXPORTER must be otlp or none")
