"""Venue simulators for tests: as a process that can be killed, and in the test's own loop with faults of its choice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
from attrs import frozen

from adapters.http_venue.venue import HttpVenue
from application.ports.errors import VenueUnavailable
from application.ports.system import Clock
from domain.mock_dex import MockDexRouter
from domain.order import Order
from domain.transaction import Fill, Transaction, TransactionReport, TransactionStatus
from entrypoints.lifecycle import opened
from entrypoints.mock_router import mock_router
from entrypoints.settings import Settings
from entrypoints.system import SystemClock
from entrypoints.web.server import bind, url_of
from simulators.venue.faults import Call, Fault, Faults, Spoilt
from simulators.venue.ledger import Entry, LedgerReader
from simulators.venue.server import serve
from simulators.venue.simulator import simulated_venues
from tests.builders import a_transaction, an_order
from tests.eventually import eventually
from tests.processes import FAST, PREFIX, Restartable, free_port


class VenueProcess(Restartable):
    """A simulator process, with the same ledger each time."""

    def __init__(self, folder: Path, **settings: str) -> None:
        port = str(free_port())
        self.ledger = folder / "ledger.sqlite"
        own = {"PORT": port, "SIMULATOR_PORT": port, "SIMULATOR_LEDGER": str(self.ledger)}
        super().__init__("venue-simulator", {**FAST, **settings, **own})

    @property
    def router(self) -> MockDexRouter:
        """The router inside: it knows all outcomes."""
        return mock_router(Settings.from_environment({PREFIX + k: v for k, v in self._settings.items()}))


class Spoiling(Faults):
    """Spoils the first submission of each transaction with one fault, and nothing else."""

    def __init__(self, fault: Spoilt | None = None) -> None:
        super().__init__(0, 0.0, ())
        self._fault = fault
        self._seen: set[str] = set()

    def next(self, call: Call, key: str) -> Spoilt | None:
        if call is not Call.SUBMIT or key in self._seen:
            return None
        self._seen.add(key)
        return self._fault

    def rejects(self, tx_hash: str) -> bool:
        return self._fault is Fault.REJECTION


@frozen
class VenueInLoop:
    """A simulator in the test's own event loop, over real HTTP and with a real ledger."""

    url: str
    ledger: Path
    router: MockDexRouter

    def entries(self, order: Order) -> list[Entry]:
        """Return what the ledger holds of the order."""
        return entries(self.ledger, order)


@asynccontextmanager
async def venue_in_loop(
    folder: Path, faults: Faults | None = None, *, slow_seconds: float = 0.0, swap_ms: int = 30
) -> AsyncIterator[VenueInLoop]:
    """Run venues whose swaps take `swap_ms` and land, unless `faults` have it otherwise."""
    path = folder / "ledger.sqlite"
    router = MockDexRouter(quote_ms=1, build_ms=1, swap_min_ms=swap_ms, swap_max_ms=swap_ms, failure_rate=0)
    listener, stop = bind("127.0.0.1", 0), asyncio.Event()
    async with simulated_venues(router, faults or Spoiling(), path, slow_seconds=slow_seconds) as app:
        serving = asyncio.create_task(serve(app, listener, stop))
        try:
            yield VenueInLoop(url_of(listener), path, router)
        finally:  # a test that fails must not cut it off: its socket would be found by another test
            stop.set()
            await serving


@asynccontextmanager
async def venue_at(
    url: str,
    name: str = "Meteora",
    *,
    clock: Clock | None = None,
    valid_seconds: float = 30.0,
    timeout_seconds: float = 5.0,
    swap_timeout_seconds: float = 10.0,
    connections: int = 500,
) -> AsyncIterator[HttpVenue]:
    """Open one of a simulator's venues."""
    venue = HttpVenue(
        name,
        f"{url}/{name}",
        clock or SystemClock(),
        valid_seconds=valid_seconds,
        timeout_seconds=timeout_seconds,
        swap_timeout_seconds=swap_timeout_seconds,
        connections=connections,
    )
    async with opened(venue):
        yield venue


async def set_clock(url: str, ahead_seconds: float) -> None:
    """Set the clock of the simulator there."""
    async with httpx.AsyncClient(trust_env=False) as client:
        (await client.put(f"{url}/clock", json={"aheadSeconds": ahead_seconds})).raise_for_status()


def entries(ledger: Path, order: Order) -> list[Entry]:
    """Return what a ledger holds of the order, also while a simulator writes it."""
    with LedgerReader(ledger) as reader:
        return list(reader.of_order(order.order_id))


def order_that(router: MockDexRouter, *, fails: bool, **over: object) -> Order:
    """Return an order whose first swap fails, or lands."""
    while True:
        order = an_order(**over)
        if isinstance(router.swap(a_transaction(order)), Fill) is not fails:
            return order


def sendable(order: Order, **over: object) -> Transaction:
    """Return a transaction that the venues' clock still lets in."""
    return a_transaction(order, **{"expires_at": SystemClock().now() + timedelta(seconds=30), **over})


def order_too_bad_for_its_limit(router: MockDexRouter, venue: str = "Meteora") -> Order:
    """Return an order whose first swap would land, but below the venue's quote, which is its limit."""
    while True:
        order = order_that(router, fails=False, slippageBps=0)
        limit = router.quote(router.market(venue), order.order_id, 1).price
        if not isinstance(router.swap(a_transaction(order, limit_price=limit)), Fill):
            return order


def landing(router: MockDexRouter, transaction: Transaction) -> TransactionReport:
    """Return what the venues report of a transaction that lands."""
    fill = router.swap(transaction)
    assert isinstance(fill, Fill)
    return TransactionReport(TransactionStatus.LANDED, fill=fill)


async def settled(venue: HttpVenue, transaction: Transaction) -> TransactionReport:
    """Do as the engine does with an unknown outcome: ask until it is known, and send again what never arrived."""

    async def known() -> TransactionReport | None:
        try:
            report = await venue.lookup(transaction)
            if report.status is TransactionStatus.UNKNOWN:
                report = await venue.send(transaction)
        except VenueUnavailable:
            return None
        return report if report.status in (TransactionStatus.LANDED, TransactionStatus.REJECTED) else None

    report = await eventually(known, within=30)  # through restarts of the venue, on a busy machine
    assert report
    return report
