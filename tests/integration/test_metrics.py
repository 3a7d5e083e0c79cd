"""`/metrics` and the log lines of real processes: several on one port, and with their servers gone."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial

import httpx
import psycopg
import pytest
import websockets

from tests.clients import all_final, new_engine, socket_url, submit
from tests.eventually import eventually
from tests.integration.own_postgres import PostgresFleet, running_fleet_on_own_postgres
from tests.integration.test_api_processes import all_serving, alone, children
from tests.processes import EngineProcess, running
from tests.scraping import Sample, Samples, key, read

PATIENCE = 30.0
ACCEPTED = key("orders_accepted_total")
TRACE = "0af7651916cd43dd8448eb211c80319c"
HEADERS = {"X-Request-Id": "mine", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}


async def scrape(url: str) -> Samples:
    """Ask on a connection of its own, so that any of several processes may answer."""
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE) as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return read(answer.text)


async def from_each(api: EngineProcess, pids: list[int], name: Sample) -> list[float]:
    """Ask every process of an API for one sample."""
    told = []
    for pid in pids:
        with alone(pid, pids):
            told.append((await scrape(api.operations))[name])
    return told


@pytest.fixture
def settings(database_url: str, redis_db_url: str) -> dict[str, str]:
    return new_engine(database_url, redis_db_url)


async def test_each_of_several_processes_tells_the_sum_of_all(settings: dict[str, str]) -> None:
    with running("api", "--processes", "2", settings=settings) as api:
        pids = await all_serving(api, 2)
        order_ids: list[str] = []
        sockets: list[websockets.ClientConnection] = []
        for pid, count in zip(pids, (3, 5), strict=True):
            with alone(pid, pids):
                async with httpx.AsyncClient(base_url=api.url, timeout=PATIENCE) as client:
                    order_ids += await submit(client, count)
                sockets.append(await websockets.connect(socket_url(api.url, order_ids[-1]), open_timeout=PATIENCE))
        assert await from_each(api, pids, ACCEPTED) == [8, 8]
        assert await from_each(api, pids, key("sockets_open", kind="order")) == [2, 2]
        samples = await scrape(api.operations)
        assert samples[key("open_orders")] == 8
        if sys.platform == "linux":  # the two, and the parent
            assert {n for n in range(3) if key("process_resident_memory_bytes", process=str(n)) in samples} == {0, 1, 2}

        os.kill(pids[0], signal.SIGKILL)
        await eventually(lambda: pids[0] not in children(api), within=PATIENCE)
        after = await all_serving(api, 2)
        assert await from_each(api, after, ACCEPTED) == [8, 8]  # what it had counted is not forgotten
        assert await from_each(api, after, key("sockets_open", kind="order")) == [1, 1]  # its socket is
        assert await from_each(api, after, key("api_processes_ended_total")) == [1, 1]
        async with httpx.AsyncClient(base_url=api.url, timeout=PATIENCE) as client:
            await submit(client, 2)
        assert await from_each(api, after, ACCEPTED) == [10, 10]
        for socket in sockets:
            await socket.close()


async def test_a_workers_metrics_and_the_lines_of_both(
    settings: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    logged = {**settings, "LOG_FORMAT": "json", "LOG_LEVEL": "debug"}
    with running("api", settings=logged) as api, running("worker", settings=logged) as worker:
        async with httpx.AsyncClient(base_url=api.url, timeout=PATIENCE, headers=HEADERS) as client:
            order_ids = await submit(client, 5)
            await all_final(client, order_ids)
        samples = await eventually(lambda: told(worker, lambda s: s[key("orders_in_flight")] == 0))
        api_samples = await scrape(api.operations)
    assert samples[key("orders_finished_total", status="confirmed", reason="")] == 5
    assert samples[key("step_duration_seconds_count", step="swap_confirmed")] == 5
    assert samples[key("worker_slots")] == 500
    for kind, calls in (("append", 20), ("get", 5), ("done", 5), ("publish", 25)):
        assert samples[key("batch_size_sum", kind=kind)] == calls
        assert samples[key("batch_flush_duration_seconds_count", kind=kind)] >= 1
    assert api_samples[ACCEPTED] == 5
    for kind in ("add", "put", "publish"):
        assert api_samples[key("batch_size_sum", kind=kind)] == 5

    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert all({"at", "level", "event"} <= set(line) for line in lines)
    of_order = [line for line in lines if line.get("order_id") == order_ids[0]]
    [accepted] = [line for line in of_order if line["event"] == "order_accepted"]
    assert (accepted["role"], accepted["request_id"]) == ("api", "mine")
    [ended] = [line for line in of_order if line["event"] == "order_finished"]
    assert (ended["role"], ended["request_id"], ended["trace_id"]) == ("worker", "mine", TRACE)
    assert (ended["user_id"], ended["status"], ended["attempt"]) == ("user123", "confirmed", 1)
    steps = [line for line in of_order if line["event"] == "step_stored"]
    assert {step["request_id"] for step in steps} == {"mine"}
    assert [step["seq"] for step in steps] == [1, 2, 3, 4, 5]
    assert {(step["role"], step["attempt"]) for step in steps} == {("worker", 1)}
    assert len({step["holder"] for step in steps}) == 1
    assert "user123" not in "".join(json.dumps(step) for step in steps)
    password = settings["POSTGRES_URL"].split("@")[0].rpartition(":")[2]
    assert not [line for line in lines if f":{password}@" in json.dumps(line)]


async def test_processes_that_start_tell_of_ids_that_are_nearly_used_up(
    settings: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    with psycopg.connect(settings["POSTGRES_URL"], autocommit=True) as connection:
        connection.execute("ALTER SEQUENCE orders_id_seq MAXVALUE 100")
        connection.execute("SELECT setval('orders_id_seq', 85)")
    warnings: list[dict[str, object]] = []

    def warned() -> bool:
        lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
        warnings.extend(line for line in lines if line["event"] == "id_range_low")
        return len(warnings) == 2

    logged = {**settings, "LOG_FORMAT": "json"}
    with running("api", settings=logged) as api, running("worker", settings=logged) as worker:
        for process in (api, worker):
            assert (await scrape(process.operations))[key("id_range_used_ratio", table="orders")] == 0.85
        await eventually(warned, within=PATIENCE)
    assert {(line["role"], line["level"], line["table"], line["used"]) for line in warnings} == {
        ("api", "warning", "orders", 0.85),
        ("worker", "warning", "orders", 0.85),
    }


async def told(process: EngineProcess, wanted: Callable[[Samples], bool]) -> Samples:
    """Return what a process tells; asserts that it is what is wanted."""
    samples = await scrape(process.operations)
    assert wanted(samples)
    return samples


@pytest.fixture(scope="module")
def fleet() -> Iterator[PostgresFleet]:
    with running_fleet_on_own_postgres() as fleet:
        yield fleet


@pytest.mark.parametrize("how", ["pause", "kill"])  # a paused server hangs, a killed one refuses
async def test_a_scrape_is_answered_while_both_servers_are_away(fleet: PostgresFleet, how: str) -> None:
    async def well(process: EngineProcess) -> bool:
        samples = await scrape(process.operations)
        return (samples[key("store_up")], samples[key("queue_up")]) == (1, 1)

    both = (fleet.api, fleet.worker)
    for process in both:
        await eventually(partial(well, process), within=PATIENCE)
    for server in (fleet.postgres, fleet.redis):
        await asyncio.to_thread(getattr(server, how))
    try:
        await asyncio.sleep(1.1)  # what was known a second ago may still be told
        begun = time.monotonic()
        answers = await asyncio.gather(*(scrape(process.operations) for process in both))
        assert time.monotonic() - begun < 2.5
    finally:
        for server in (fleet.postgres, fleet.redis):
            await asyncio.to_thread(server.resume if how == "pause" else server.start)
    for samples in answers:
        assert (samples[key("store_up")], samples[key("queue_up")]) == (0, 0)
        assert not {"open_orders", "queue_jobs", "queue_paused"} & {name for name, _ in samples}
        assert key("orders_accepted_total") in samples
    for process in both:
        await eventually(partial(well, process), within=PATIENCE)
