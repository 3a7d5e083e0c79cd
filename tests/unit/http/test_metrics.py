"""`/metrics`: what was counted, by the numbers, and what it says while servers are away."""

import asyncio
import time
from collections.abc import Mapping

import falcon.testing
import pytest

from adapters.memory.jobs import InMemoryJobs
from adapters.memory.order_counts import InMemoryOrderCounts
from adapters.memory.order_store import InMemoryOrderStore
from adapters.memory.queue_operations import InMemoryQueueOperations
from adapters.memory.workers import InMemoryWorkers
from application.engine_stats import EngineStats
from application.ports.errors import QueueUnavailable, StoreUnavailable
from application.ports.order_store import Backlog
from application.ports.queue_operations import QueueCounts
from domain.mock_dex import MockDexRouter
from entrypoints.web.app import operations_app
from tests.api import CLOCK, ORDER, Api, Engine, mock_venues, running_api
from tests.builders import an_id
from tests.eventually import eventually
from tests.execution import a_gate
from tests.scraping import Samples, key, read

UNLUCKY_DEX = MockDexRouter(quote_ms=0, build_ms=0, swap_min_ms=0, swap_max_ms=0, failure_rate=1)


async def scrape(api: Api) -> Samples:
    answer = await api.operations.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return read(answer.text)


class Risen:
    """How much the samples rose since the first scrape."""

    def __init__(self, before: Samples, after: Samples) -> None:
        self.before, self.after = before, after

    def __call__(self, name: str, **labels: str) -> float:
        return self.after[key(name, **labels)] - self.before.get(key(name, **labels), 0)


async def test_orders_are_counted_by_their_ends() -> None:
    async with running_api() as api:
        before = await scrape(api)
        for _ in range(3):
            await api.engine.execute(await api.submit())
        await api.http.post(f"/api/orders/{await api.submit()}/cancel")
        risen = Risen(before, await scrape(api))
    assert risen("orders_accepted_total") == 4
    assert risen("orders_finished_total", status="confirmed", reason="") == 3
    assert risen("orders_finished_total", status="cancelled", reason="cancelled") == 1
    assert risen("orders_finished_total", status="failed", reason="slippage_exceeded") == 0
    assert risen("order_duration_seconds_count", status="confirmed") == 3
    for step in ("quotes_requested", "route_chosen", "build_started", "transaction_submitted", "swap_confirmed"):
        assert risen("step_duration_seconds_count", step=step) == 3
        assert risen("step_duration_seconds_bucket", step=step, le="+Inf") == 3
    quotes = [
        risen("venue_call_duration_seconds_count", venue=v, call="quote", outcome="ok") for v in ("Raydium", "Meteora")
    ]
    assert quotes == [3, 3]


async def test_attempts_that_fail_and_orders_that_fail_with_them() -> None:
    async with running_api(Engine(venues=mock_venues(UNLUCKY_DEX))) as api:
        before = await scrape(api)
        order_id = await api.submit()
        for _ in range(3):
            await api.engine.execute(order_id)
        risen = Risen(before, await scrape(api))
    assert risen("attempts_failed_total", reason="slippage_exceeded") == 3
    assert risen("orders_finished_total", status="failed", reason="slippage_exceeded") == 1
    assert risen("order_duration_seconds_count", status="failed") == 1
    assert risen("step_duration_seconds_count", step="attempt_failed") == 2
    rejected = [
        risen("venue_call_duration_seconds_count", venue=venue, call="submit", outcome="rejected")
        for venue in ("Raydium", "Meteora")
        if key("venue_call_duration_seconds_count", venue=venue, call="submit", outcome="rejected") in risen.after
    ]
    assert sum(rejected) == 3


async def test_requests_are_counted_by_route_and_refusals_by_code() -> None:
    execute = "/api/orders/execute"
    async with running_api() as api:
        before = await scrape(api)
        await api.submit()
        await api.http.post(execute, json={})
        for _ in range(2):
            await api.http.get(f"/api/orders/{an_id()}")
        await api.http.get("/somewhere/else")
        keyed = {"Idempotency-Key": an_id()}
        for _ in range(2):
            await api.http.post(execute, json=ORDER, headers=keyed)
        risen = Risen(before, await scrape(api))
    requests = "http_request_duration_seconds_count"
    assert risen(requests, route=execute, method="POST", status="202") == 3
    assert risen(requests, route=execute, method="POST", status="400") == 1
    assert risen(requests, route="/api/orders/{order_id}", method="GET", status="404") == 2
    assert risen(requests, route="none", method="GET", status="404") == 1
    assert risen("refusals_total", code="validation_failed") == 1
    assert risen("refusals_total", code="order_not_found") == 2
    assert risen("refusals_total", code="not_found") == 1
    assert (risen("orders_accepted_total"), risen("orders_replayed_total")) == (2, 1)


async def test_bytes_that_are_not_http_are_a_refusal_too() -> None:
    async with running_api() as api:
        before = await scrape(api)
        host, _, port = api.url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"\x16\x03\x01\r\n\r\n")
        await reader.read()
        writer.close()
        assert Risen(before, await scrape(api))("refusals_total", code="malformed_request") == 1


async def test_sockets_and_frames() -> None:
    async with running_api() as api:
        before = await scrape(api)
        order_id = await api.submit()
        async with api.connect_feed() as feed, api.connect(order_id) as socket:
            await socket.recv()
            risen = Risen(before, await scrape(api))
            assert (risen("sockets_open", kind="order"), risen("sockets_open", kind="feed")) == (1, 1)
            await api.engine.execute(order_id)
            await feed.recv()
            await socket.wait_closed()
        await eventually(lambda: api.drain.open_sockets == 0)
        risen = Risen(before, await scrape(api))
    assert (risen("sockets_open", kind="order"), risen("sockets_open", kind="feed")) == (0, 0)
    assert risen("frames_sent_total", kind="order") == 6
    assert risen("frames_sent_total", kind="feed") >= 1
    assert risen("sockets_closed_total", code="1000") == 1


async def test_no_text_of_a_clients_is_a_label() -> None:
    async with running_api() as api:
        order_id = await api.submit(userId="a-private-user", clientOrderId="a-private-name")
        await api.http.get(f"/api/orders/{order_id}?private=query", headers={"X-Request-Id": "a-private-id"})
        await api.http.request("PRIVATE", "/a-private-path")
        text = (await api.operations.get("/metrics")).text
    assert "private" not in text.lower()
    assert order_id not in text


async def test_how_much_there_is_to_do() -> None:
    async with running_api() as api:
        order_ids = [await api.submit() for _ in range(3)]
        await api.engine.execute(order_ids[0])
        await api.engine.operations.pause()
        samples = await scrape(api)
        assert samples[key("open_orders")] == 2
        assert samples[key("oldest_pending_age_seconds")] >= 0
        places = {
            place: samples[key("queue_jobs", place=place)] for place in ("waiting", "leased", "delayed", "buried")
        }
        assert places == {"waiting": 3, "leased": 0, "delayed": 0, "buried": 0}
        assert (samples[key("queue_paused")], samples[key("store_up")], samples[key("queue_up")]) == (1, 1, 1)
        assert [labels for name, labels in samples if name == "build_info"]


class NumberedStore(InMemoryOrderStore):
    async def id_ranges_used(self) -> Mapping[str, float]:
        return {"orders": 0.25, "other": 0.9}


async def test_how_much_of_the_ids_is_used() -> None:
    async with running_api(Engine(id_ranges=NumberedStore(CLOCK))) as api:
        samples = await scrape(api)
    used = {table: samples[key("id_range_used_ratio", table=table)] for table in ("orders", "other")}
    assert used == {"orders": 0.25, "other": 0.9}


class AwayStore(InMemoryOrderStore):
    """Is away, hangs, or has a fault that nobody foresaw."""

    error: Exception | None = StoreUnavailable("postgres at 10.0.0.7")

    async def backlog(self) -> Backlog:
        if self.error is None:
            await asyncio.Event().wait()
        raise self.error or AssertionError


class AwayOperations(InMemoryQueueOperations):
    async def counts(self) -> QueueCounts:
        raise QueueUnavailable("redis at 10.0.0.7")


@pytest.mark.parametrize("error", [StoreUnavailable("10.0.0.7"), None, RuntimeError("10.0.0.7")])
async def test_servers_that_are_away_leave_their_gauges_out(error: Exception | None) -> None:
    store = AwayStore(CLOCK)
    store.error = error
    operations = AwayOperations(CLOCK, InMemoryJobs())
    async with running_api(Engine(store=store, id_ranges=NumberedStore(CLOCK), operations=operations)) as api:
        begun = time.monotonic()
        answer = await api.operations.get("/metrics")
        assert time.monotonic() - begun < 2.5
        samples = read(answer.text)
    assert (samples[key("store_up")], samples[key("queue_up")]) == (0, 0)
    names = {name for name, _ in samples}
    assert "id_range_used_ratio" not in names  # though its own read went well
    assert names & {"open_orders", "oldest_pending_age_seconds", "queue_jobs", "queue_paused"} == set()
    assert "orders_accepted_total" in names
    assert "10.0.0.7" not in answer.text


async def test_the_queue_is_told_while_the_store_is_away() -> None:
    async with running_api(Engine(store=AwayStore(CLOCK))) as api:
        samples = await scrape(api)
    assert (samples[key("store_up")], samples[key("queue_up")]) == (0, 1)
    assert samples[key("queue_jobs", place="waiting")] == 0


async def test_a_worker_has_metrics_beside_its_health() -> None:
    store = InMemoryOrderStore(CLOCK)
    operations, counts = InMemoryQueueOperations(CLOCK, InMemoryJobs()), InMemoryOrderCounts(CLOCK)
    stats = EngineStats(store, operations, CLOCK, store, a_gate(CLOCK), counts, InMemoryWorkers(CLOCK))
    async with falcon.testing.ASGIConductor(operations_app({}, stats, all_required=True)) as conductor:
        answer = await conductor.simulate_get("/metrics")
        assert answer.status_code == 200
        assert key("orders_in_flight") in read(answer.text)
        assert (await conductor.simulate_get("/health/live")).status_code == 200
