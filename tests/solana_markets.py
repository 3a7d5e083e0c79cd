"""Jupiter and Raydium at a URL of this machine, as the simulator plays them, and markets of them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from attrs import field, frozen
from falcon.asgi import App, Request, Response

from adapters.solana.jupiter import JupiterMarket
from adapters.solana.market import Ask, Market
from adapters.solana.priority import Priority
from adapters.solana.raydium import RaydiumMarket
from adapters.solana.venue_api import VenueApi
from entrypoints.web.server import bind, url_of
from simulators.solana.faults import Fault
from simulators.solana.tokens import SOL, USDC, Token
from simulators.solana.venues.app import add_venues
from simulators.solana.venues.desk import Desk
from simulators.venue.server import serve
from tests.clock import ManualClock
from tests.judged import SOL_IN, USDC_IN, WALLET, PlayedNode, asset
from tests.solana_venues import desk_of

METEORA = ("Meteora DLMM", "Meteora DAMM v2")
PRIORITY = Priority("medium", 1_000_000)


@frozen
class Bench:
    """Both venues at a URL, and the node that Jupiter's lookup tables are read from."""

    url: str
    node: PlayedNode
    clock: ManualClock = field(factory=ManualClock)

    @asynccontextmanager
    async def market(
        self, venue: str, *, dexes: Sequence[str] = METEORA, priority: Priority = PRIORITY
    ) -> AsyncIterator[Market]:
        api = VenueApi(venue, self.clock, 2.0, {"x-api-key": "k"})
        made: Market = JupiterMarket(api, self.node, priority, f"{self.url}/jupiter/swap/v2", dexes)
        if venue == "raydium":
            base = f"{self.url}/raydium"
            made = RaydiumMarket(api, priority, self.clock, base, base)
        await made.open()
        try:
            yield made
        finally:
            await made.close()


@asynccontextmanager
async def serving(app: "App[Request, Response]") -> AsyncIterator[str]:
    listener, stop = bind("127.0.0.1", 0), asyncio.Event()
    server = asyncio.create_task(serve(app, listener, stop))
    try:
        yield url_of(listener)
    finally:
        stop.set()
        await server


@asynccontextmanager
async def venues(*faults: Fault, calls: int = 1_000) -> AsyncIterator[Bench]:
    node = PlayedNode()
    desk = desk_of(*faults, swaps=node.swaps, slot=1, calls=calls)
    node.tables = _tables_of(desk, node)
    app: App[Request, Response] = App()
    add_venues(app, desk)
    async with serving(app) as url:
        yield Bench(url, node)


def _tables_of(desk: Desk, node: PlayedNode) -> dict[str, Sequence[str]]:
    tables = (desk.table(pool.dex) for pool in node.swaps.markets.pools.values())
    return {str(table.key): [str(key) for key in table.addresses] for table in tables}


def an_ask(given: Token = SOL, got: Token = USDC) -> Ask:
    amount = SOL_IN if given is SOL else USDC_IN
    return Ask(asset(given), asset(got), amount, 50, str(WALLET))
