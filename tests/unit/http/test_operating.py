"""`POST /api/orders/{orderId}/requeue|revive|fail`: the operators' commands over HTTP, noted like theirs."""

import pytest
from attrs import evolve

from adapters.memory.order_store import InMemoryOrderStore
from adapters.memory.queue_operations import InMemoryQueueOperations
from application.ports.audit import AuditEntry, AuditFilter, Outcome
from application.ports.errors import QueueUnavailable
from application.ports.queue_operations import Job
from tests.api import CLOCK, Api, Engine, running_api
from tests.builders import an_id, an_order

VERBS = ("requeue", "revive", "fail")
JSON = {"Content-Type": "application/json"}


class AwayOperations(InMemoryQueueOperations):
    async def find(self, order_id: str) -> Job | None:
        raise QueueUnavailable("redis at 10.0.0.7 is away")

    async def revive(self, order_id: str) -> bool:
        raise QueueUnavailable("redis at 10.0.0.7 is away")


async def decide(api: Api, order_id: str, verb: str, **body: object) -> tuple[int, dict[str, object]]:
    answer = await api.http.post(f"/api/orders/{order_id}/{verb}", json=body or None)
    return answer.status_code, answer.json()


async def entries(api: Api) -> list[AuditEntry]:
    store = api.engine.store
    assert isinstance(store, InMemoryOrderStore)
    return [record.entry for record in reversed((await store.audit.records(AuditFilter(), None, 100)).records)]


async def waiting(api: Api) -> int:
    return (await api.engine.operations.counts()).waiting


async def dead_letter(api: Api) -> str:
    order_id = await api.submit()
    while (await api.engine.operations.counts()).buried == 0:
        [lease] = await api.engine.queue.take(1, 0)
        await api.engine.queue.retry_in(lease, 0, failure="why")
    return order_id


async def test_an_order_is_queued_again_and_only_once() -> None:
    async with running_api() as api:
        order = an_order()
        await api.engine.store.add(order)
        for _ in range(2):
            status, answer = await decide(api, order.order_id, "requeue", reason="  lost  ")
            assert (status, answer["orderId"], answer["status"]) == (202, order.order_id, "pending")
        assert await waiting(api) == 1
        begun, done = await entries(api)
        assert (begun.what, begun.after, begun.outcome) == ("orders.requeue", {"reason": "lost"}, Outcome.BEGUN)
        assert (done.outcome, done.origin) == (Outcome.DONE, "127.0.0.1")
        assert done.request_id is not None


async def test_a_dead_letter_is_revived() -> None:
    async with running_api() as api:
        order_id = await dead_letter(api)
        assert (await decide(api, order_id, "requeue"))[1]["code"] == "order_is_dead_letter"
        assert (await decide(api, order_id, "revive"))[0] == 202
        assert await waiting(api) == 1
        status, answer = await decide(api, order_id, "revive")
        assert (status, answer["code"]) == (409, "order_not_dead_letter")


async def test_an_order_is_failed_and_its_dead_letter_dropped() -> None:
    async with running_api() as api:
        order_id = await dead_letter(api)
        for _ in range(2):
            status, answer = await decide(api, order_id, "fail", reason="unwanted")
            assert (status, answer["status"], answer["reasonCode"]) == (202, "failed", "internal_error")
        assert (await api.engine.operations.counts()).buried == 0
        [failed, *_] = await entries(api)
        assert (failed.what, failed.after) == ("orders.fail", {"status": "failed", "version": 1, "reason": "unwanted"})


async def test_what_has_ended_and_what_does_not_run_is_refused() -> None:
    async with running_api() as api:
        order_id = await api.submit()
        await api.engine.execute(order_id)
        for verb in ("requeue", "fail"):
            status, answer = await decide(api, order_id, verb)
            assert (status, answer["code"]) == (409, "order_is_final")
        held = evolve(an_order(), held=True)
        await api.engine.store.add(held)
        assert (await decide(api, held.order_id, "requeue"))[1]["code"] == "order_does_not_run"
        status, answer = await decide(api, held.order_id, "fail", notLanded=True)
        assert (status, answer["status"]) == (202, "failed")


async def test_without_the_queue_an_order_is_failed_and_nothing_else_done() -> None:
    async with running_api() as api:
        away = Engine(operations=AwayOperations(CLOCK, api.engine.jobs))
    async with running_api(away) as api:
        order_id = await api.submit()
        for verb in ("requeue", "revive"):
            answer = await api.http.post(f"/api/orders/{order_id}/{verb}")
            assert (answer.status_code, answer.json()["code"]) == (503, "queue_unavailable")
            assert answer.headers["Retry-After"] == "1"
            assert "10.0.0.7" not in answer.text
        assert (await decide(api, order_id, "fail"))[0] == 202


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("verb", VERBS)
async def test_what_is_asked_wrongly(shared_api: Api, verb: str) -> None:
    order_id = await shared_api.submit()
    status, answer = await decide(shared_api, order_id, verb, reason=" ", extra=1, notLanded="yes")
    assert status == 400
    errors = answer["errors"]
    assert isinstance(errors, list)
    assert [error["field"] for error in errors] == {"fail": ["reason", "notLanded", "extra"]}.get(
        verb, ["reason", "extra", "notLanded"]
    )
    assert (await decide(shared_api, an_id(), verb))[1]["code"] == "order_not_found"
    plain = await shared_api.http.post(f"/api/orders/{order_id}/{verb}", content=b"reason")
    assert plain.json()["code"] == "unsupported_media_type"
    broken = await shared_api.http.post(f"/api/orders/{order_id}/{verb}", content=b"[]", headers=JSON)
    assert broken.json()["code"] == "malformed_body"
    assert (await shared_api.http.get(f"/api/orders/{order_id}/{verb}")).status_code == 405
