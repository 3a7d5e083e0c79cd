"""Alive, and ready for work."""

import asyncio
from collections.abc import Awaitable, Callable

import falcon.testing
import pytest

from application.ports.errors import StoreUnavailable
from entrypoints.web.app import operations_app
from entrypoints.web.drain import Drain
from entrypoints.web.http import health
from entrypoints.web.http.health import Check
from tests.api import Engine, running_api


async def up() -> None: ...


async def down() -> None:
    raise StoreUnavailable("postgres at 10.0.0.7 is away")


async def stuck() -> None:
    await asyncio.Event().wait()


Probe = Callable[[], Awaitable[None]]


@pytest.mark.parametrize(
    ("postgres", "redis", "status", "checks"),
    [
        (up, up, 200, {"postgres": "ok", "redis": "ok"}),
        (up, down, 200, {"postgres": "ok", "redis": "degraded"}),
        (down, up, 503, {"postgres": "down", "redis": "ok"}),
        (down, down, 503, {"postgres": "down", "redis": "degraded"}),
        (stuck, up, 503, {"postgres": "down", "redis": "ok"}),
    ],
)
async def test_an_api_is_ready_without_redis(
    postgres: Probe, redis: Probe, status: int, checks: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "CHECK_SECONDS", 0.05)
    ready = {"postgres": Check(postgres), "redis": Check(redis, required=False)}
    async with running_api(Engine(ready=ready)) as api:
        answer = await api.operations.get("/health/ready")
        word = "ok" if status == 200 else "unavailable"
        assert (answer.status_code, answer.json()) == (status, {"status": word, "checks": checks})
        assert answer.headers["Content-Type"] == "application/json"
        assert "10.0.0.7" not in answer.text
        public = await api.http.get("/health/ready")
        assert (public.status_code, public.json()) == (status, {"status": word})
        assert (await api.http.get("/health/live")).json() == {"status": "ok", "checks": {}}


async def test_a_dead_task_is_seen_by_live() -> None:
    async with running_api(Engine(live={"flusher": Check(down)})) as api:
        answer = await api.http.get("/health/live")
        assert (answer.status_code, answer.json()) == (503, {"status": "unavailable", "checks": {"flusher": "down"}})


async def test_a_draining_api_is_alive_and_not_ready() -> None:
    async with running_api(Engine(ready={"postgres": Check(up)})) as api:
        api.drain.begin()
        answer = await api.http.get("/health/ready")
        assert (answer.status_code, answer.json()["status"]) == (503, "draining")
        assert (await api.http.get("/health/live")).status_code == 200


async def test_metrics_and_what_is_down_are_told_on_the_operations_port_alone() -> None:
    async with running_api(Engine(ready={"postgres": Check(down)})) as api:
        assert (await api.http.get("/metrics")).status_code == 404
        assert (await api.operations.get("/metrics")).status_code == 200
        for path in ("/", "/api/orders", "/ws/orders", "/docs"):
            assert (await api.operations.get(path)).status_code == 404
        assert (await api.operations.get("/health/live")).json() == {"status": "ok", "checks": {}}


@pytest.mark.parametrize(("redis", "status"), [(up, 200), (down, 503)])
async def test_a_worker_needs_all(redis: Probe, status: int) -> None:
    ready = {"postgres": Check(up), "redis": Check(redis, required=False)}
    async with falcon.testing.ASGIConductor(
        operations_app(ready, Engine().services().stats, all_required=True)
    ) as conductor:
        answer = await conductor.simulate_get("/health/ready")
        assert answer.status_code == status
        assert answer.json["checks"]["redis"] == ("ok" if status == 200 else "down")
        assert (await conductor.simulate_get("/health/live")).status_code == 200
        assert (await conductor.simulate_get("/api/orders")).json["code"] == "not_found"


async def test_a_draining_worker_is_not_ready() -> None:
    drain = Drain()
    async with falcon.testing.ASGIConductor(operations_app({}, Engine().services().stats, drain=drain)) as conductor:
        assert (await conductor.simulate_get("/health/ready")).status_code == 200
        drain.begin()
        assert (await conductor.simulate_get("/health/ready")).status_code == 503
