"""Posts the orders of a load: as fast as so many connections can, or at a steady rate."""

import asyncio
import itertools
import time
from collections.abc import Iterator

import msgspec
from attrs import field, frozen

from entrypoints.load.connection import Address, Answer, Connection
from entrypoints.load.tally import Tally

OPEN_MOST = 100_000  # each is remembered until it is final, and memory has an end
PAUSE_SECONDS = 0.1


@frozen
class Plan:
    """What to post. With a rate (orders/s) each has its due time, from which its latency counts, however late it is."""

    url: str
    user: str
    orders: int
    connections: int
    rate: float | None = None
    body: bytes = field(init=False)

    @body.default
    def _body(self) -> bytes:
        order = {"inputToken": "SOL", "outputToken": "USDC", "amount": 10, "userId": self.user}
        return msgspec.json.encode(order)


async def post_all(plan: Plan, tally: Tally) -> None:
    """Post every order of the plan; each is counted, whatever becomes of it."""
    address, turns, began = Address.of(plan.url), itertools.count(), time.monotonic()
    due = ((began + turn / plan.rate if plan.rate else None) for turn in itertools.islice(turns, plan.orders))
    request = address.request("POST", "/api/orders/execute", plan.body)
    async with asyncio.TaskGroup() as group:
        for _ in range(min(plan.connections, plan.orders)):
            group.create_task(_post(Connection(address), request, due, tally))


async def _post(connection: Connection, request: bytes, due: Iterator[float | None], tally: Tally) -> None:
    """Post, over one connection, whatever is due next."""
    try:
        for at in due:
            if at is not None:
                await asyncio.sleep(max(0.0, at - time.monotonic()))
            while len(tally.open) >= OPEN_MOST:  # noqa: ASYNC110 - the tally has no events
                await asyncio.sleep(PAUSE_SECONDS)
            began = time.monotonic() if at is None else at
            try:
                answer = await connection.ask(request)
            except OSError:
                tally.refuse("no_answer")
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                _count(answer, time.monotonic() - began, tally)
    finally:
        connection.close()


class _Accepted(msgspec.Struct):
    orderId: str


class _Problem(msgspec.Struct):
    code: str


def _count(answer: Answer, seconds: float, tally: Tally) -> None:
    try:
        if answer.status == 202:
            tally.took(msgspec.json.decode(answer.body, type=_Accepted).orderId, seconds)
        else:
            tally.refuse(msgspec.json.decode(answer.body, type=_Problem).code)
    except msgspec.DecodeError:
        tally.refuse(f"http_{answer.status}")
