"""The operator's commands on real servers: what they change, what they print, and how they end."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from subprocess import CompletedProcess
from typing import Any

import pytest
from attrs import frozen

from adapters.postgres.order_store import PostgresOrderStore
from adapters.redis.clients import queue_client
from adapters.redis.order_queue import RedisOrderQueue
from adapters.redis.queue_operations import RedisQueueOperations
from application.ports.queue_operations import QueueCounts
from domain.order import Order
from tests.builders import a_stamp, an_id, an_order
from tests.contracts.order_queue_harness import why_buried
from tests.contracts.order_store_harness import append_all, clean_run
from tests.processes import finished, free_port

NO_SERVER = "user:hunter2@127.0.0.1"


@frozen
class Bench:
    """An engine's store and queue, and its command line."""

    store: PostgresOrderStore
    queue: RedisOrderQueue
    operations: RedisQueueOperations
    settings: dict[str, str]

    async def run(self, *arguments: str, **over: str) -> "CompletedProcess[str]":
        return await asyncio.to_thread(finished, *arguments, settings={**self.settings, **over})

    async def ask(self, *arguments: str, **over: str) -> Any:
        """Run a command that must succeed and answers with JSON."""
        ended = await self.run(*arguments, "--json", **over)
        assert (ended.returncode, ended.stderr) == (0, "")
        return json.loads(ended.stdout)

    async def refused(self, *arguments: str, **over: str) -> str:
        """Run a command that must fail, with one clear sentence; return that."""
        ended = await self.run(*arguments, **over)
        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr.count("\n") == 1
        assert "hunter2" not in ended.stderr
        return ended.stderr

    async def order(self, steps: int = 0, *, buried: str | None = None) -> Order:
        """Keep an order that took so many steps of a clean run, its job a dead letter if there is a reason."""
        order = an_order(userId="[red]anna")
        await self.store.add(order)
        await append_all(self.store, clean_run(order)[:steps])
        if buried is not None:
            await self.queue.put([order.order_id])
            [lease] = await self.queue.take(1, 0)
            await self.queue.retry_in(lease, 0, failure=buried)
        return await self.latest(order)

    async def latest(self, order: Order) -> Order:
        latest = await self.store.get(order.order_id)
        assert latest is not None
        return latest


@pytest.fixture
async def bench(migrated_url: str, redis_db_url: str) -> AsyncIterator[Bench]:
    store, client = PostgresOrderStore(migrated_url), queue_client(redis_db_url)
    queue = RedisOrderQueue(client, "w1", lease_seconds=60, most_deliveries=1, put_limit=2)
    operations = RedisQueueOperations(client)
    await store.open()
    await queue.open()
    yield Bench(store, queue, operations, {"POSTGRES_URL": migrated_url, "REDIS_URL": redis_db_url})
    await operations.close()
    await queue.close()
    await store.close()
    await client.aclose()


async def test_counting_listing_and_reviving_dead_letters(bench: Bench) -> None:
    order = await bench.order(buried="[bold]it\x1b[31m broke")
    await bench.queue.put([an_id()])
    counts = {"waiting": 1, "leased": 0, "delayed": 0, "buried": 1, "paused": False}
    assert await bench.ask("queue", "counts") == counts
    assert await bench.ask("queue", "dead") == [
        {"orderId": order.order_id, "why": why_buried("[bold]it\x1b[31m broke", 1)}
    ]
    shown = (await bench.run("queue", "dead")).stdout
    assert order.order_id in shown
    assert "[bold]it" in shown
    assert "\x1b[31m broke" not in shown
    assert await bench.ask("queue", "revive", order.order_id.upper()) == {"orderId": order.order_id, "revived": True}
    assert "No dead letter" in await bench.refused("queue", "revive", order.order_id)
    assert await bench.operations.counts() == QueueCounts(waiting=2, leased=0, delayed=0, buried=0)
    assert "no dead letters" in (await bench.run("queue", "dead")).stdout


async def test_pausing_and_resuming(bench: Bench) -> None:
    await bench.queue.put([an_id()])
    assert "queue resume" in (await bench.run("queue", "pause")).stdout
    assert list(await bench.queue.take(1, 0)) == []
    assert (await bench.ask("queue", "counts"))["paused"] is True
    assert "yes" in (await bench.run("queue", "counts")).stdout
    assert (await bench.run("queue", "resume")).returncode == 0
    assert len(await bench.queue.take(1, 0)) == 1


async def test_showing_an_order(bench: Bench) -> None:
    order = await bench.order(4, buried="it broke")
    shown = await bench.ask("orders", "show", order.order_id)
    assert shown["order"]["orderId"] == order.order_id
    assert [frame["message"] for frame in shown["events"]] == ["Order accepted", *order.logs]
    assert (shown["job"]["place"], shown["job"]["why"]) == ("buried", why_buried("it broke", 1))
    assert (shown["transaction"]["txHash"], shown["transaction"]["venue"]) == (order.tx_hash, "Meteora")
    text = (await bench.run("orders", "show", order.order_id)).stdout
    letter = f"a dead letter: {why_buried('it broke', 1)}"
    for part in (order.order_id, letter, "[red]anna", order.tx_hash or "", *order.logs):
        assert part in text
    assert "No such order" in await bench.refused("orders", "show", an_id())


async def test_showing_an_order_by_the_symbols_of_a_token_list(bench: Bench) -> None:
    order = an_order(inputToken="So11111111111111111111111111111111111111112")
    await bench.store.add(order)
    text = (await bench.run("orders", "show", order.order_id, TOKEN_LIST="solana-mainnet")).stdout
    assert "10 SOL to USDC" in text


async def test_requeueing_an_order(bench: Bench) -> None:
    order, final = await bench.order(2), await bench.order(5)
    assert await bench.ask("orders", "requeue", order.order_id) == {"queued": True, "job": None}
    assert "in the queue already: waiting" in (await bench.run("orders", "requeue", order.order_id)).stdout
    [lease] = await bench.queue.take(5, 0)
    assert "leased by w1" in (await bench.run("orders", "requeue", order.order_id)).stdout
    await bench.queue.retry_in(lease, 0, failure="why")
    assert "queue revive" in await bench.refused("orders", "requeue", order.order_id)
    assert "confirmed" in await bench.refused("orders", "requeue", final.order_id)


async def test_an_order_that_does_not_run_is_not_requeued_and_shown_so(bench: Bench) -> None:
    order = await bench.order()
    await append_all(bench.store, [order.rest(a_stamp(), "151.2 or better")])
    assert "is resting" in await bench.refused("orders", "requeue", order.order_id)
    assert "none while it rests" in (await bench.run("orders", "show", order.order_id)).stdout
    assert "resting" in (await bench.run("orders", "list", "--help")).stdout


async def test_failing_an_order(bench: Bench) -> None:
    order, final = await bench.order(3, buried="it broke"), await bench.order(5)
    outcome = {"orderId": order.order_id, "status": "failed", "deadLetter": "dropped"}
    assert await bench.ask("orders", "fail", order.order_id) == outcome
    assert await bench.ask("orders", "fail", order.order_id) == {**outcome, "deadLetter": "none"}
    assert (await bench.latest(order)).logs[-1] == "Internal error"
    assert await bench.operations.buried() == []
    assert "confirmed" in await bench.refused("orders", "fail", final.order_id)


async def test_failing_is_refused_while_the_transaction_may_land_and_a_worker_can_find_out(bench: Bench) -> None:
    order = await bench.order(4)  # its transaction's expiry is long past, and no venue here has seen it
    refusal = await bench.refused("orders", "fail", order.order_id)
    assert "may have landed" in refusal
    assert "orders requeue" in refusal
    assert (await bench.latest(order)).status == "submitted"
    assert (await bench.ask("orders", "requeue", order.order_id))["queued"]


async def test_what_the_commands_do_while_redis_is_away(bench: Bench) -> None:
    order = await bench.order(buried="why")
    away = f"redis://{NO_SERVER}:{free_port()}/0"
    assert "Redis does not answer" in await bench.refused("queue", "counts", REDIS_URL=away)
    assert "Redis does not answer" in await bench.refused("orders", "requeue", order.order_id, REDIS_URL=away)
    shown = await bench.ask("orders", "show", order.order_id, REDIS_URL=away)
    assert (shown["queueAnswered"], shown["job"]) == (False, None)
    assert "repeat this" in await bench.refused("orders", "fail", order.order_id, REDIS_URL=away)
    assert (await bench.latest(order)).status == "failed"
    assert (await bench.ask("orders", "fail", order.order_id))["deadLetter"] == "dropped"


async def test_what_the_commands_do_while_postgres_is_away(bench: Bench) -> None:
    order = await bench.order(buried="why")
    away = f"postgresql://{NO_SERVER}:{free_port()}/db"
    assert (await bench.ask("queue", "counts", POSTGRES_URL=away))["buried"] == 1
    assert (await bench.ask("queue", "counts", POSTGRES_URL=""))["buried"] == 1
    for command in ("show", "requeue", "fail"):
        assert "Postgres does not answer" in await bench.refused("orders", command, order.order_id, POSTGRES_URL=away)
    for acts in (["pause"], ["resume"], ["revive", order.order_id]):  # which cannot be noted
        assert "Postgres does not answer" in await bench.refused("queue", *acts, POSTGRES_URL=away)
    assert (await bench.operations.counts()).buried == 1


async def test_halting_and_resuming_trading(bench: Bench) -> None:
    away = f"redis://{NO_SERVER}:{free_port()}/0"
    assert await bench.ask("trading", "state", REDIS_URL="") == {"halted": False}
    begun = await bench.ask("trading", "halt", "--why", "a [bold]drill", REDIS_URL=away)
    assert (begun["halted"], begun["why"], begun["lostWrites"]) == (True, "a [bold]drill", False)
    assert await bench.ask("trading", "halt", "--why", "another") == begun
    told = (await bench.run("trading", "state")).stdout
    for part in (begun["since"], begun["by"], "a [bold]drill"):
        assert part in told
    assert "Trading goes on" in (await bench.run("trading", "resume")).stdout
    assert await bench.ask("trading", "resume") == {"halted": False, "ended": False}
    assert "Trading goes on" in (await bench.run("trading", "state")).stdout
    assert (await bench.run("trading", "halt")).returncode == 2


async def test_halting_users_and_stopping_venues(bench: Bench) -> None:
    begun = await bench.ask("trading", "halt", "--user", " [red]anna ", "--reason", "a drill", REDIS_URL="")
    assert (begun["halted"], begun["user"], begun["why"]) == (True, "[red]anna", "a drill")
    stopped = await bench.ask("venue", "stop", "Raydium", "--why", "it lies")
    assert (stopped["venue"], stopped["stopped"], stopped["why"]) == ("Raydium", True, "it lies")
    assert "Meteora" in await bench.refused("venue", "stop", "raydium", "--why", "it lies")
    assert await bench.ask("venue", "list") == [stopped, {"venue": "Meteora", "stopped": False}]
    state = await bench.ask("trading", "state")
    assert (state["halted"], [part.get("user") or part["venue"] for part in state["parts"]]) == (
        False,
        ["[red]anna", "Raydium"],
    )
    for command, parts in ((("trading", "status"), ("[red]anna", "a drill")), (("venue", "list"), ("stopped", "lies"))):
        told = (await bench.run(*command)).stdout
        assert [part for part in parts if part not in told] == []
    assert await bench.ask("trading", "resume", "--user", "[red]anna") == {
        "halted": False,
        "user": "[red]anna",
        "ended": True,
    }
    assert "was not halted" in (await bench.run("trading", "resume", "--user", "[red]anna")).stdout
    assert "Raydium goes on" in (await bench.run("venue", "resume", "Raydium")).stdout
    assert await bench.ask("trading", "state") == {"halted": False}
    assert (await bench.run("trading", "halt", "--user", " ", "--why", "a drill")).returncode == 2


async def test_the_audit_tells_who_did_what(bench: Bench) -> None:
    assert "no such acts" in (await bench.run("audit")).stdout
    order = await bench.order(buried="why")
    await bench.ask("trading", "halt", "--why", "a [bold]drill")
    await bench.ask("orders", "fail", order.order_id)
    ended = await bench.run("audit", "--json")
    acts = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [(act["what"], act["outcome"]) for act in acts] == [
        ("queue.forget", "done"),
        ("queue.forget", "begun"),
        ("orders.fail", "done"),
        ("trading.halt", "done"),
    ]
    assert {act["who"].partition("@")[2] for act in acts} == {act["origin"] for act in acts} == {socket.gethostname()}
    assert len({act["requestId"] for act in acts}) == 2  # one a command
    assert acts[3]["after"] == {"why": "a [bold]drill", "lostWrites": False}
    assert acts[2]["before"] == {"status": "pending", "version": 0}
    only = await bench.run("audit", "--what", "trading.halt", "--who", acts[0]["who"], "--since", acts[3]["at"])
    assert "a [bold]drill" in only.stdout
    assert "orders.fail" not in only.stdout
    assert len((await bench.run("audit", "--json", "--limit", "1")).stdout.splitlines()) == 1
    assert len((await bench.run("audit", "--json", "--limit", "1", "--all")).stdout.splitlines()) == 4


async def test_settings_that_are_missing_or_wrong_end_with_2(bench: Bench) -> None:
    missing = await bench.run("orders", "show", an_id(), POSTGRES_URL="")
    wrong = await bench.run("queue", "counts", REDIS_URL="http://x")
    assert (missing.returncode, wrong.returncode) == (2, 2)
    assert "ORDER_ENGINE_POSTGRES_URL must be set" in missing.stderr
    assert "ORDER_ENGINE_REDIS_URL must be" in wrong.stderr


async def test_cancelling_all_orders_of_a_user_or_really_all(bench: Bench) -> None:
    pending, building, submitted = await bench.order(), await bench.order(3), await bench.order(4)
    for arguments in ((), ("--all", "--user", "x"), ("--all", "--venue", "Raydium")):
        assert (await bench.run("orders", "cancel-all", *arguments)).returncode == 2
    assert await bench.ask("orders", "cancel-all", "--user", "nobody") == {"cancelled": [], "notCancellable": []}
    for_venue = await bench.ask("orders", "cancel-all", "--venue", "Meteora", "--user", "[red]anna")
    assert for_venue == {"cancelled": [building.order_id], "notCancellable": [submitted.order_id]}
    told = (await bench.run("orders", "cancel-all", "--all")).stdout
    assert "1 orders are cancelled." in told
    assert submitted.order_id in told
    assert (await bench.latest(pending)).logs[-1] == "Order cancelled"
    acts = (await bench.run("audit", "--what", "orders.cancel-all", "--json")).stdout
    assert acts.count('"outcome":"done"') == 3
