"""The Solana simulator for tests: in the test's own loop over real HTTP, as a process, or without either."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
from attrs import frozen
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction

from entrypoints.web.server import bind, url_of
from simulators.solana.chain import Chain
from simulators.solana.decoding import Decoded, decoded
from simulators.solana.faults import Faults
from simulators.solana.gifts import Gift
from simulators.solana.simulator import SimulatedSolana, simulated_solana
from simulators.solana.tokens import SOL, USDC
from simulators.solana.venues.builds import Limit, around, jupiter_swap
from simulators.venue.server import serve
from tests.processes import Restartable, free_port

NO_FAULTS = Faults(0, 0.0, ())
SLOT_MS = 400
ONE_SOL = 10**9


class SlotClock:
    """A clock that stands still until it is moved by slots."""

    def __init__(self) -> None:
        self.seconds = 1_700_000_000.0

    def __call__(self) -> float:
        return self.seconds

    def move(self, slots: int) -> None:
        """Move on by whole slots."""
        self.seconds += slots * SLOT_MS / 1000


@contextmanager
def solana(folder: Path, clock: SlotClock, *, faults: Faults = NO_FAULTS, seed: int = 1) -> Iterator[SimulatedSolana]:
    """Run the simulator on a ledger in this folder, without any HTTP."""
    with simulated_solana(folder / "chain.sqlite", seed=seed, faults=faults, slot_ms=SLOT_MS, clock=clock) as simulator:
        yield simulator


@asynccontextmanager
async def solana_in_loop(
    folder: Path, *, faults: Faults = NO_FAULTS, seed: int = 1, slot_ms: int = 20
) -> AsyncIterator[tuple[str, SimulatedSolana]]:
    """Serve the simulator in the test's loop, and return its URL: nodes are at `/rpc/a` and `/rpc/b`."""
    listener, stop = bind("127.0.0.1", 0), asyncio.Event()
    with simulated_solana(folder / "chain.sqlite", seed=seed, faults=faults, slot_ms=slot_ms) as simulator:
        serving = asyncio.create_task(serve(simulator.app, listener, stop))
        try:
            yield url_of(listener), simulator
        finally:  # a test that fails must not cut it off: its socket would be found by another test
            stop.set()
            await serving


class SolanaProcess(Restartable):
    """A simulator process, with the same ledger each time."""

    def __init__(self, folder: Path, **settings: str) -> None:
        port = str(free_port())
        own = {"PORT": port, "SOLANA_SIMULATOR_PORT": port, "SOLANA_SIMULATOR_LEDGER": str(folder / "chain.sqlite")}
        super().__init__("solana-simulator", {**settings, **own})


@frozen
class Rpc:
    """Calls a node, and returns its result or its error."""

    url: str
    client: httpx.AsyncClient

    async def __call__(self, method: str, *params: Any) -> Any:
        told = await self.client.post(self.url, json={"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        answer = told.raise_for_status().json()
        return answer["result"] if "result" in answer else answer["error"]


def signed(chain: Chain, own: Keypair, instructions: list[Instruction], *, back: int = 0) -> Decoded:
    """Return a transaction with the blockhash of the newest block, or of so many slots before."""
    slot = chain.slots.block(chain.advance() - back)
    message = MessageV0.try_compile(own.pubkey(), instructions, [], chain.slots.hash(slot))
    return decoded(bytes(VersionedTransaction(message, [own])), lambda key: chain.account(key, chain.tip))


def payment(own: Keypair, to: Pubkey, lamports: int) -> Instruction:
    """Return a transfer of lamports."""
    return transfer(TransferParams(from_pubkey=own.pubkey(), to_pubkey=to, lamports=lamports))


def funded(chain: Chain, lamports: int = 10 * ONE_SOL) -> Keypair:
    """Return a new wallet with so many lamports."""
    own = Keypair()
    chain.give(Gift(own.pubkey(), None, lamports))
    return own


def swap(simulator: SimulatedSolana, own: Keypair, *, slippage_bps: int = 500, quoted: int | None = None) -> Decoded:
    """Return a signed swap of one SOL for USDC by Jupiter, with the best pool's quote of now or another."""
    slot = simulator.chain.advance()
    offer = simulator.swaps.markets.offers(SOL.mint, USDC.mint, ONE_SOL, slot)[0]
    limit = Limit(quoted or offer.amount_out, slippage_bps)
    route = jupiter_swap(offer, limit, own.pubkey(), simulator.swaps, None)
    build = around(route, offer, own.pubkey(), wraps=True, unwraps=True)
    return signed(simulator.chain, own, build.instructions)
