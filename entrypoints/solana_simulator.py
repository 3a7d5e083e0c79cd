"""The Solana simulator's process: the chain as the settings describe it, its nodes and both venues, over HTTP."""

import socket

import uvloop

from application import observe
from entrypoints.lifecycle import StartError, stop_on_signals
from entrypoints.private_files import make_file, make_folder
from entrypoints.settings import Settings
from entrypoints.web.server import bind, url_of
from simulators.solana.faults import Faults
from simulators.solana.ledger import CannotOpenLedger
from simulators.solana.simulator import simulated_solana
from simulators.venue.server import serve


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises StartError, CannotListen.

    The next process with this ledger goes on with its chain; what waited for a block then is lost, as at any node.
    """
    ledger = settings.solana_simulator_ledger
    try:
        make_folder(ledger.absolute().parent)
        make_file(ledger)
    except OSError as error:
        raise StartError(f"Cannot open the ledger {ledger}: {error.strerror}.") from error
    try:
        uvloop.run(_run(settings, bind(settings.host, settings.solana_simulator_port)))
    except CannotOpenLedger as error:
        raise StartError(str(error)) from error


async def _run(settings: Settings, listener: socket.socket) -> None:
    stop, seed = stop_on_signals(), settings.mock_seed
    faults = Faults(seed, settings.solana_simulator_fault_rate, settings.solana_simulator_faults)
    ledger, slot_ms = settings.solana_simulator_ledger, settings.solana_simulator_slot_ms
    with simulated_solana(ledger, seed=seed, faults=faults, slot_ms=slot_ms) as running:
        observe.process_started("solana-simulator", url_of(listener))
        await serve(running.app, listener, stop)
    observe.process_stopped("solana-simulator")
