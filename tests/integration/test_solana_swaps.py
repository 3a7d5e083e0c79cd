"""Swaps by the engine's own adapters on the simulated chain, through all its faults: each order lands once at most."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from pathlib import Path

from attrs import evolve, field, frozen
from solders.keypair import Keypair

from adapters.memory.token_registry import InMemoryTokenRegistry
from adapters.solana.confirmation import Confirmation
from adapters.solana.judge.judge import Judge
from adapters.solana.jupiter import JupiterMarket
from adapters.solana.market import Market
from adapters.solana.priority import Priority
from adapters.solana.raydium import RaydiumMarket
from adapters.solana.rpc import SolanaRpc
from adapters.solana.swap_venue import Chain, SolanaVenue, Terms
from adapters.solana.venue_api import VenueApi
from adapters.wallet.key_signer import KeySigner
from application.ports.errors import VenueUnavailable
from application.ports.finality import Settlement
from application.ports.signer import Signer
from domain.order import Order
from domain.token_list import TokenList
from domain.transaction import Fill, Finality, Transaction, TransactionReport, TransactionStatus
from entrypoints.lifecycle import opened
from entrypoints.system import SystemClock
from simulators.solana.app import totals_of
from simulators.solana.faults import Fault, Faults
from simulators.solana.gifts import Gift
from simulators.solana.ledger import Entry
from simulators.solana.simulator import SimulatedSolana
from simulators.solana.tokens import TOKENS, USDC
from tests.builders import an_order
from tests.judged import asset
from tests.solana import ONE_SOL, solana_in_loop

ORDERS = 6
SLOT_MS = 10
PRIORITY = Priority("medium", 1_000_000)
OVER = (TransactionStatus.LANDED, TransactionStatus.REJECTED, TransactionStatus.DEAD)


@frozen
class OneWallet:
    signer: Signer

    def of(self, user_id: str) -> Signer:
        return self.signer

    def named(self, public_key: str) -> Signer:
        return self.signer


@frozen
class World:
    """The simulator, both venues, and what was signed for each order."""

    simulator: SimulatedSolana
    venues: tuple[SolanaVenue, ...]
    own: Keypair
    signed: dict[str, list[Transaction]] = field(factory=dict)

    async def swapped(self, order: Order) -> Fill | None:
        """Do as the engine does with an order; return the fill that stays, None when there is none."""
        for attempt in range(1, 9):
            made = await self._built(evolve(order, attempt=attempt))
            if made is None:
                continue
            venue, transaction = made
            self.signed.setdefault(order.order_id, []).append(transaction)
            if (await _ended(venue, transaction)).status is TransactionStatus.LANDED:
                settled = await _settled(venue, transaction)
                return settled.fill if settled.finality is Finality.FINALIZED else None
        return None

    async def _built(self, order: Order) -> tuple[SolanaVenue, Transaction] | None:
        venue = self.venues[order.attempt % len(self.venues)]
        try:
            return venue, await venue.build(order, await venue.quote(order))
        except VenueUnavailable:
            await asyncio.sleep(0.3)
            return None


async def _ended(venue: SolanaVenue, transaction: Transaction) -> TransactionReport:
    report, sends = TransactionReport(TransactionStatus.UNKNOWN), True
    while report.status not in OVER:
        try:
            report = await (venue.send(transaction) if sends else venue.lookup(transaction))
            sends = report.status is TransactionStatus.UNKNOWN
        except VenueUnavailable:
            await asyncio.sleep(0.05)
            sends = False
    return report


async def _settled(venue: SolanaVenue, transaction: Transaction) -> Settlement:
    while True:
        try:
            if (found := await venue.settled(transaction)) is not None:
                return found
        except VenueUnavailable:
            pass
        await asyncio.sleep(0.05)


@asynccontextmanager
async def world(folder: Path, faults: Faults) -> AsyncIterator[World]:
    own, clock = Keypair(), SystemClock()
    tokens = InMemoryTokenRegistry(TokenList.of(asset(token) for token in TOKENS))
    terms = Terms("solana", 100, 500, 100, 1_000_000)
    async with AsyncExitStack() as stack:
        url, simulator = await stack.enter_async_context(solana_in_loop(folder, faults=faults, slot_ms=SLOT_MS))
        simulator.chain.give(Gift(own.pubkey(), None, 1_000 * ONE_SOL))
        rpc = SolanaRpc([f"{url}/rpc/a", f"{url}/rpc/b"], clock, calls_per_second=10_000)
        await stack.enter_async_context(opened(rpc))
        wallets = OneWallet(KeySigner(bytes(own)[:32]))
        chain = Chain(rpc, Judge(rpc), Confirmation(rpc, clock, wait_seconds=2), wallets, tokens, clock)
        jupiter = VenueApi("Meteora", clock, 2, {}), rpc, PRIORITY, f"{url}/jupiter/swap/v2", ["Meteora DLMM"]
        raydium = VenueApi("Raydium", clock, 2, {}), PRIORITY, clock, f"{url}/raydium", f"{url}/raydium"
        markets: dict[str, Market] = {"Meteora": JupiterMarket(*jupiter), "Raydium": RaydiumMarket(*raydium)}
        venues = tuple(SolanaVenue(name, market, chain, terms) for name, market in markets.items())
        for venue in venues:
            await stack.enter_async_context(opened(venue))
        yield World(simulator, venues, own)


def got_by(entry: Entry | None, own: Keypair) -> Decimal:
    assert entry
    assert entry.meta
    before, after = (
        sum(int(each["uiTokenAmount"]["amount"]) for each in entry.meta[when] if each["owner"] == str(own.pubkey()))
        for when in ("preTokenBalances", "postTokenBalances")
    )
    return Decimal(after - before).scaleb(-USDC.decimals)


async def test_through_all_faults_each_order_lands_once_at_most_and_its_fill_is_the_chains(tmp_path: Path) -> None:
    orders = [an_order(inputToken="SOL", outputToken="USDC", amount=Decimal(1 + n)) for n in range(ORDERS)]
    async with world(tmp_path, Faults(3, 0.1, tuple(Fault))) as made:
        fills = await asyncio.gather(*(made.swapped(order) for order in orders))
        ledger = made.simulator.ledger
        for order, fill in zip(orders, fills, strict=True):
            entries = [ledger.find(each.tx_hash) for each in made.signed.get(order.order_id, ())]
            landed = [entry for entry in entries if entry and entry.state == "landed"]
            assert len(landed) == (fill is not None)
            if fill is not None:
                assert fill.amount_in == order.amount
                assert fill.amount_out == got_by(landed[0], made.own)
        totals = totals_of(ledger)
        assert all(each["made"] == each["held"] + each.get("fees", 0) for each in totals.values())
