"""Signed swaps on the Solana simulator, with every fault of its nodes: none lands twice, each fill is the chain's."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from attrs import frozen
from solders.hash import Hash
from solders.keypair import Keypair
from solders.message import MessageV0, to_bytes_versioned
from solders.token.associated import get_associated_token_address

from adapters.solana.confirmation import Confirmation
from adapters.solana.payload import SignedSwap
from adapters.solana.rpc import SolanaRpc
from application.ports.errors import VenueUnavailable
from domain.transaction import Fill, Finality, TransactionStatus
from entrypoints.system import SystemClock
from simulators.solana import tokens
from simulators.solana.faults import Fault, Faults
from simulators.solana.simulator import SimulatedSolana
from simulators.solana.token_accounts import holding
from simulators.solana.venues.builds import Limit, around, jupiter_swap
from tests.eventually import eventually
from tests.signed import SOL, USDC
from tests.solana import ONE_SOL, funded, solana_in_loop

SLOT_MS = 8
ORDERS = 12
OF_NODES = (
    *(Fault.DROPPED, Fault.LOST_REPLY, Fault.LATE, Fault.FORK),
    *(Fault.BEHIND, Fault.SLOT_AS_HEIGHT, Fault.LIMITED, Fault.ERROR),
)
Answer = TypeVar("Answer")
ENDED = (TransactionStatus.LANDED, TransactionStatus.REJECTED, TransactionStatus.DEAD)


class ChainsPace(SystemClock):
    """A clock as much faster than the machine's as the simulator's slots are than a cluster's."""

    def monotonic(self) -> float:
        return time.monotonic() * 400 / SLOT_MS

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds * SLOT_MS / 400)


@frozen
class Engine:
    """An engine's way with one order: what may still land is sent again, and nothing else is signed before it ended."""

    simulator: SimulatedSolana
    rpc: SolanaRpc
    confirmation: Confirmation

    async def swapped(self, own: Keypair) -> tuple[list[SignedSwap], Fill | None, Finality | None]:
        """Attempt a swap until one landed, and follow that until it is final; return all that was signed."""
        attempts: list[SignedSwap] = []
        while len(attempts) < 6:
            attempts.append(await self._signed(own))
            fill = await self._ended(attempts[-1])
            if fill is not None:
                settled = await self._settled(attempts[-1])
                return attempts, settled[1] or fill, settled[0]
        return attempts, None, None

    async def _signed(self, own: Keypair) -> SignedSwap:
        slot, swaps = self.simulator.chain.advance(), self.simulator.swaps
        offer = swaps.markets.offers(tokens.SOL.mint, tokens.USDC.mint, ONE_SOL, slot)[0]
        # Of some the limit is so close to the price that they fail when it moves.
        route = jupiter_swap(offer, Limit(offer.amount_out, 100 * (slot % 3)), own.pubkey(), swaps, None)
        build = around(route, offer, own.pubkey(), wraps=True, unwraps=True)
        blockhash = await _answered(self.rpc.latest_blockhash)
        message = MessageV0.try_compile(own.pubkey(), build.instructions, [], Hash.from_string(blockhash.hash))
        signature = bytes(own.sign_message(to_bytes_versioned(message)))
        return SignedSwap.of(to_bytes_versioned(message), signature, blockhash, SOL, USDC, ONE_SOL, 1)

    async def _ended(self, signed: SignedSwap) -> Fill | None:
        report = await _answered(partial(self.confirmation.send, signed))
        while report.status not in ENDED:
            again = self.confirmation.send if report.status is TransactionStatus.UNKNOWN else self.confirmation.lookup
            report = await _answered(partial(again, signed))
        return report.fill

    async def _settled(self, signed: SignedSwap) -> tuple[Finality, Fill | None]:
        settled = await eventually(lambda: _answered(partial(self.confirmation.settled, signed)), within=30)
        assert settled is not None
        return settled.finality, settled.fill


async def _answered(call: Callable[[], Awaitable[Answer]]) -> Answer:
    """Ask until there is an answer."""
    while True:
        try:
            return await call()
        except VenueUnavailable:
            await asyncio.sleep(0.02)


def usdc_of(simulator: SimulatedSolana, own: Keypair) -> int:
    account = get_associated_token_address(own.pubkey(), tokens.USDC.mint)
    held = holding(simulator.chain.account(account, simulator.chain.advance()))
    return held.amount if held else 0


async def test_with_every_fault_of_nodes_each_order_swaps_once_at_most(tmp_path: Path) -> None:
    clock, faults = ChainsPace(), Faults(11, 0.25, OF_NODES)
    async with solana_in_loop(tmp_path, faults=faults, slot_ms=SLOT_MS) as (url, simulator):
        rpc = SolanaRpc([f"{url}/rpc/a", f"{url}/rpc/b"], clock, timeout_seconds=60, calls_per_second=10_000)
        await rpc.open()
        try:
            engine = Engine(simulator, rpc, Confirmation(rpc, clock, wait_seconds=20))
            wallets = [funded(simulator.chain) for _ in range(ORDERS)]
            async with asyncio.timeout(40):
                ends = await asyncio.gather(*(engine.swapped(own) for own in wallets))
        finally:
            await rpc.close()
        landed = 0
        for own, (attempts, fill, finality) in zip(wallets, ends, strict=True):
            entries = [simulator.ledger.find(signed.signature) for signed in attempts]
            in_blocks = [entry for entry in entries if entry is not None and entry.state == "landed"]
            assert len(in_blocks) == (finality is Finality.FINALIZED), (attempts, finality, entries)
            got = fill.amount_out if fill is not None and finality is Finality.FINALIZED else 0
            assert usdc_of(simulator, own) == got * 10**6
            landed += len(in_blocks)
        assert landed > ORDERS // 2
