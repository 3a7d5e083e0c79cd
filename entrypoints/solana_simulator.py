"""The Solana simulator's process: the chain as the settings describe it, its nodes and both venues, over HTTP."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvloop

from application import observe
from entrypoints.lifecycle import StartError, stop_on_signals
from entrypoints.listening import listener_of
from entrypoints.private_files import make_file, make_folder
from entrypoints.settings import Settings
from entrypoints.web.server import url_of
from simulators.solana.faults import Faults
from simulators.solana.ledger import CannotOpenLedger
from simulators.solana.simulator import SimulatedSolana, simulated_solana
from simulators.venue.server import serve


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises StartError, CannotListen."""
    uvloop.run(_run(settings, listener_of(settings, "solana_simulator_port")))


async def _run(settings: Settings, listener: socket.socket) -> None:
    stop = stop_on_signals()
    async with simulated(settings, listener):
        observe.process_started("solana-simulator", url_of(listener))
        await stop.wait()
    observe.process_stopped("solana-simulator")


@asynccontextmanager
async def simulated(settings: Settings, listener: socket.socket) -> AsyncIterator[None]:
    """Serve the chain of the settings, and both venues, to the end of the block. Raises StartError.

    The next one with this ledger goes on with its chain; what waited for a block then is lost, as at any node.
    """
    ended = asyncio.Event()
    with _simulator(settings) as running:
        async with asyncio.TaskGroup() as group:
            group.create_task(serve(running.app, listener, ended))
            try:
                yield
            finally:
                ended.set()


@contextmanager
def _simulator(settings: Settings) -> Iterator[SimulatedSolana]:
    ledger, seed, slot_ms = settings.solana_simulator_ledger, settings.mock_seed, settings.solana_simulator_slot_ms
    faults = Faults(seed, settings.solana_simulator_fault_rate, settings.solana_simulator_faults)
    try:
        make_folder(ledger.absolute().parent)
        make_file(ledger)
    except OSError as error:
        raise StartError(f"Cannot open the ledger {ledger}: {error.strerror}.") from error
    try:
        with simulated_solana(ledger, seed=seed, faults=faults, slot_ms=slot_ms) as running:
            yield running
    except CannotOpenLedger as error:
        raise StartError(str(error)) from error
