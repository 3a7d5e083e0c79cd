"""Raydium and Meteora behind the venue's port: real signed swaps on the Solana simulator, by two nodes."""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from attrs import define, evolve, field
from solders.pubkey import Pubkey

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
from domain.order import Order
from domain.token_list import TokenList
from domain.transaction import Transaction
from entrypoints.lifecycle import opened
from entrypoints.web.server import bind, url_of
from simulators.solana.gifts import Gift
from simulators.solana.markets import Markets, Offer, Pool
from simulators.solana.simulator import SimulatedSolana, simulated_solana
from simulators.solana.slots import CONFIRMED_AFTER
from simulators.solana.tokens import TOKENS
from simulators.venue.server import serve
from tests.builders import START, an_order
from tests.contracts.venue import Result, VenueBench, VenueContract
from tests.judged import WALLET, asset
from tests.solana import NO_FAULTS
from tests.solana_venue import OneWallet

# A second of the chain, of 400 ms slots, takes so much less of one here.
TIMES = 40
SLOT_MS = 400
VALID_SLOTS = 150
WAIT_SECONDS = 16.0  # until a rejection is finalized
TERMS = Terms("solana", 50, 500, 10_000, 1_000_000)
METEORA = ("Meteora DLMM", "Meteora DAMM v2")


class QuickClock:
    """A clock by which everything takes a small part of its time; the engine's can be set without the chain's."""

    def __init__(self, ahead: float = 0.0) -> None:
        self.ahead = ahead
        self._begun = time.monotonic()

    def monotonic(self) -> float:
        return (time.monotonic() - self._begun) * TIMES

    def now(self) -> datetime:
        return START + timedelta(seconds=self.monotonic() + self.ahead)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / TIMES)


@define
class Prices:
    """Prices that stand still, but for a fall."""

    fallen_percent: int = 0

    def offer(self, markets: Markets, pool: Pool, given: Pubkey, amount_in: int) -> Offer | None:
        found = _offer(markets, pool, given, amount_in, 1)
        return found and evolve(found, amount_out=found.amount_out * (100 - self.fallen_percent) // 100)


_offer = Markets.offer


@define(eq=False)
class World:
    """The simulator at a URL, and venues of it."""

    url: str
    running: SimulatedSolana
    chain_clock: QuickClock
    clock: QuickClock = field(factory=QuickClock)
    stack: AsyncExitStack = field(factory=AsyncExitStack)

    async def venue(self, kind: str) -> SolanaVenue:
        rpc = SolanaRpc([f"{self.url}/rpc/a", f"{self.url}/rpc/b"], self.clock, calls_per_second=10_000)
        tokens = InMemoryTokenRegistry(TokenList.of(asset(token) for token in TOKENS))
        chain = Chain(
            rpc, Judge(rpc), Confirmation(rpc, self.clock, wait_seconds=WAIT_SECONDS), OneWallet(), tokens, self.clock
        )
        api, priority = VenueApi(kind, self.clock, 3.0, {}), Priority("medium", 1_000_000)
        market: Market = JupiterMarket(api, rpc, priority, f"{self.url}/jupiter/swap/v2", METEORA)
        if kind == "raydium":
            market = RaydiumMarket(api, priority, self.clock, f"{self.url}/raydium", f"{self.url}/raydium")
        venue = SolanaVenue(kind, market, chain, TERMS)
        await self.stack.enter_async_context(opened(rpc, venue))
        return venue


_numbers = count(1)


class SolanaBench(VenueBench):
    """A venue whose orders fail where the price falls between their build and their swap."""

    always_limited = True
    least = "0.00001"  # a limit of one base unit's output has no room for rounding

    def __init__(self, world: World, prices: Prices, venue: SolanaVenue, another: SolanaVenue) -> None:
        self.world, self.prices = world, prices
        self.venue, self.another, self.brief = venue, another, venue  # it is outlasted soon enough
        self._doomed: set[str] = set()

    def order(self, *, fails: bool = False, **over: object) -> Order:
        made = an_order(**{"inputToken": "SOL", "outputToken": "USDC", **over})
        made = evolve(made, order_id=f"{made.order_id[:-6]}{next(_numbers):06}")
        if fails:
            self._doomed.add(made.order_id)
        return made

    def order_whose_fill_is_too_bad(self) -> Order:
        return self.order(fails=True, slippageBps=100)

    async def built(self, order: Order, venue: Any = None) -> Transaction:
        built = await super().built(order, venue)
        if order.order_id in self._doomed:
            self.prices.fallen_percent = 3
        return built

    async def run(self, call: Coroutine[Any, Any, Result]) -> Result:
        return await call

    async def set_clock(self, seconds: float) -> None:
        self.world.clock.ahead = seconds  # a chain has none

    async def outlast(self, transaction: Transaction) -> None:
        self.world.chain_clock.ahead += (VALID_SLOTS + 32 + 10) * SLOT_MS / 1000


@asynccontextmanager
async def a_world(folder: Path) -> AsyncIterator[World]:
    listener, stop, clock = bind("127.0.0.1", 0), asyncio.Event(), QuickClock()
    ledger, now = folder / "chain.sqlite", lambda: clock.now().timestamp()
    with simulated_solana(ledger, seed=1, faults=NO_FAULTS, slot_ms=SLOT_MS, clock=now) as running:
        running.chain.give(Gift(WALLET, None, 2 * 10**15))
        clock.ahead += (CONFIRMED_AFTER + 1) * SLOT_MS / 1000  # its balance is read of a confirmed slot
        serving = asyncio.create_task(serve(running.app, listener, stop))
        world = World(url_of(listener), running, clock)
        try:
            async with world.stack:
                yield world
        finally:
            stop.set()
            await serving


@pytest.fixture
def prices(monkeypatch: pytest.MonkeyPatch) -> Prices:
    standing = Prices()

    def offer(markets: Markets, pool: Pool, given: Pubkey, amount_in: int, slot: int) -> Offer | None:
        return standing.offer(markets, pool, given, amount_in)

    monkeypatch.setattr(Markets, "offer", offer)
    return standing


@pytest.fixture(params=["jupiter", "raydium"])
async def bench(request: pytest.FixtureRequest, tmp_path: Path, prices: Prices) -> AsyncIterator[SolanaBench]:
    async with a_world(tmp_path) as world:
        kind = request.param
        yield SolanaBench(world, prices, await world.venue(kind), await world.venue(kind))


class TestSolanaVenue(VenueContract):
    pass
