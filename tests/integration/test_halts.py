"""Halts of users and venues over real processes: every one goes by them, waits, and goes on."""

import httpx
import pytest

from tests.clients import ORDER, new_engine
from tests.eventually import eventually
from tests.processes import finished, running

POST = "/api/orders/execute"


@pytest.fixture
def settings(database_url: str, redis_db_url: str) -> dict[str, str]:
    return new_engine(database_url, redis_db_url)


def operate(settings: dict[str, str], *arguments: str) -> None:
    ended = finished(*arguments, settings=settings)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize(
    ("halt", "resume"),
    [
        (("trading", "halt", "--user", "anna", "--why", "a drill"), ("trading", "resume", "--user", "anna")),
        (("venue", "stop", "Raydium", "--why", "a drill"), ("venue", "resume", "Raydium")),
    ],
    ids=["user", "venues"],
)
async def test_orders_wait_for_the_end_of_a_halt_and_use_no_attempt(
    settings: dict[str, str], halt: tuple[str, ...], resume: tuple[str, ...]
) -> None:
    if "venue" in halt:
        operate(settings, "venue", "stop", "Meteora", "--why", "a drill")
    with running("api", settings=settings) as api:
        async with httpx.AsyncClient(base_url=api.url) as client:

            async def sent(user: str) -> httpx.Response:
                return await client.post(POST, json={**ORDER, "userId": user})

            waits = (await sent("anna")).json()["orderId"]
            operate(settings, *halt)
            if "--user" in halt:

                async def refused() -> bool:
                    answer = await sent("anna")
                    return answer.status_code == 503 and answer.json()["code"] == "trading_halted"

                assert await eventually(refused, within=3)
                assert (await sent("bob")).status_code == 202
            with running("worker", settings=settings) as worker:

                async def put_back() -> bool:
                    async with httpx.AsyncClient(base_url=worker.url) as own:
                        metrics = (await own.get("/metrics")).text
                    return 'order_engine_jobs_handed_back_total{why="halt"} 0.0' not in metrics

                assert await eventually(put_back, within=10)
                assert (await client.get(f"/api/orders/{waits}")).json()["logs"] == []
                operate(settings, *resume)

                async def confirmed() -> bool:
                    order = (await client.get(f"/api/orders/{waits}")).json()
                    return (order["status"], order["attempt"]) == ("confirmed", 1)

                assert await eventually(confirmed, within=30)
