"""Following a load's orders where the live feed is missing, or silent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import websockets
from websockets.datastructures import Headers
from websockets.http11 import Response

from entrypoints.load import following
from entrypoints.load.following import Follower
from entrypoints.load.posting import Plan, post_all
from entrypoints.load.tally import Tally
from tests.api import Api, running_api
from tests.eventually import eventually


@asynccontextmanager
async def follower(url: str, tally: Tally) -> AsyncIterator[Follower]:
    following = Follower(url, "u", tally)
    task = asyncio.create_task(following.run())
    await asyncio.wait_for(following.ready.wait(), 5)
    yield following
    task.cancel()


@pytest.fixture
def no_feed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make this the engine of a release that has no feed."""

    def refused(*_: object, **__: object) -> None:
        raise websockets.InvalidStatus(Response(403, "Forbidden", Headers()))

    monkeypatch.setattr(websockets, "connect", refused)


async def posted(api: Api, count: int) -> Tally:
    tally = Tally()
    await post_all(Plan(api.url, "u", count, 4), tally)
    assert tally.accepted == count
    return tally


@pytest.mark.usefixtures("no_feed")
@pytest.mark.parametrize("count", [3, 250], ids=["few, by their ids", "many, by pages"])
async def test_without_a_feed_it_asks(count: int) -> None:
    async with running_api() as api:
        tally = await posted(api, count)
        async with follower(api.url, tally) as following:
            assert following.has_feed is False
            await cancel_all(api, tally)
            await eventually(lambda: tally.finished == count, within=10)
    assert (tally.found_by_asking, dict(tally.endings)) == (count, {("failed", "cancelled"): count})


async def cancel_all(api: Api, tally: Tally) -> None:
    for order_id in list(tally.open):
        assert (await api.http.post(f"/api/orders/{order_id}/cancel")).status_code == 202


async def test_with_a_feed_it_listens() -> None:
    async with running_api() as api:
        tally = await posted(api, 20)
        async with follower(api.url, tally) as following:
            await cancel_all(api, tally)
            await eventually(lambda: tally.finished == 20, within=10)
            assert following.has_feed is True
    assert tally.found_by_asking == 0


async def test_what_the_feed_did_not_tell_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "QUIET_SECONDS", 0.2)
    async with running_api() as api:
        tally = await posted(api, 5)
        await cancel_all(api, tally)  # before anybody listens
        async with follower(api.url, tally):
            await eventually(lambda: tally.finished == 5, within=10)
    assert tally.found_by_asking == 5


async def test_at_a_rate_latencies_count_from_when_an_order_was_due() -> None:
    async with running_api() as api:
        tally, began = Tally(), asyncio.get_running_loop().time()
        await post_all(Plan(api.url, "u", 20, 4, rate=100), tally)
        assert asyncio.get_running_loop().time() - began >= 0.19
        assert tally.accepted == 20


async def test_refusals_are_counted_by_their_codes() -> None:
    async with running_api() as api:
        tally = Tally()
        await post_all(Plan(api.url, " ", 3, 2), tally)
    assert dict(tally.refused) == {"validation_failed": 3}
