"""Venues over HTTP: the port's contract against a simulator process, and every way of not getting an answer."""

import asyncio
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from adapters.http_venue.connections import Connections
from adapters.http_venue.venue import HttpVenue
from application.ports.errors import VenueContradicts, VenueUnavailable, VenueUnreachable
from domain.mock_dex import MockDexRouter
from domain.order import Order
from domain.transaction import Transaction, TransactionStatus
from entrypoints.system import SystemClock
from simulators.venue import app
from simulators.venue.faults import Fault, Harm
from tests.builders import QUOTES, an_order
from tests.clock import ManualClock
from tests.contracts.venue import DEAD, REJECTED, Result, VenueBench, VenueContract
from tests.contracts.venue_history import HistoryBench, VenueHistoryContract
from tests.eventually import eventually
from tests.processes import free_port
from tests.venues import (
    Spoiling,
    VenueProcess,
    landing,
    order_that,
    order_too_bad_for_its_limit,
    sendable,
    set_clock,
    settled,
    venue_at,
    venue_in_loop,
)


class HttpBench(VenueBench):
    """A real venue in real time; which orders fail is looked up in the pure router."""

    def __init__(self, url: str, router: MockDexRouter, venue: HttpVenue, another: HttpVenue, brief: HttpVenue) -> None:
        self.url = url
        self.router = router
        self.venue = venue
        self.another = another
        self.brief = brief

    def order(self, *, fails: bool = False, **over: object) -> Order:
        return order_that(self.router, fails=fails, **over)

    def order_whose_fill_is_too_bad(self) -> Order:
        return order_too_bad_for_its_limit(self.router)

    async def run(self, call: Coroutine[Any, Any, Result]) -> Result:
        return await call

    async def set_clock(self, seconds: float) -> None:
        await set_clock(self.url, seconds)

    async def outlast(self, transaction: Transaction) -> None:
        await eventually(lambda: SystemClock().now() > transaction.expires_at)


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    with VenueProcess(tmp_path_factory.mktemp("venues"), MOCK_FAILURE_RATE="0.3") as process:
        yield process


@pytest.fixture
async def bench(simulator: VenueProcess) -> AsyncIterator[HttpBench]:
    url = simulator.url
    async with venue_at(url) as venue, venue_at(url) as another, venue_at(url, valid_seconds=1) as brief:
        yield HttpBench(url, simulator.router, venue, another, brief)
    await set_clock(url, 0)


class TestHttpVenue(VenueContract):
    pass


@pytest.mark.parametrize(
    "fault",
    [
        Fault.SLOW,
        Fault.ERROR_BEFORE,
        Fault.ERROR_AFTER,
        Fault.TIMEOUT_BEFORE,
        Fault.TIMEOUT_AFTER,
        Fault.LOST_REPLY,
    ],
)
async def test_a_spoiled_submission_is_no_rejection_and_it_lands_once(fault: Fault, tmp_path: Path) -> None:
    async with (
        venue_in_loop(tmp_path, Spoiling(fault), slow_seconds=0.5) as simulator,
        venue_at(simulator.url, timeout_seconds=0.3, swap_timeout_seconds=0.3) as venue,
    ):
        order = an_order()
        transaction = sendable(order)
        with pytest.raises(VenueUnavailable):
            await venue.send(transaction)
        report = await settled(venue, transaction)
        assert report == landing(simulator.router, transaction)
        assert [entry.report for entry in simulator.entries(order)] == [report]


async def test_a_slow_answer_within_the_timeout_is_an_answer(tmp_path: Path) -> None:
    async with (
        venue_in_loop(tmp_path, Spoiling(Fault.SLOW), slow_seconds=0.2) as simulator,
        venue_at(simulator.url) as venue,
    ):
        transaction = sendable(an_order())
        assert await venue.send(transaction) == landing(simulator.router, transaction)


async def test_what_the_venue_delivers_twice_lands_once(tmp_path: Path) -> None:
    async with venue_in_loop(tmp_path, Spoiling(Fault.DUPLICATE)) as simulator, venue_at(simulator.url) as venue:
        order = an_order()
        report = await venue.send(sendable(order))
        (entry,) = simulator.entries(order)
        assert (entry.report, entry.deliveries) == (report, 2)


async def test_a_rejection_by_the_venue_is_definite(tmp_path: Path) -> None:
    async with venue_in_loop(tmp_path, Spoiling(Fault.REJECTION)) as simulator, venue_at(simulator.url) as venue:
        transaction = sendable(an_order())
        assert await venue.send(transaction) == await venue.lookup(transaction) == REJECTED


async def test_a_swap_that_outlasts_the_wait_is_asked_after(tmp_path: Path) -> None:
    async with (
        venue_in_loop(tmp_path, swap_ms=1300) as simulator,
        venue_at(simulator.url, timeout_seconds=2.0, swap_timeout_seconds=3.0) as venue,
    ):
        transaction = sendable(an_order())
        assert await venue.send(transaction) == landing(simulator.router, transaction)


@pytest.mark.parametrize("hours", [-1, 1])
async def test_the_venues_clock_alone_decides_what_has_expired(hours: int, tmp_path: Path) -> None:
    wrong = ManualClock(SystemClock().now() + timedelta(hours=hours))
    async with venue_in_loop(tmp_path) as simulator, venue_at(simulator.url, clock=wrong) as venue:
        order = an_order()
        transaction = await venue.build(order, await venue.quote(order))
        assert timedelta(0) < transaction.expires_at - SystemClock().now() < timedelta(seconds=31)
        assert await venue.send(transaction) == landing(simulator.router, transaction)


async def test_the_first_word_about_a_hash_is_the_last(tmp_path: Path) -> None:
    async with venue_in_loop(tmp_path) as simulator, venue_at(simulator.url) as venue:
        order = an_order()
        transaction = sendable(order, expires_at=SystemClock().now())
        again = evolve(transaction, expires_at=SystemClock().now() + timedelta(hours=1))
        assert await venue.send(transaction) == await venue.send(again) == await venue.lookup(again) == DEAD
        assert [entry.status for entry in simulator.entries(order)] == [TransactionStatus.REJECTED]


async def test_a_transaction_without_a_payload_is_sent_as_its_fields_say(tmp_path: Path) -> None:
    async with venue_in_loop(tmp_path) as simulator, venue_at(simulator.url) as venue:
        order = an_order(slippageBps=100)
        built = await venue.build(order, await venue.quote(order))
        await venue.send(evolve(built, payload=b""))
        [entry] = simulator.entries(order)
        assert entry.transaction == evolve(built, payload=b"", fee=entry.transaction.fee)


async def test_what_is_sent_is_the_payload_alone(tmp_path: Path) -> None:
    async with venue_in_loop(tmp_path) as simulator, venue_at(simulator.url) as venue:
        order = an_order()
        built = await venue.build(order, await venue.quote(order))
        with pytest.raises(VenueContradicts):  # what came out is not for so much
            await venue.send(evolve(built, amount=built.amount * 2, limit_price=built.amount))
        [entry] = simulator.entries(order)
        assert (entry.transaction.amount, entry.transaction.limit_price) == (order.amount, None)


async def test_a_venue_that_is_down_says_nothing() -> None:
    async with venue_at(f"http://127.0.0.1:{free_port()}") as venue:
        order, transaction = an_order(), sendable(an_order())
        calls = (venue.quote(order), venue.build(order, QUOTES[1]), venue.send(transaction), venue.lookup(transaction))
        for call in calls:
            with pytest.raises(VenueUnavailable, match="refused the connection") as refused:
                await call
            assert not isinstance(refused.value, VenueUnreachable)


async def test_a_venue_that_hangs_is_given_up_after_its_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as hangs:
        url = f"http://127.0.0.1:{hangs.getsockname()[1]}"
        async with venue_at(url, timeout_seconds=0.5, swap_timeout_seconds=0.5) as venue:
            for call in (venue.quote(an_order()), venue.send(sendable(an_order()))):
                with pytest.raises(VenueUnavailable, match="took too long") as late:
                    await call
                assert not isinstance(late.value, VenueUnreachable)


async def test_a_venue_without_a_word_of_tcp_or_tls_is_unreachable() -> None:
    order, transaction = an_order(), sendable(an_order())
    with socket.create_server(("127.0.0.1", 0)) as hangs, _silent() as silent:
        for url in (f"https://127.0.0.1:{hangs.getsockname()[1]}", f"http://127.0.0.1:{silent}"):
            async with venue_at(url, timeout_seconds=0.5) as venue:
                for call in (venue.quote(order), venue.send(transaction), venue.lookup(transaction)):
                    with pytest.raises(VenueUnreachable, match="cannot be reached"):
                        await call


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the option")
async def test_a_connection_is_given_up_when_what_was_sent_is_not_acknowledged(simulator: VenueProcess) -> None:
    connections = Connections(simulator.url, 1, ssl.create_default_context(), 1.8)
    async with (
        connections.one() as connection,
        connection.pool.stream("GET", f"{simulator.url}/health/live") as response,
    ):
        stream = response.extensions["network_stream"].get_extra_info("socket")
        assert stream.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 1800
        assert stream.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    await connections.close()


async def test_closing_twice_is_closing_once(tmp_path: Path) -> None:
    async with venue_in_loop(tmp_path) as simulator, venue_at(simulator.url) as venue:
        await venue.send(sendable(an_order()))
        await venue.close()
        await venue.close()


async def test_many_orders_at_once_share_a_few_connections(tmp_path: Path) -> None:
    async with (
        venue_in_loop(tmp_path) as simulator,
        venue_at(simulator.url, timeout_seconds=20, connections=3) as venue,
    ):
        transactions = [sendable(an_order()) for _ in range(30)]
        reports = await asyncio.gather(*(venue.send(transaction) for transaction in transactions))
        assert reports == [landing(simulator.router, transaction) for transaction in transactions]


async def test_calls_that_were_cut_off_anywhere_leave_connections_that_work(tmp_path: Path) -> None:
    async with venue_in_loop(tmp_path) as simulator, venue_at(simulator.url, connections=1) as venue:
        transaction = sendable(an_order())
        for turns in range(60):
            call = asyncio.create_task(venue.lookup(transaction))
            for _ in range(turns):
                await asyncio.sleep(0)
            call.cancel()
            await asyncio.wait([call])
            assert (await venue.lookup(transaction)).status is TransactionStatus.UNKNOWN


@contextmanager
def _silent() -> Iterator[int]:
    """Give the port of a listener whose queue is full: the kernel drops what asks for a connection."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            with suppress(BlockingIOError):
                waiting.connect(listener.getsockname())
        yield listener.getsockname()[1]


class TestHttpVenueHistory(VenueHistoryContract):
    @pytest.fixture
    async def bench(self, tmp_path: Path) -> AsyncIterator[HistoryBench]:
        faults = Rejecting()
        async with venue_in_loop(tmp_path, faults) as venue, venue_at(venue.url) as meteora:

            async def sent(fails: bool) -> Transaction:
                faults.on = fails
                transaction = sendable(an_order())
                await settled(meteora, transaction)
                return transaction

            yield HistoryBench(meteora, sent, SystemClock().now)


class Rejecting(Spoiling):
    """Has the network reject what is sent while it is `on`."""

    on = False

    def rejects(self, tx_hash: str) -> bool:
        return self.on


async def test_a_long_history_comes_in_pages_each_transaction_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "PAGE", 2)
    async with venue_in_loop(tmp_path) as venue, venue_at(venue.url) as meteora:
        sent = [sendable(an_order()) for _ in range(5)]
        for transaction in sent:
            await settled(meteora, transaction)
        pages = [page async for page in meteora.received(SystemClock().now() - timedelta(minutes=1))]
        assert [len(page) for page in pages] == [2, 2, 1]
        assert [one.transaction.tx_hash for page in pages for one in page] == [one.tx_hash for one in sent]


@pytest.mark.parametrize("harm", [harm for harm in Harm if harm not in {Harm.SHARED_HASH, Harm.LOW_FILL}])
async def test_an_answer_that_means_harm_is_none_and_the_swap_is_found_once(harm: Harm, tmp_path: Path) -> None:
    async with venue_in_loop(tmp_path, Spoiling(harm)) as simulator, venue_at(simulator.url) as venue:
        order = an_order()
        transaction = sendable(order)
        with pytest.raises(VenueUnavailable) as refused:
            await venue.send(transaction)
        assert isinstance(refused.value, VenueContradicts) is (harm in (Harm.OTHER_HASH, Harm.OTHER_ORDER))
        assert await venue.lookup(transaction) == landing(simulator.router, transaction)
        assert len(simulator.entries(order)) == 1


async def test_a_fill_that_is_reported_too_low_is_the_venues_word(tmp_path: Path) -> None:
    async with venue_in_loop(tmp_path, Spoiling(Harm.LOW_FILL)) as simulator, venue_at(simulator.url) as venue:
        transaction = sendable(an_order())
        low, true = await venue.send(transaction), await venue.lookup(transaction)
        assert low.fill
        assert true.fill
        assert low.fill.amount_out == true.fill.amount_out / 2
