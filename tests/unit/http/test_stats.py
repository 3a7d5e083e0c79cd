"""`GET /api/stats`: what there is to do, also when the queue cannot say."""

from datetime import timedelta

import pytest

from adapters.memory.jobs import InMemoryJobs
from adapters.memory.order_store import InMemoryOrderStore
from adapters.memory.queue_operations import InMemoryQueueOperations
from application.engine_stats import Stats
from application.ports.errors import QueueUnavailable, StoreUnavailable
from application.ports.order_counts import CountedPart, Counts
from application.ports.order_store import Backlog
from application.ports.queue_operations import QueueCounts
from application.ports.workers import WorkerState
from application.trading_rules import TradingRules
from entrypoints.web.http.presenter import stats_json
from tests.api import CLOCK, Engine, running_api

STATS = "/api/stats"
NONE = {"accepted": 0, "confirmed": 0, "failed": 0, "cancelled": 0}
NOTHING = {"windows": {"1m": NONE, "1h": NONE, "24h": NONE}, "workers": []}
RULES = {"policy": "lowest_price", "defaultSlippageBps": None}


class AwayOperations(InMemoryQueueOperations):
    async def counts(self) -> QueueCounts:
        raise QueueUnavailable("redis at 10.0.0.7 is away")


class AwayStore(InMemoryOrderStore):
    async def backlog(self) -> Backlog:
        raise StoreUnavailable("postgres at 10.0.0.7 is away")


async def test_an_engine_at_rest_and_at_work() -> None:
    nothing = {"waiting": 0, "leased": 0, "delayed": 0, "buried": 0, "paused": False}
    async with running_api() as api:
        answer = await api.http.get(STATS)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.json() == {"open": 0, "oldestPendingSeconds": None, "queue": nothing, **NOTHING, **RULES}
    async with running_api() as api:
        await api.submit()
        told = (await api.http.get(STATS)).json()
        assert 0 <= told.pop("oldestPendingSeconds") < 5
        assert told == {"open": 1, "queue": {**nothing, "waiting": 1}, **NOTHING, **RULES}
        assert (await api.http.head(STATS)).status_code == 200
        assert (await api.http.post(STATS)).status_code == 405


async def test_what_was_counted_lately_and_who_is_there() -> None:
    engine = Engine()
    await engine.counts.keep("one", CountedPart(1, CLOCK.now(), Counts(4, 1, 2, 1)))
    await engine.counts.keep("other", CountedPart(1, CLOCK.now() - timedelta(minutes=30), Counts(5, 5)))
    await engine.workers.report(WorkerState("worker-1", "1.2.3", 8, 3))
    async with running_api(engine) as api:
        told = (await api.http.get(STATS)).json()
    latest, both = (
        {"accepted": 4, "confirmed": 1, "failed": 2, "cancelled": 1},
        {"accepted": 9, "confirmed": 6, "failed": 2, "cancelled": 1},
    )
    assert told["windows"] == {"1m": latest, "1h": both, "24h": both}
    [worker] = told["workers"]
    assert worker.pop("since") == worker.pop("seenAt")
    assert worker == {"name": "worker-1", "version": "1.2.3", "slots": 8, "inFlight": 3}


async def test_without_the_queue() -> None:
    async with running_api(Engine(operations=AwayOperations(CLOCK, InMemoryJobs()))) as api:
        answer = await api.http.get(STATS)
    assert answer.status_code == 200
    assert answer.text.startswith('{"open":0,"oldestPendingSeconds":null,"queue":null,"windows":{"1m":{"accepted":0,')
    assert answer.text.endswith('},"workers":[],"policy":"lowest_price","defaultSlippageBps":null}')


async def test_without_the_store() -> None:
    async with running_api(Engine(store=AwayStore(CLOCK))) as api:
        answer = await api.http.get(STATS)
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    assert "10.0.0.7" not in answer.text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0, "0.0"), (0.0004, "0.0"), (1.23456, "1.235"), (98765432.1, "98765432.1")]
)
def test_seconds_have_milliseconds_and_no_exponent(seconds: float, text: str) -> None:
    assert f'"oldestPendingSeconds":{text},' in stats_json(
        Stats(1, seconds, None, {}, []), TradingRules("lowest_price")
    )
