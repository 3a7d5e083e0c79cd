"""The simulator's process: opens the ledger, carries on with what it holds, and serves the venues."""

import socket

import uvloop

from application import observe
from entrypoints.lifecycle import opened, stop_on_signals
from entrypoints.mock_router import mock_router
from entrypoints.settings import Settings
from entrypoints.system import SystemClock
from entrypoints.venue_simulator.app import Venues, create_app
from entrypoints.venue_simulator.faults import Faults
from entrypoints.venue_simulator.ledger import LedgerReader
from entrypoints.venue_simulator.ledger_writer import LedgerWriter
from entrypoints.venue_simulator.network import Network
from entrypoints.venue_simulator.server import serve
from entrypoints.venue_simulator.spoiling import Spoiler
from entrypoints.web.server import bind, url_of


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises StartError, CannotListen.

    What was accepted and has not ended then, or when the process is killed, ends in the next one with this ledger.
    """
    uvloop.run(_run(settings, bind(settings.host, settings.simulator_port)))


async def _run(settings: Settings, listener: socket.socket) -> None:
    stop = stop_on_signals()
    router, clock = mock_router(settings), SystemClock()
    faults = Faults(settings.mock_seed, settings.simulator_fault_rate, settings.simulator_faults)
    writer = LedgerWriter(settings.simulator_ledger)
    async with opened(writer):
        with LedgerReader(settings.simulator_ledger) as reader:
            network = Network(router, faults, reader, writer, clock)
            spoiler = Spoiler(clock, settings.simulator_slow_ms / 1000)
            app = create_app(Venues(router, network, reader, faults, spoiler, clock))
            async with network.running():
                observe.process_started("venue-simulator", url_of(listener))
                await serve(app, listener, stop)
    observe.process_stopped("venue-simulator")
