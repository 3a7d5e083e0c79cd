"""An engine's executing half on in-memory adapters, with a clock and a venue that tests move."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from attrs import define, field

from adapters.memory.order_store import InMemoryOrderStore
from adapters.memory.partial_halts import InMemoryPartialHalts
from adapters.memory.trading_halts import InMemoryTradingHalts
from adapters.memory.update_feed import InMemoryUpdateFeed
from application.execute_order import ExecuteOrder
from application.frames import Frame
from application.halted_parts import HaltedParts
from application.ports.order_store import Record
from application.ports.system import Clock
from application.record_step import RecordStep
from application.retry_policy import RetryPolicy
from application.trading_gate import TradingGate
from domain.order import Order, Step
from domain.routing import lowest_price
from entrypoints.system import RandomIds
from tests.builders import QUOTES, ROUTING, VENUES, a_request, a_stamp, an_id
from tests.clock import ManualClock
from tests.scripted_venue import Script

CLEAN = (
    "Fetching quotes from Raydium & Meteora...",
    "Best route: Meteora",
    "Building transaction...",
    "Transaction submitted to network...",
    "Swap executed successfully",
)
# The steps of `Bench.at` that lead to a submitted order.
SUBMITTED = ("request_quotes", "choose_route", "start_building", "submit")


@define
class Bench:
    """An engine's executing half on in-memory adapters; `told` is what was published."""

    clock: ManualClock
    store: InMemoryOrderStore
    feed: InMemoryUpdateFeed
    script: Script
    execute: ExecuteOrder
    gate: TradingGate
    halts: InMemoryTradingHalts
    partial_halts: InMemoryPartialHalts
    told: list[Frame] = field(factory=list)

    async def order(self) -> Order:
        order = Order.new(an_id(), a_request(), self.clock.now())
        await self.store.add(order)
        return order

    async def at(self, *steps: str) -> Order:
        """Store an order that took these steps and was then left alone."""
        order = await self.order()
        for step in steps:
            order = await self.write(order, await self.step(order, step))
        return order

    async def step(self, order: Order, name: str) -> Step:
        moves = {
            "request_quotes": lambda: order.request_quotes(a_stamp(), VENUES),
            "choose_route": lambda: order.choose_route(a_stamp(), QUOTES, lowest_price(QUOTES), ROUTING),
            "start_building": lambda: order.start_building(a_stamp()),
            "fail_attempt": lambda: order.fail_attempt(a_stamp(), "why", 3, 1000),
        }
        if name == "submit":
            return order.submit(a_stamp(), await self.script.venues().build(order, QUOTES[1]))
        return moves[name]()

    async def write(self, before: Order, step: Step) -> Order:
        await self.store.append(Record.of(before, step))
        return step[0]

    async def latest(self, order: Order) -> Order:
        latest = await self.store.get(order.order_id)
        assert latest is not None
        return latest


def a_gate(clock: Clock) -> TradingGate:
    """Return a gate that nobody shuts."""
    return TradingGate(InMemoryTradingHalts(clock, InMemoryOrderStore(clock)), clock)


@asynccontextmanager
async def open_bench(kind: type[InMemoryOrderStore] = InMemoryOrderStore) -> AsyncIterator[Bench]:
    """Give a bench with nothing in it, subscribed to all that is published meanwhile."""
    clock = ManualClock()
    store, feed, script = kind(clock), InMemoryUpdateFeed(), Script(clock)
    record_step = RecordStep(store, feed)
    halts = InMemoryTradingHalts(clock, store)
    partial_halts = InMemoryPartialHalts(clock)
    gate = TradingGate(halts, clock, parts=HaltedParts(partial_halts))
    venues = script.venues(gate.parts)
    execute = ExecuteOrder(store, record_step, venues, clock, RandomIds(), lowest_price, gate, RetryPolicy())
    bench = Bench(clock, store, feed, script, execute, gate, halts, partial_halts)
    async with feed.subscribe_all(bench.told.append):
        yield bench
