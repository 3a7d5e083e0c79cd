"""A worker and a venue that lies: nothing is confirmed by a lie, other orders go on, and an operator settles it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest

from application.ports.order_store import Record
from domain.order import Order
from domain.status import OrderStatus
from tests.builders import QUOTES, a_fill, a_stamp, a_transaction, an_order
from tests.contracts.order_store_harness import append_all, clean_run
from tests.eventually import eventually
from tests.hostile_venue import Request, reply, venue_that_responds
from tests.integration.test_operator_commands import Bench, bench
from tests.processes import running
from tests.scraping import key, read

__all__ = ["bench"]
pytestmark = pytest.mark.timeout(120)

SHARED = "tx_shared"


class Liar:
    """A venue that quotes lowest, and lies about each order in the way that a test says."""

    def __init__(self) -> None:
        self.lies: dict[str, str] = {}  # by order
        self.asked: list[str] = []

    def __call__(self, request: Request) -> bytes:
        self.asked.append(f"{request.method} {request.path}")
        if request.path.endswith("/quotes"):
            return reply('{"price":"100","fee":"0"}')
        if request.path.endswith("/builds"):
            order_id = request.body["orderId"]
            tx_hash = SHARED if self.lies[order_id] == "shared" else f"tx_{order_id}"
            return reply(json.dumps({"txHash": tx_hash, "expiresAt": "2099-01-02T03:04:05Z"}))
        tx_hash = request.path.rpartition("/")[2]
        price = "98" if self.lies.get(tx_hash.removeprefix("tx_")) == "low" else "100"
        return reply(json.dumps({"txHash": tx_hash, "status": "landed", "price": price}))


async def placed(bench: Bench, liar: Liar, lie: str = "") -> Order:
    """Place an order about which the venue lies in this way."""
    order = an_order(slippageBps=100)
    liar.lies[order.order_id] = lie
    await bench.store.add(order)
    await bench.queue.put([order.order_id])
    return order


async def reached(bench: Bench, order: Order, status: OrderStatus, *, held: bool = False) -> Order:
    """Return the order once it is there."""

    async def there() -> Order | None:
        latest = await bench.latest(order)
        return latest if (latest.status, latest.held) == (status, held) else None

    latest = await eventually(there, within=30)
    assert latest
    return latest


async def confirmed_with(bench: Bench, tx_hash: str) -> Order:
    """Keep an order that another process confirmed with this transaction."""
    order = an_order()
    await bench.store.add(order)
    steps = clean_run(order)[:3]
    submission = steps[-1][0].submit(a_stamp(), a_transaction(order, tx_hash=tx_hash))
    await bench.store.append(Record.of(order, *steps, submission))
    await append_all(bench.store, [submission[0].confirm(a_stamp(), a_fill(QUOTES[1].price))])
    return order


@pytest.fixture
async def liar() -> Liar:
    return Liar()


@pytest.fixture
async def operator(bench: Bench, liar: Liar) -> AsyncIterator[Bench]:
    """The command line of an engine that has an honest venue, and the liar, who quotes lowest."""
    async with venue_that_responds(liar) as url:
        honest = {"MOCK_FAILURE_RATE": "0", "MOCK_FILL_LOW": "1.02"}  # never below what it quoted
        settings = {**bench.settings, **honest, "VENUES": f"Raydium=mock:,Meteora={url}/Meteora"}
        settings["ROUTING_POLICY"] = "lowest_price"
        yield Bench(bench.store, bench.queue, bench.operations, settings)


async def test_a_lie_holds_its_order_and_stops_its_venue_until_an_operator_settles_it(
    bench: Bench, operator: Bench, liar: Liar
) -> None:
    async with AsyncExitStack() as stack:
        worker = stack.enter_context(await asyncio.to_thread(running, "worker", settings=operator.settings))
        low = await reached(bench, await placed(bench, liar, "low"), OrderStatus.SUBMITTED, held=True)
        listed = {row["venue"]: row for row in await operator.ask("venue", "list")}
        assert "below the limit" in listed["Meteora"]["why"]
        asked = len(liar.asked)
        assert (await reached(bench, await placed(bench, liar), OrderStatus.CONFIRMED)).chosen_venue == "Raydium"
        assert len(liar.asked) == asked
        async with httpx.AsyncClient(trust_env=False) as client:
            samples = read((await client.get(f"{worker.url}/metrics")).text)
        assert samples[key("venue_contradictions_total")] == 1
        assert "may have landed" in await operator.refused("orders", "fail", low.order_id)
        await operator.ask("orders", "confirm", low.order_id)
        assert (await reached(bench, low, OrderStatus.CONFIRMED, held=True)).execution_price == 98
        await operator.ask("venue", "resume", "Meteora")

        async def swaps_at_the_liar() -> bool:
            return (await reached(bench, await placed(bench, liar), OrderStatus.CONFIRMED)).chosen_venue == "Meteora"

        await eventually(swaps_at_the_liar, within=30)


async def test_a_swap_that_confirmed_one_order_confirms_no_other(bench: Bench, operator: Bench, liar: Liar) -> None:
    first = await confirmed_with(bench, SHARED)
    async with AsyncExitStack() as stack:
        stack.enter_context(await asyncio.to_thread(running, "worker", settings=operator.settings))
        second = await reached(bench, await placed(bench, liar, "shared"), OrderStatus.SUBMITTED, held=True)
        assert second.tx_hash == SHARED
        ended = await operator.ask("orders", "fail", second.order_id, "--not-landed")
        assert ended["status"] == "failed"
    assert (await bench.latest(first)).status is OrderStatus.CONFIRMED
