"""The whole simulator: opens the ledger, goes on with the chain that it holds, and gives the app that serves all."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import time

from attrs import frozen
from falcon.asgi import App, Request, Response
from solders.account import Account
from solders.pubkey import Pubkey

from simulators.solana import faucet, genesis
from simulators.solana.app import create_app
from simulators.solana.chain import Chain
from simulators.solana.faults import Fault, Faults
from simulators.solana.ledger import Ledger
from simulators.solana.machine import Machine
from simulators.solana.markets import Markets, address
from simulators.solana.slots import Slots
from simulators.solana.swaps import Swaps
from simulators.solana.venues.app import add_venues
from simulators.solana.venues.desk import Desk


@frozen
class SimulatedSolana:
    """The running simulator: its app, and the chain for whoever is in the same process."""

    app: "App[Request, Response]"
    chain: Chain
    ledger: Ledger
    swaps: Swaps


@contextmanager
def simulated_solana(
    ledger: Path, *, seed: int, faults: Faults, slot_ms: int, clock: Callable[[], float] = time
) -> Iterator[SimulatedSolana]:
    """Run the chain of this seed on its ledger, and spoil calls as `faults` say. Raises CannotOpenLedger.

    Nothing runs by itself: each call brings the chain to the slot of `clock` (Unix seconds).
    """
    swaps = Swaps(Markets(seed, faults.share(Fault.WORSE_QUOTE)), address("market maker"))
    slots = Slots(seed)
    with Ledger(ledger) as record:
        chain = Chain(Machine(swaps), slots, record, faults, clock, slot_ms)
        chain.open(lambda: _genesis(swaps, seed))
        app = create_app(chain, record, faults)
        add_venues(app, Desk(swaps, slots, chain.advance, faults, clock=clock))
        yield SimulatedSolana(app, chain, record, swaps)


def _genesis(swaps: Swaps, seed: int) -> dict[Pubkey, Account]:
    lamports = Account(faucet.LAMPORTS, b"", Pubkey.default())
    return {**genesis.accounts(swaps), faucet.key(seed).pubkey(): lamports}
