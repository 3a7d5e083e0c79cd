"""The whole simulator: opens the ledger, carries on with what it holds, and gives the app that serves the venues."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from falcon.asgi import App, Request, Response

from domain.mock_dex import MockDexRouter
from simulators.venue.app import Venues, create_app
from simulators.venue.clock import Clock
from simulators.venue.faults import Faults
from simulators.venue.ledger import LedgerReader
from simulators.venue.ledger_writer import LedgerWriter
from simulators.venue.network import Network
from simulators.venue.spoiling import Spoiler


@asynccontextmanager
async def simulated_venues(
    router: MockDexRouter, faults: Faults, ledger: Path, *, slow_seconds: float
) -> AsyncIterator["App[Request, Response]"]:
    """Run the venues of `router` on this ledger, and spoil calls as `faults` say. Raises CannotOpenLedger."""
    clock = Clock()
    writer = LedgerWriter(ledger)
    await writer.open()
    try:
        with LedgerReader(ledger) as reader:
            network = Network(router, faults, reader, writer, clock)
            async with network.running():
                yield create_app(Venues(router, network, reader, faults, Spoiler(clock, slow_seconds), clock))
    finally:
        await writer.close()
