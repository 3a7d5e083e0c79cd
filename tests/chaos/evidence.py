"""What can be known from outside once all is calm: the database, the APIs, the venues' ledger, the dead letters."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import httpx
import psycopg
from attrs import define, field, frozen
from psycopg.rows import dict_row

from adapters.redis.clients import queue_client
from adapters.redis.queue_operations import RedisQueueOperations
from tests.chaos.fleet import Fleet
from tests.chaos.load import Client, Wish
from tests.chaos.world import Swap
from tests.clients import few_at_once

_ORDERS = """
SELECT order_id, user_id, status, version, attempt, logs, amount, chosen_dex, tx_hash, execution_price, reason_code,
    client_order_id, created_at, updated_at, finished_at
FROM orders ORDER BY id
"""
_EVENTS = """
SELECT o.order_id, e.frame FROM order_events AS e LEFT JOIN orders AS o ON o.id = e.orders_id
ORDER BY e.orders_id, e.seq
"""
_EXECUTIONS = "SELECT * FROM executions ORDER BY id"
_OWED = """
SELECT o.order_id FROM webhook_outbox AS w JOIN orders AS o ON o.id = w.orders_id WHERE w.delivered_seq < o.version
"""
_OPEN = "SELECT order_id FROM orders WHERE finished_at IS NULL"


@frozen
class Case:
    """All that is known of one order. `events_body` is the API's answer, to the byte; `wish` is what led to it."""

    row: Mapping[str, Any]
    frames: Sequence[str]
    events_body: str
    answer: Mapping[str, Any]
    swaps: Sequence[Swap]
    execution: Mapping[str, Any] | None
    wish: Wish | None
    buried: str | None

    @property
    def order_id(self) -> str:
        """Its id."""
        return str(self.row["order_id"])


@define(eq=False)
class Evidence:
    """All cases, everything that clients wished, and what belongs to no order."""

    cases: dict[str, Case] = field(factory=dict)
    wishes: dict[str, Wish] = field(factory=dict)
    strays: list[str] = field(factory=list)
    executions: list[Mapping[str, Any]] = field(factory=list)


async def dead_letters(fleet: Fleet) -> dict[str, str]:
    """Return the buried jobs, and why."""
    client = queue_client(fleet.redis.url)
    try:
        return {job.order_id: job.why for job in await RedisQueueOperations(client).buried()}
    finally:
        await client.aclose()


async def open_orders(fleet: Fleet) -> set[str]:
    """Return the orders that are neither final nor buried."""
    async with await psycopg.AsyncConnection.connect(fleet.postgres.url) as connection:
        rows = await (await connection.execute(_OPEN)).fetchall()
    return {order_id for (order_id,) in rows} - set(await dead_letters(fleet)) if rows else set()


async def webhooks_are_sent(fleet: Fleet) -> bool:
    """Tell whether nothing is owed to any webhook."""
    async with await psycopg.AsyncConnection.connect(fleet.postgres.url) as connection:
        return not await (await connection.execute(_OWED)).fetchall()


async def gathered(fleet: Fleet, clients: Iterable[Client]) -> Evidence:
    """Ask everybody. Nothing may move meanwhile."""
    evidence = Evidence(wishes={wish.user_id: wish for client in clients for wish in client.wishes})
    async with await psycopg.AsyncConnection.connect(fleet.postgres.url, row_factory=dict_row) as connection:
        rows = await (await connection.execute(_ORDERS)).fetchall()
        events = await (await connection.execute(_EVENTS)).fetchall()
        evidence.executions += await (await connection.execute(_EXECUTIONS)).fetchall()
    frames = defaultdict[str, list[str]](list)
    for event in events:
        frames[event["order_id"]].append(event["frame"])
    swaps = defaultdict[str, list[Swap]](list)
    for order_id, swap in fleet.world.swaps(frames):
        swaps[order_id].append(swap)
    executions = {row["order_id"]: row for row in evidence.executions}
    buried = await dead_letters(fleet)
    told = await _asked(fleet, [row["order_id"] for row in rows])
    for row in rows:
        order_id = row["order_id"]
        body, answer = told[order_id]
        wish = evidence.wishes.get(row["user_id"])
        evidence.cases[order_id] = Case(
            row, frames[order_id], body, answer, swaps[order_id], executions.get(order_id), wish, buried.get(order_id)
        )
    known = evidence.cases.keys()
    evidence.strays += [f"events of no order: {frame}" for frame in frames.get(str(None), [])]
    evidence.strays += [
        f"a transaction of no order: {swap}" for id_, found in swaps.items() if id_ not in known for swap in found
    ]
    return evidence


async def _asked(fleet: Fleet, order_ids: Sequence[str]) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """Ask the APIs by turns for each order's events (the bytes) and for the order, its numbers exact."""
    async with httpx.AsyncClient(timeout=10, trust_env=False) as client:

        async def one(turn: tuple[int, str]) -> tuple[str, Mapping[str, Any]]:
            number, order_id = turn
            url = f"{fleet.apis[number % len(fleet.apis)].url}/api/orders/{order_id}"
            body, order = await client.get(f"{url}/events"), await client.get(url)
            return body.text, json.loads(order.text, parse_float=Decimal, parse_int=Decimal)

        answers = await few_at_once(one, enumerate(order_ids))
    return dict(zip(order_ids, answers, strict=True))


def history(case: Case, fleet: Fleet) -> str:
    """Tell everything about one order, for a person."""
    lines = [f"order {case.order_id}", f"  row: {dict(case.row)}", f"  answer: {dict(case.answer)}"]
    lines += [f"  dead letter: {case.buried}"] if case.buried else []
    lines += [f"  event: {frame}" for frame in case.frames]
    lines += [f"  execution: {dict(case.execution)}"] if case.execution else []
    lines += [f"  ledger: {swap.told}" for swap in case.swaps] or ["  ledger: nothing"]
    lines += wish_history(case.wish) if case.wish else ["  nobody wished for it"]
    lines += [f"  {line}" for line in fleet.said_of(case.order_id)]
    return "\n".join(lines)


def wish_history(wish: Wish) -> list[str]:
    """Tell what a client asked for and saw."""
    lines = [f"  asked: {dict(wish.body)} {dict(wish.headers)}"]
    lines += [f"  answer: {answer.told()}" for answer in wish.answers]
    lines += [f"  cancel: {answer.told()}" for answer in wish.cancels]
    for number, follower in enumerate(wish.followers, 1):
        sort = "restless" if follower.restless else "loyal"
        lines += [f"  socket {number} ({sort}): {session.told()}" for session in follower.sessions]
        lines += [f"  socket {number} saw: {frame}" for frame in follower.frames]
    return lines
