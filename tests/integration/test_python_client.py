"""The Python client against a running engine: every call, sync and async, and orders that are watched to their end."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice

import pytest

from order_engine_client import (
    AsyncClient,
    Client,
    Frame,
    NotFound,
    OrderEngineError,
    OrderIsFinal,
    OrderNotCancellable,
    OrderNotDeadLetter,
    OrderNotFound,
    OutOfTime,
    RateLimited,
    ValidationFailed,
    WebhookDisabled,
    WebhookNotFound,
)
from tests.builders import an_id
from tests.docs.pages import ROOT, blocks
from tests.eventually import eventually
from tests.processes import EngineProcess, running

AMOUNT = Decimal("10.00000001")
STEPS = ["pending", "routing", "routing", "building", "submitted", "confirmed"]


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    """An engine that is quick and never fails."""
    with running("dev", "--memory", settings={"MOCK_FAILURE_RATE": "0"}) as process:
        yield process


@pytest.fixture(scope="module")
def client(engine: EngineProcess) -> Iterator[Client]:
    with Client(engine.url) as client:
        yield client


@pytest.fixture
async def other(engine: EngineProcess) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(engine.url) as client:
        yield client


def test_an_order_from_its_submission_to_its_end(client: Client) -> None:
    accepted = client.submit(input_token="SOL", output_token="USDC", amount=AMOUNT, user_id="anna", slippage_bps=5000)
    frames = list(client.watch(accepted.order_id, timeout=20))
    assert [frame.status for frame in frames] == STEPS
    assert [frame.seq for frame in frames] == list(range(6))
    assert (frames[0].amount, frames[0].input_token) == (AMOUNT, "SOL")
    order = client.order(accepted.order_id)
    assert (order.amount, order.slippage_bps, order.final) == (AMOUNT, 5000, True)
    assert (order.execution_price, order.tx_hash) == (frames[-1].execution_price, frames[-1].tx_hash)
    assert {quote.dex for quote in order.quotes} == {"Raydium", "Meteora"}
    assert [quote.dex for quote in order.quotes if quote.chosen] == [order.chosen_dex]
    assert order.routing is not None
    assert (order.routing, order.routing.policy) == (frames[2].routing, client.stats().policy)
    assert abs(order.created_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert client.events(accepted.order_id) == tuple(frames)
    assert client.events(accepted.order_id, after_seq=4) == tuple(frames[5:])
    assert list(client.watch(accepted.order_id, after_seq=4)) == frames[5:]
    assert list(client.watch(accepted.order_id, after_seq=5)) == []


async def test_the_same_for_asyncio(other: AsyncClient) -> None:
    accepted = await other.submit(input_token="SOL", output_token="USDC", amount="10", user_id="anna")
    frames = [frame async for frame in other.watch(accepted.order_id, timeout=20)]
    assert [frame.status for frame in frames] == STEPS
    assert (await other.order(accepted.order_id)).tx_hash == frames[-1].tx_hash
    assert await other.events(accepted.order_id) == tuple(frames)


def test_a_key_makes_one_order(client: Client) -> None:
    asked = {"input_token": "SOL", "output_token": "USDC", "amount": 10, "user_id": "anna"}
    first = client.submit(**asked, idempotency_key=(key := an_id()))  # type: ignore[arg-type]
    again = client.submit(**asked, idempotency_key=key)  # type: ignore[arg-type]
    assert (first.replayed, again.replayed, again.order_id, again.idempotency_key) == (False, True, first.order_id, key)
    assert client.submit(**asked).order_id != first.order_id  # type: ignore[arg-type]


async def test_lists_are_gone_through_page_by_page(client: Client, other: AsyncClient) -> None:
    user = an_id()
    ids = [client.submit(input_token="SOL", output_token="USDC", amount=1, user_id=user).order_id for _ in range(3)][
        ::-1
    ]
    assert [order.order_id for order in client.orders(user_id=user)] == ids
    assert [order.order_id for order in client.orders(2, user_id=user)] == ids[:2]
    assert [order.order_id async for order in other.orders(user_id=user)] == ids
    page = next(client.order_pages(2, user_id=user))
    assert (len(page.data), page.next_cursor is None) == (2, False)
    for order_id in ids:
        assert [frame async for frame in other.watch(order_id)][-1].final
    just_now = datetime.now(UTC) - timedelta(minutes=5)
    wanted = client.orders(user_id=user, status=["confirmed", "pending"], pair="SOL/USDC", since=just_now)
    assert [order.order_id for order in wanted] == ids
    assert list(client.orders(user_id=user, status=["failed"])) == []
    executions = list(client.executions(user_id=user, since=just_now))
    assert {execution.order_id for execution in executions} == set(ids)
    assert executions == [execution async for execution in other.executions(user_id=user)]
    assert executions[0].amount_in == Decimal(1)
    assert list(client.executions(user_id=user, until=executions[-1].executed_at)) == []


def test_what_the_engine_refuses_is_an_error_of_its_code(client: Client) -> None:
    with pytest.raises(ValidationFailed) as refused:
        client.submit(input_token="SOL", output_token="sol", amount=0, user_id=" ")
    assert {error.field for error in refused.value.errors} == {"outputToken", "amount", "userId"}
    assert (refused.value.status, refused.value.maybe_done) == (400, False)
    assert refused.value.request_id
    with pytest.raises(OrderNotFound):
        client.order(an_id())
    with pytest.raises(OrderNotFound):
        list(client.watch(an_id()))
    with pytest.raises(NotFound):
        client.tokens()
    done = client.submit(input_token="SOL", output_token="USDC", amount=1, user_id="anna").order_id
    list(client.watch(done))
    with pytest.raises(OrderNotCancellable):
        client.cancel(done)
    with pytest.raises(OrderIsFinal):
        client.fail(done, "a test", not_landed=True)
    with pytest.raises(OrderIsFinal):
        client.requeue(done)
    with pytest.raises(OrderNotDeadLetter):
        client.revive(done, "a test")


async def test_all_other_calls(client: Client, other: AsyncClient) -> None:
    assert (client.me(), client.me().user_id) == (await other.me(), None)
    assert client.me().expires_at is None
    assert "orders:write" in client.me().scopes
    assert client.stats().open >= 0
    stats = await other.stats()
    assert stats.queue is not None
    assert stats.queue.buried == 0
    assert set(stats.windows) == {"1m", "1h", "24h"}
    assert client.cancel_all(user_id=an_id(), pair="SOL/USDC").cancelled == ()
    assert (await other.cancel_all(user_id=an_id())).not_cancellable == ()
    assert len(client.ticket("/ws/orders").ticket) == len((await other.ticket("/ws/orders")).ticket)
    assert client.server_time is not None
    assert abs(client.server_time - datetime.now(UTC)) < timedelta(minutes=1)


async def test_webhooks(client: Client, other: AsyncClient) -> None:
    """Their address is none, so that nothing is sent."""
    user, url = an_id(), "https://engine.invalid/hook"
    made = client.webhooks.create(url=url, events=["order.confirmed"], user_id=user)
    second = await other.webhooks.create(url=url, user_id=user)
    assert made.secret is not None
    assert (made.secret in repr(made), made.secret == second.secret) == (False, False)
    assert {each.webhook_id for each in client.webhooks.find(user)} == {made.webhook_id, second.webhook_id}
    assert await other.webhooks.find(user) == client.webhooks.find(user)
    assert client.webhooks.get(made.webhook_id).events == ("order.confirmed",)
    assert client.webhooks.get(made.webhook_id).secret is None
    assert (await other.webhooks.change(made.webhook_id, enabled=False)).disabled_why == "user"
    with pytest.raises(WebhookDisabled):
        client.webhooks.replay(made.webhook_id, datetime.now(UTC))
    rotated = client.webhooks.rotate_secret(second.webhook_id)
    assert rotated.secret not in (None, second.secret)
    tried = await other.webhooks.test(second.webhook_id)
    assert (tried.event, tried.delivered, tried.status) == ("webhook.test", False, None)
    assert (await other.webhooks.replay(second.webhook_id, datetime.now(UTC))).orders == 0
    assert list(client.webhooks.deliveries(second.webhook_id)) == [
        each async for each in other.webhooks.deliveries(second.webhook_id)
    ]
    client.webhooks.remove(made.webhook_id)
    await other.webhooks.remove(second.webhook_id)
    with pytest.raises(WebhookNotFound):
        client.webhooks.get(made.webhook_id)


async def test_the_feed_has_all_orders_of_a_user(engine: EngineProcess, other: AsyncClient) -> None:
    """It begins when it is there, which nothing says: so orders come until one is seen."""
    user = an_id()
    async with aclosing(other.feed(user)) as feed:
        first = asyncio.ensure_future(anext(feed))

        async def seen() -> bool:
            await other.submit(input_token="SOL", output_token="USDC", amount=1, user_id=user)
            return first.done()

        await eventually(seen)
        assert (await first).user_id == user


def test_the_pages_examples_run(engine: EngineProcess, capsys: pytest.CaptureFixture[str]) -> None:
    """One after the other, as in one file."""
    names: dict[str, object] = {}
    for block in blocks(ROOT / "docs" / "python-client.md"):
        if block.language == "python":
            exec("\n".join(block.lines).replace("http://127.0.0.1:3000", engine.url), names)  # noqa: S102 - our own page
    printed = capsys.readouterr().out
    assert "5 confirmed Swap executed successfully\nconfirmed " in printed
    assert "('amount', 'must be greater than 0')" in printed


@pytest.fixture(scope="module")
def slow_engine() -> Iterator[EngineProcess]:
    """An engine whose orders are routing for a minute, and whose clients may submit few a second."""
    with running("dev", "--memory", settings={"MOCK_QUOTE_MS": "60000", "LIMIT_ORDERS": "address=10/s"}) as process:
        yield process


def test_a_watch_ends_with_its_time(slow_engine: EngineProcess) -> None:
    with Client(slow_engine.url) as client:
        order_id = client.submit(input_token="SOL", output_token="USDC", amount=1, user_id="anna").order_id
        seen: list[Frame] = []
        with pytest.raises(OutOfTime, match="it goes on"):
            seen.extend(islice(client.watch(order_id, timeout=0.5), 10))
        assert client.cancel(order_id).reason_code == "cancelled"
        assert [frame.status for frame in client.watch(order_id)][-1] == "failed"


async def test_beyond_a_limit_it_waits_as_it_is_asked_to(slow_engine: EngineProcess) -> None:
    limited: list[OrderEngineError] = []
    async with AsyncClient(slow_engine.url, on_retry=lambda error, _: limited.append(error)) as client:
        user = an_id()
        asked = (client.submit(input_token="SOL", output_token="USDC", amount=1, user_id=user) for _ in range(20))
        ids = {accepted.order_id for accepted in await asyncio.gather(*asked)}
        assert {order.order_id async for order in client.orders(user_id=user)} == ids
        assert {type(error) for error in limited} == {RateLimited}
        assert set((await client.cancel_all(user_id=user)).cancelled) == ids
