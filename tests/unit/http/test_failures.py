"""What clients see when the store is away, or something unforeseen happens."""

import asyncio
import logging
from collections.abc import Collection

import pytest

from adapters.memory.order_queue import InMemoryOrderQueue
from adapters.memory.order_store import InMemoryOrderStore
from application.ports.errors import DataRefused, Overloaded, StoreUnavailable
from application.ports.order_store import Admission
from domain.order import Order
from tests.api import CLOCK, ORDER, Engine, running_api
from tests.builders import an_id

EXECUTE = "/api/orders/execute"


class FailingStore(InMemoryOrderStore):
    """Raises `error` as long as there is one."""

    error: Exception | None = None

    async def add(self, order: Order, idempotency_key: str | None = None) -> Admission:
        if self.error is not None:
            raise self.error
        return await super().add(order, idempotency_key)

    async def get(self, order_id: str, *, durable: bool = False) -> Order | None:
        if self.error is not None:
            raise self.error
        return await super().get(order_id)


@pytest.mark.parametrize(
    ("error", "code", "accepted"),
    [
        (StoreUnavailable("10.0.0.7 refused"), "store_unavailable", False),
        (StoreUnavailable("broke at COMMIT", accepted="unknown"), "store_unavailable", "unknown"),
        (Overloaded("20000 wait"), "overloaded", False),
    ],
)
async def test_a_store_that_cannot_serve(error: Exception, code: str, accepted: object) -> None:
    store = FailingStore(CLOCK)
    async with running_api(Engine(store=store)) as api:
        store.error = error
        for answer in (
            await api.http.post(EXECUTE, json=ORDER),
            await api.http.get(f"/api/orders/{an_id()}"),
            await api.http.post(f"/api/orders/{an_id()}/cancel"),
        ):
            problem = answer.json()
            assert (answer.status_code, problem["code"], problem["accepted"]) == (503, code, accepted)
            assert int(answer.headers["Retry-After"]) >= 1
            assert str(error) not in answer.text
        store.error = None
        assert (await api.http.post(EXECUTE, json=ORDER)).status_code == 202


async def test_an_error_nobody_foresaw_is_logged_with_its_request_id(caplog: pytest.LogCaptureFixture) -> None:
    store = FailingStore(CLOCK)
    async with running_api(Engine(store=store)) as api:
        store.error = RuntimeError("password=hunter2 in /etc/engine")
        answer = await api.http.post(EXECUTE, json=ORDER, headers={"X-Request-Id": "find-me"})
    assert (answer.status_code, answer.json()["code"], answer.json()["requestId"]) == (500, "internal", "find-me")
    assert "hunter2" not in answer.text
    [record] = [record for record in caplog.records if record.message == "request_failed"]
    assert record.levelno == logging.ERROR
    assert record.__dict__["request_id"] == "find-me"
    assert record.exc_info is not None


async def test_data_that_the_store_refuses_is_the_clients_mistake() -> None:
    store = FailingStore(CLOCK)
    async with running_api(Engine(store=store)) as api:
        store.error = DataRefused("SQLSTATE 22003")
        answer = await api.http.post(EXECUTE, json=ORDER)
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")
    assert "22003" not in answer.text


class HangingQueue(InMemoryOrderQueue):
    async def put(self, order_ids: Collection[str]) -> int:
        await asyncio.Event().wait()
        return 0


async def test_an_answer_does_not_wait_for_the_queue() -> None:
    async with running_api(Engine(queue=HangingQueue(CLOCK, lease_seconds=30))) as api, asyncio.timeout(5):
        assert (await api.http.get(f"/api/orders/{await api.submit()}")).json()["status"] == "pending"
