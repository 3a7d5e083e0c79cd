"""The venue simulator's process: the mock venues as the settings describe them, served over HTTP."""

import socket

import uvloop

from application import observe
from entrypoints.lifecycle import StartError, stop_on_signals
from entrypoints.listening import listener_of
from entrypoints.mock_router import mock_router
from entrypoints.private_files import make_file, make_folder
from entrypoints.settings import Settings
from entrypoints.web.server import url_of
from simulators.venue.faults import Faults
from simulators.venue.ledger_writer import CannotOpenLedger
from simulators.venue.server import serve
from simulators.venue.simulator import simulated_venues


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises StartError, CannotListen.

    What was accepted and has not ended then, or when the process is killed, ends in the next one with this ledger.
    """
    try:
        make_folder(settings.simulator_ledger.absolute().parent)
        make_file(settings.simulator_ledger)
    except OSError as error:
        raise StartError(f"Cannot open the ledger {settings.simulator_ledger}: {error.strerror}.") from error
    try:
        uvloop.run(_run(settings, listener_of(settings, "simulator_port")))
    except CannotOpenLedger as error:
        raise StartError(str(error)) from error


async def _run(settings: Settings, listener: socket.socket) -> None:
    stop = stop_on_signals()
    faults = Faults(settings.mock_seed, settings.simulator_fault_rate, settings.simulator_faults)
    ledger, slow_seconds = settings.simulator_ledger, settings.simulator_slow_ms / 1000
    async with simulated_venues(mock_router(settings), faults, ledger, slow_seconds=slow_seconds) as app:
        observe.process_started("venue-simulator", url_of(listener))
        await serve(app, listener, stop)
    observe.process_stopped("venue-simulator")
