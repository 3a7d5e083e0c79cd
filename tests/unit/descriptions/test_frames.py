"""Frames of real orders, through all ends of an order's life: each is exactly one described message."""

import json

from application.caller import ANYONE
from application.cancel_order import CancelOrder
from application.frames import birth_frame
from application.ports.errors import VenueUnavailable
from application.record_step import RecordStep
from domain.order import Order
from domain.status import EventKind, FailureReason
from entrypoints.web.pages.descriptions import asyncapi
from tests.api import running_api
from tests.builders import a_stamp, an_order
from tests.contracts.order_store_harness import rested_run
from tests.described import frame_kind
from tests.execution import Bench, open_bench
from tests.scripted_venue import REJECTED

MESSAGES = {
    EventKind.RESTED: "orderRested",
    EventKind.TRIGGERED: "orderTriggered",
    EventKind.LIMIT_MISSED: "limitMissed",
    EventKind.QUOTES_REQUESTED: "quotesRequested",
    EventKind.RESUMED: "quotesRequested",
    EventKind.ROUTE_CHOSEN: "routeChosen",
    EventKind.BUILD_STARTED: "buildStarted",
    EventKind.TRANSACTION_SUBMITTED: "transactionSubmitted",
    EventKind.ATTEMPT_FAILED: "attemptFailed",
    EventKind.SWAP_CONFIRMED: "swapConfirmed",
    EventKind.CANCELLED: "orderFailed",
    EventKind.EXPIRED: "orderFailed",
    EventKind.FAILED: "orderFailed",
}
TO_SUBMITTED = ["quotesRequested", "routeChosen", "buildStarted", "transactionSubmitted"]
CLEAN = [*TO_SUBMITTED, "swapConfirmed"]


async def kinds(bench: Bench, order: Order) -> list[str]:
    """Return the messages that an order's story is made of after its birth; check each with what it is about."""
    told = [frame for frame in bench.told if frame.order_id == order.order_id and frame.seq]
    stored = await bench.store.events(order.order_id, 0)
    assert {frame.text for frame in told} <= {frame.text for frame in stored}
    assert frame_kind(birth_frame(order).text) == "orderAccepted"
    return [frame_kind(frame.text) for frame in stored]


async def run(bench: Bench, order: Order) -> list[str]:
    """Execute an order to its end."""
    while not (await bench.latest(order)).status.is_final:
        await bench.execute(order.order_id)
        await bench.clock.advance(10)
    return await kinds(bench, order)


async def reason(bench: Bench, order: Order) -> str:
    last = (await bench.store.events(order.order_id, 0))[-1]
    code: str = json.loads(last.text)["reasonCode"]
    return code


def test_every_kind_of_event_is_a_message() -> None:
    assert set(MESSAGES) == set(EventKind)
    assert {*MESSAGES.values(), "orderAccepted"} == set(asyncapi()["components"]["messages"])


async def test_confirmed() -> None:
    async with open_bench() as bench:
        assert await run(bench, await bench.order()) == CLEAN


async def test_confirmed_after_a_retry() -> None:
    async with open_bench() as bench:
        bench.script.sending = [REJECTED]
        assert await run(bench, await bench.order()) == [*TO_SUBMITTED, "attemptFailed", *CLEAN]


async def test_confirmed_after_a_crash() -> None:
    async with open_bench() as bench:
        order = await bench.at("request_quotes", "choose_route", "start_building")
        assert await run(bench, order) == [*TO_SUBMITTED[:3], *CLEAN]


async def test_failed_in_all_attempts() -> None:
    async with open_bench() as bench:
        bench.script.sending = [REJECTED, REJECTED, REJECTED]
        order = await bench.order()
        tried = [*TO_SUBMITTED, "attemptFailed"]
        assert await run(bench, order) == [*tried, *tried, *TO_SUBMITTED, "orderFailed"]
        assert await reason(bench, order) == "slippage_exceeded"


async def test_failed_without_a_quote() -> None:
    async with open_bench() as bench:
        bench.script.quoting = [VenueUnavailable("503")] * 6
        order = await bench.order()
        tried = ["quotesRequested", "attemptFailed"]
        assert await run(bench, order) == [*tried, *tried, "quotesRequested", "orderFailed"]
        assert await reason(bench, order) == "venue_unavailable"


async def test_cancelled() -> None:
    async with open_bench() as bench:
        order = await bench.at("request_quotes", "choose_route")
        record_step = RecordStep(bench.store, bench.feed)
        await CancelOrder(bench.store, record_step, bench.clock, bench.execute.ids, bench.gate)(ANYONE, order.order_id)
        assert await kinds(bench, order) == ["quotesRequested", "routeChosen", "orderFailed"]
        assert await reason(bench, order) == "cancelled"


async def test_resting_and_triggered_again() -> None:
    async with open_bench() as bench:
        order = await bench.order()
        for step in rested_run(order):
            order = await bench.write(order, step)
        at_rest = ["orderRested", "orderTriggered", "quotesRequested", "routeChosen", "limitMissed"]
        assert await kinds(bench, order) == [*at_rest, "orderTriggered", "quotesRequested"]


async def test_expired_and_every_other_reason() -> None:
    async with open_bench() as bench:
        order = await bench.order()
        await bench.write(order, order.expire(a_stamp()))
        assert await kinds(bench, order) == ["orderFailed"]
        for why in FailureReason:
            order = an_order()
            await bench.store.add(order)
            await bench.write(order, order.fail(a_stamp(), why))
            assert await kinds(bench, order) == ["orderFailed"]
            assert await reason(bench, order) == why


async def test_the_sockets_send_described_frames() -> None:
    async with running_api() as api, api.connect_feed() as feed:
        order_id = await api.submit(userId='"é\\', amount="0.00000001")
        await api.engine.execute(order_id)
        frames, _ = await api.watch(order_id)
        assert [frame_kind(frame) for frame in frames] == ["orderAccepted", *CLEAN]
        assert [frame_kind(await feed.recv(decode=True)) for _ in frames] == ["orderAccepted", *CLEAN]
