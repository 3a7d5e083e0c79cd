"""A whole API behind a real server on a free port, for tests that talk to it as its clients do."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from json import loads
from typing import Any, cast

import httpx
import websockets
from attrs import Factory, field, frozen

from adapters.memory.audit import InMemoryAudit
from adapters.memory.executions import InMemoryExecutions
from adapters.memory.jobs import InMemoryJobs
from adapters.memory.order_counts import InMemoryOrderCounts
from adapters.memory.order_queue import InMemoryOrderQueue
from adapters.memory.order_store import InMemoryOrderStore
from adapters.memory.partial_halts import InMemoryPartialHalts
from adapters.memory.queue_operations import InMemoryQueueOperations
from adapters.memory.tickets import InMemoryTickets
from adapters.memory.trading_halts import InMemoryTradingHalts
from adapters.memory.update_feed import InMemoryUpdateFeed
from adapters.memory.workers import InMemoryWorkers
from adapters.mock.venue import MockVenue
from application.cancel_order import CancelOrder
from application.cancel_orders import CancelOrders
from application.engine_stats import EngineStats
from application.execute_order import ExecuteOrder
from application.halted_parts import HaltedParts
from application.manage_webhooks import ManageWebhooks
from application.operate_orders import OperateOrders
from application.order_progress import OrderProgress
from application.ports.authenticator import Authenticator
from application.ports.executions import Executions
from application.ports.order_counts import OrderCounts
from application.ports.order_queue import OrderQueue
from application.ports.order_store import IdRanges, OrderFilter, OrderStore
from application.ports.queue_operations import QueueOperations
from application.ports.system import Clock
from application.ports.token_registry import TokenRegistry
from application.ports.update_feed import UpdateFeed
from application.ports.workers import Workers
from application.query_executions import QueryExecutions
from application.query_orders import QueryOrders
from application.record_step import RecordStep
from application.socket_tickets import SocketTickets
from application.submit_order import SubmitOrder
from application.trading_gate import TradingGate
from application.trading_rules import TradingRules
from application.venues import Venues
from application.watch_feed import WatchFeed
from application.watch_order import WatchOrder
from domain.mock_dex import MockDexRouter
from domain.routing import lowest_price
from entrypoints.system import RandomIds, SystemClock, new_secret
from entrypoints.web.app import Services, create_app, operations_app
from entrypoints.web.drain import Drain
from entrypoints.web.http.health import NO_CHECKS, Checks
from entrypoints.web.limits import RequestLimits
from entrypoints.web.server import ServerTimes, bind, serve, url_of
from entrypoints.web.site import Site
from entrypoints.web.ws.guard import SocketGuard
from tests.described import as_described
from tests.webhooks import managed

ORDER: Mapping[str, object] = {"inputToken": "SOL", "outputToken": "USDC", "amount": 10, "userId": "user123"}
HASTY_DEX = MockDexRouter(quote_ms=0, build_ms=0, swap_min_ms=0, swap_max_ms=0, failure_rate=0)
CLOCK = SystemClock()


def mock_venues(router: MockDexRouter) -> Venues:
    """Return all mock venues."""
    names = [market.name for market in router.markets]
    return Venues(tuple(MockVenue(name, router, CLOCK, expiry_seconds=30) for name in names))


@frozen
class Engine:
    """What stands behind the API, in memory unless a test brings its own; `execute` is the worker's half."""

    clock: Clock = CLOCK
    store: OrderStore = field(factory=lambda: InMemoryOrderStore(CLOCK))
    id_ranges: IdRanges = field(factory=lambda: InMemoryOrderStore(CLOCK))
    executions: Executions = Factory(
        lambda self: InMemoryExecutions(self.store.executions if isinstance(self.store, InMemoryOrderStore) else ()),
        takes_self=True,
    )
    halts: InMemoryTradingHalts = field(factory=lambda: InMemoryTradingHalts(CLOCK, InMemoryOrderStore(CLOCK)))
    partial_halts: InMemoryPartialHalts = field(factory=lambda: InMemoryPartialHalts(CLOCK))
    gate: TradingGate = Factory(
        lambda self: TradingGate(self.halts, CLOCK, parts=HaltedParts(self.partial_halts)), takes_self=True
    )
    jobs: InMemoryJobs = field(factory=InMemoryJobs)
    queue: OrderQueue = Factory(
        lambda self: InMemoryOrderQueue(CLOCK, lease_seconds=30, jobs=self.jobs), takes_self=True
    )
    operations: QueueOperations = Factory(lambda self: InMemoryQueueOperations(CLOCK, self.jobs), takes_self=True)
    feed: UpdateFeed = field(factory=InMemoryUpdateFeed)
    counts: OrderCounts = field(factory=lambda: InMemoryOrderCounts(CLOCK))
    workers: Workers = field(factory=lambda: InMemoryWorkers(CLOCK))
    venues: Venues = field(factory=lambda: mock_venues(HASTY_DEX))
    ready: Checks = NO_CHECKS
    live: Checks = NO_CHECKS
    limits: RequestLimits | None = None
    authenticator: Authenticator | None = None
    tokens: TokenRegistry | None = None
    rules: TradingRules = field(factory=lambda: TradingRules("lowest_price"))
    webhooks: ManageWebhooks | None = Factory(lambda self: managed(self.store, CLOCK), takes_self=True)

    @property
    def record_step(self) -> RecordStep:
        """Where steps are recorded."""
        return RecordStep(self.store, self.feed)

    @property
    def execute(self) -> ExecuteOrder:
        """What a worker does with one order."""
        return ExecuteOrder(self.store, self.record_step, self.venues, self.clock, RandomIds(), lowest_price, self.gate)

    @property
    def operate(self) -> OperateOrders:
        """What operators may do with one order."""
        return OperateOrders(
            self.store,
            self.queue,
            self.operations,
            self.record_step,
            self.venues,
            self.clock,
            RandomIds(),
            self.store.audit if isinstance(self.store, InMemoryOrderStore) else InMemoryAudit(self.clock),
        )

    def services(self) -> Services:
        """Return what the API is made of."""
        tickets = SocketTickets(InMemoryTickets(), self.clock, new_secret)
        ids, progress, limit = RandomIds(), OrderProgress(self.store), self.rules.default_slippage_bps
        return Services(
            SubmitOrder(self.store, self.queue, self.feed, self.clock, ids, self.gate, self.tokens, limit),
            QueryOrders(self.store, self.executions, self.tokens),
            QueryExecutions(self.executions),
            (cancel := CancelOrder(self.store, self.record_step, self.clock, ids, self.gate)),
            CancelOrders(self.store, cancel, self.clock, InMemoryAudit(self.clock), self.tokens),
            WatchOrder(self.store, progress, self.feed, self.clock),
            WatchFeed(self.feed, progress),
            EngineStats(self.store, self.operations, self.clock, self.id_ranges, self.gate, self.counts, self.workers),
            self.rules,
            tickets,
            self.operate,
            self.tokens,
            self.ready,
            self.live,
            self.authenticator,
            SocketGuard(self.authenticator, tickets, self.clock) if self.authenticator else None,
            self.limits,
            webhooks=self.webhooks,
        )

    async def stored(self) -> int:
        """How many orders are in the store, up to 200."""
        return len((await self.store.find(OrderFilter(), None, 200)).orders)


@frozen
class Api:
    """A running API and a client of it; `operations` is a client of its operations port."""

    engine: Engine
    url: str
    http: httpx.AsyncClient
    operations: httpx.AsyncClient
    drain: Drain
    stop: asyncio.Event

    async def submit(self, **over: object) -> str:
        """Have an order accepted; return its id."""
        answer = await self.http.post("/api/orders/execute", json={**ORDER, **over})
        assert answer.status_code == 202, answer.text
        order_id: str = answer.json()["orderId"]
        return order_id

    def connect(self, order_id: str, query: str = "", **options: Any) -> websockets.connect:
        """Open a socket on an order."""
        return websockets.connect(f"{self.url.replace('http', 'ws', 1)}/ws/orders/{order_id}{query}", **options)

    def connect_feed(self, query: str = "", **options: Any) -> websockets.connect:
        """Open a socket on all orders."""
        return websockets.connect(f"{self.url.replace('http', 'ws', 1)}/ws/orders{query}", **options)

    async def watch(self, order_id: str, query: str = "") -> tuple[list[str], int | None]:
        """Return all frames' texts until the server closes, and its close code."""
        async with asyncio.timeout(10), self.connect(order_id, query) as socket:
            return await rest_of(socket)


async def rest_of(socket: websockets.ClientConnection) -> tuple[list[str], int | None]:
    """Return what still comes on a socket, and its close code."""
    frames = []
    try:
        while True:
            frames.append(await socket.recv(decode=True))
    except websockets.ConnectionClosed:
        return frames, socket.close_code


@asynccontextmanager
async def running_api(
    engine: Engine | None = None,
    site: Site | None = None,
    *,
    times: ServerTimes | None = None,
    **app_options: Any,
) -> AsyncIterator[Api]:
    """Run an API meanwhile; `app_options` are those of `create_app`. Every answer must be a described one."""
    engine, drain, stop = engine or Engine(), Drain(), asyncio.Event()
    services, site = engine.services(), site or Site()
    listener = bind("127.0.0.1", 0)
    url = url_of(listener)
    hooks = {"response": [as_described]}
    inside = httpx.ASGITransport(cast(Any, operations_app(services.ready, services.stats, services.live, drain=drain)))
    async with (
        asyncio.TaskGroup() as group,
        httpx.AsyncClient(base_url=url, event_hooks=hooks) as http,
        httpx.AsyncClient(base_url="http://operations", transport=inside) as operations,
    ):
        beside = [group.create_task(services.watch.run())]
        if services.guard is not None:
            beside.append(group.create_task(services.guard.run()))
        app = create_app(services, drain, site, **app_options)
        serving = group.create_task(serve(app, listener, stop, drain=drain, times=times, site=site))
        try:
            yield Api(engine, url, http, operations, drain, stop)
        finally:
            await http.aclose()
            stop.set()
            await serving
            for task in beside:
                task.cancel()


def exact(text: str) -> Any:
    """Read JSON with its numbers as they are written."""
    return loads(text, parse_float=Decimal, parse_int=Decimal)
