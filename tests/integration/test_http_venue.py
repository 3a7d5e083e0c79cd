"""Venues over HTTP: the port's contract against a simulator process, and every way of not getting an answer."""

import asyncio
import socket
from collections.abc import AsyncIterator, Coroutine, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from adapters.dex.http import HttpDexGateway
from application.ports.errors import TransactionRejected, VenueUnavailable
from domain.mock_dex import MockDexRouter
from domain.order import Order
from domain.status import FailureReason
from domain.transaction import Fill, TransactionStatus
from entrypoints.system import SystemClock
from simulators.venue.faults import Fault
from tests.builders import an_order
from tests.clock import ManualClock
from tests.contracts.dex_gateway import DexGatewayContract, GatewayBench, Result
from tests.processes import free_port
from tests.venues import Spoiling, VenueProcess, gateway_to, order_that, sendable, settled, venue_in_loop


class HttpBench(GatewayBench):
    """Real venues in real time; which orders fail is looked up in the pure router."""

    def __init__(self, gateway: HttpDexGateway, router: MockDexRouter) -> None:
        self.gateway = gateway
        self.router = router

    def order(self, *, fails: bool = False, **over: object) -> Order:
        return order_that(self.router, fails=fails, **over)

    async def run(self, call: Coroutine[Any, Any, Result]) -> Result:
        return await call


@pytest.fixture(scope="module")
def venues(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    with VenueProcess(tmp_path_factory.mktemp("venues"), MOCK_FAILURE_RATE="0.3") as process:
        yield process


@pytest.fixture
async def bench(venues: VenueProcess) -> AsyncIterator[HttpBench]:
    async with gateway_to(venues.url) as gateway:
        yield HttpBench(gateway, venues.router)


class TestHttpDexGateway(DexGatewayContract):
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
        venue_in_loop(tmp_path, Spoiling(fault), slow_seconds=0.5) as venue,
        gateway_to(venue.url, timeout_seconds=0.3, swap_timeout_seconds=0.3) as gateway,
    ):
        order = an_order()
        transaction = sendable(order)
        with pytest.raises(VenueUnavailable):
            await gateway.execute(transaction)
        report = await settled(gateway, transaction)
        assert (report.status, report.fill) == (TransactionStatus.LANDED, venue.router.swap(transaction))
        assert [entry.report for entry in venue.entries(order)] == [report]


async def test_a_slow_answer_within_the_timeout_is_an_answer(tmp_path: Path) -> None:
    async with (
        venue_in_loop(tmp_path, Spoiling(Fault.SLOW), slow_seconds=0.2) as venue,
        gateway_to(venue.url) as gateway,
    ):
        transaction = sendable(an_order())
        assert await gateway.execute(transaction) == venue.router.swap(transaction)


async def test_what_the_venue_delivers_twice_lands_once(tmp_path: Path) -> None:
    async with venue_in_loop(tmp_path, Spoiling(Fault.DUPLICATE)) as venue, gateway_to(venue.url) as gateway:
        order = an_order()
        fill = await gateway.execute(sendable(order))
        (entry,) = venue.entries(order)
        assert (entry.fill, entry.deliveries) == (fill, 2)


async def test_a_rejection_by_the_venue_is_definite(tmp_path: Path) -> None:
    async with venue_in_loop(tmp_path, Spoiling(Fault.REJECTION)) as venue, gateway_to(venue.url) as gateway:
        transaction = sendable(an_order())
        with pytest.raises(TransactionRejected) as caught:
            await gateway.execute(transaction)
        assert caught.value.reason is FailureReason.SLIPPAGE_EXCEEDED
        assert (await gateway.lookup(transaction)).status is TransactionStatus.REJECTED


async def test_a_swap_that_outlasts_the_wait_is_asked_after(tmp_path: Path) -> None:
    async with (
        venue_in_loop(tmp_path, swap_ms=1300) as venue,
        gateway_to(venue.url, timeout_seconds=2.0, swap_timeout_seconds=3.0) as gateway,
    ):
        transaction = sendable(an_order())
        assert await gateway.execute(transaction) == venue.router.swap(transaction)


async def test_the_venues_clock_decides_what_has_expired(tmp_path: Path) -> None:
    behind = ManualClock(SystemClock().now() - timedelta(hours=1))
    async with venue_in_loop(tmp_path) as venue, gateway_to(venue.url, clock=behind) as gateway:
        order = an_order()
        transaction = await gateway.build(order, (await gateway.quotes(order)).quotes[0])
        assert transaction.expires_at > behind.now()
        with pytest.raises(TransactionRejected) as caught:
            await gateway.execute(transaction)
        assert caught.value.reason is FailureReason.EXPIRED
        again = evolve(transaction, expires_at=SystemClock().now() + timedelta(hours=1))
        with pytest.raises(TransactionRejected):  # the first word about a hash is the last
            await gateway.execute(again)
        assert [entry.status for entry in venue.entries(order)] == [TransactionStatus.REJECTED]


async def test_a_venue_that_is_down_is_left_out_of_the_quotes(tmp_path: Path) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    async with venue_in_loop(tmp_path) as venue, gateway_to(venue.url, nobody) as gateway:
        answer = await gateway.quotes(an_order())
        assert [quote.dex for quote in answer.quotes] == ["Raydium"]
        assert answer.refusals == (("Meteora", "cannot be reached"),)


async def test_a_venue_that_hangs_is_left_out_after_its_own_timeout(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hangs:
        url = f"http://127.0.0.1:{hangs.getsockname()[1]}"
        async with venue_in_loop(tmp_path) as venue, gateway_to(url, venue.url, timeout_seconds=0.5) as gateway:
            answer = await gateway.quotes(an_order())
    assert [quote.dex for quote in answer.quotes] == ["Meteora"]
    assert answer.refusals == (("Raydium", "took too long"),)


async def test_without_any_venue_there_are_no_quotes_and_nothing_else_either() -> None:
    async with gateway_to(f"http://127.0.0.1:{free_port()}") as gateway:
        answer = await gateway.quotes(an_order())
        assert answer.quotes == ()
        assert dict(answer.refusals) == {"Raydium": "cannot be reached", "Meteora": "cannot be reached"}
        transaction = sendable(an_order())
        for call in (gateway.execute, gateway.lookup):
            with pytest.raises(VenueUnavailable):
                await call(transaction)


async def test_a_transaction_of_a_venue_that_was_taken_away_is_unknown_to_us_not_to_the_venue(tmp_path: Path) -> None:
    async with venue_in_loop(tmp_path) as venue, gateway_to(venue.url) as gateway:
        with pytest.raises(VenueUnavailable):
            await gateway.lookup(sendable(an_order(), venue="Orca"))


async def test_closing_twice_is_closing_once(tmp_path: Path) -> None:
    async with venue_in_loop(tmp_path) as venue, gateway_to(venue.url) as gateway:
        await gateway.execute(sendable(an_order()))
        await gateway.close()
        await gateway.close()


async def test_many_orders_at_once_share_a_few_connections(tmp_path: Path) -> None:
    async with venue_in_loop(tmp_path) as venue:
        bases = {"Meteora": f"{venue.url}/Meteora"}
        gateway = HttpDexGateway(bases, SystemClock(), expiry_seconds=30, timeout_seconds=20, connections=3)
        await gateway.open()
        transactions = [sendable(an_order()) for _ in range(30)]
        fills = await asyncio.gather(*(gateway.execute(transaction) for transaction in transactions))
        await gateway.close()
        assert fills == [venue.router.swap(transaction) for transaction in transactions]
        assert all(isinstance(fill, Fill) for fill in fills)


async def test_calls_that_were_cut_off_anywhere_leave_connections_that_work(tmp_path: Path) -> None:
    async with venue_in_loop(tmp_path) as venue:
        bases = {"Meteora": f"{venue.url}/Meteora"}
        gateway = HttpDexGateway(bases, SystemClock(), expiry_seconds=30, connections=1)
        await gateway.open()
        transaction = sendable(an_order())
        for turns in range(60):
            call = asyncio.create_task(gateway.lookup(transaction))
            for _ in range(turns):
                await asyncio.sleep(0)
            call.cancel()
            await asyncio.wait([call])
            assert (await gateway.lookup(transaction)).status is TransactionStatus.UNKNOWN
        await gateway.close()
