"""Puts the engine together. The only file that imports adapters."""

import os
import socket
from collections.abc import Callable, Mapping
from functools import partial
from ipaddress import ip_network
from operator import eq
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from dependency_injector import containers, providers

from adapters.http_venue.venue import HttpVenue
from adapters.memory.api_keys import InMemoryApiKeys
from adapters.memory.audit import InMemoryAudit
from adapters.memory.executions import InMemoryExecutions
from adapters.memory.jobs import InMemoryJobs
from adapters.memory.limit_reports import InMemoryLimitReports
from adapters.memory.order_queue import InMemoryOrderQueue
from adapters.memory.order_store import InMemoryOrderStore
from adapters.memory.partial_halts import InMemoryPartialHalts
from adapters.memory.queue_operations import InMemoryQueueOperations
from adapters.memory.store_clock import InMemoryStoreClock
from adapters.memory.tickets import InMemoryTickets
from adapters.memory.trading_halts import InMemoryTradingHalts
from adapters.memory.update_feed import InMemoryUpdateFeed
from adapters.memory.write_marks import InMemoryWriteMarks
from adapters.mock.venue import MockVenue
from adapters.postgres.api_keys import PostgresApiKeys
from adapters.postgres.audit import PostgresAudit
from adapters.postgres.executions import PostgresExecutions
from adapters.postgres.migrator import Migrator
from adapters.postgres.order_store import PostgresOrderStore
from adapters.postgres.partial_halts import PostgresPartialHalts
from adapters.postgres.roles import roles_sql
from adapters.postgres.server_fault import postgres_fault
from adapters.postgres.store_clock import PostgresStoreClock
from adapters.postgres.tickets import PostgresTickets
from adapters.postgres.trading_halts import PostgresTradingHalts
from adapters.redis.clients import feed_client, queue_client
from adapters.redis.limit_reports import RedisLimitReports
from adapters.redis.order_queue import RedisOrderQueue
from adapters.redis.queue_operations import RedisQueueOperations
from adapters.redis.server_fault import redis_fault
from adapters.redis.update_feed import RedisUpdateFeed
from adapters.redis.write_marks import RedisWriteMarks
from application.api_key import EngineMode
from application.cancel_order import CancelOrder
from application.cancel_orders import CancelOrders
from application.engine_stats import EngineStats
from application.execute_order import ExecuteOrder
from application.failed_attempts import FailedAttempts
from application.fitness import Fitness
from application.follow_store_clock import FollowStoreClock
from application.halt_parts import HaltParts
from application.halted_parts import HaltedParts
from application.key_authenticator import KeyAuthenticator
from application.limits.limit import Of
from application.limits.share_limits import ShareLimits
from application.manage_keys import ManageKeys
from application.operate_orders import OperateOrders
from application.operate_queue import OperateQueue, QueryQueue
from application.operate_trading import OperateTrading
from application.order_progress import OrderProgress
from application.ports.api_keys import ApiKeys
from application.ports.audit import Audit
from application.ports.executions import Executions
from application.ports.limit_reports import LimitReports
from application.ports.order_queue import OrderQueue
from application.ports.order_store import IdRanges, OrderStore
from application.ports.partial_halts import PartialHalts
from application.ports.queue_operations import QueueOperations
from application.ports.system import Clock, CorrectedClock, Ids, StoreClock
from application.ports.tickets import Tickets
from application.ports.trading_halts import TradingHalts
from application.ports.update_feed import UpdateFeed
from application.ports.venue import Venue
from application.ports.write_marks import WriteMarks
from application.query_audit import QueryAudit
from application.query_executions import QueryExecutions
from application.query_orders import QueryOrders
from application.reconcile import Reconcile
from application.record_step import RecordStep
from application.recover_orders import RecoverOrders
from application.resume_trading import ResumeTrading
from application.retry_policy import RetryPolicy
from application.settle_open_orders import SettleOpenOrders
from application.share_marks import ShareMarks
from application.sign_in import SignIn
from application.socket_tickets import SocketTickets
from application.submit_order import SubmitOrder
from application.trading_gate import TradingGate
from application.venues import Venues
from application.watch_feed import WatchFeed
from application.watch_order import WatchOrder
from application.worker import Worker
from domain.routing import POLICIES, RoutingPolicy
from entrypoints.certificate import Certificate, certificate_of
from entrypoints.key_pepper import read_pepper
from entrypoints.lifecycle import Closing, Resource, Together
from entrypoints.mock_router import mock_router
from entrypoints.operator import operator
from entrypoints.readiness import live_checks
from entrypoints.setting_types import OFF, limits_of
from entrypoints.settings import Settings, SettingsError
from entrypoints.starting import Connected, Look, Looked
from entrypoints.system import RandomIds, SystemClock, new_secret
from entrypoints.web.addresses import Proxies
from entrypoints.web.app import Services, create_app, operations_app
from entrypoints.web.drain import Drain
from entrypoints.web.http.health import NO_CHECKS, Checks
from entrypoints.web.limits import RequestLimits
from entrypoints.web.site import Site
from entrypoints.web.ws.guard import SocketGuard

if TYPE_CHECKING:
    from adapters.jwt.authenticator import JwtAuthenticator

MOCK_URL = "mock:"
OFF_BY_DEFAULT = MappingProxyType(dict.fromkeys(Of, OFF))
DEFAULT_LIMITS = MappingProxyType({Of.ORDERS: "user=100/s", Of.REQUESTS: "user=500/s", Of.SOCKETS: "user=200"})
# Times a venue's timeout. Its adapter ends a quote in its own time, which begins when it has its turn to call.
QUOTE_PATIENCE = 3


def _holder(ids: Ids) -> str:
    """Name this process so that no other has the name, and a person can find it."""
    return f"{socket.gethostname()}-{os.getpid()}-{ids.new()[:8]}"


def _always() -> bool:
    """Say that a process is on time whose store has no other clock."""
    return True


def _policy(name: str) -> RoutingPolicy:
    return POLICIES[name]


def _mock_venue(name: str, url: str, settings: Settings, clock: Clock) -> MockVenue:
    if url != MOCK_URL:
        raise SettingsError([f"ORDER_ENGINE_VENUES has more than {MOCK_URL} for {name}"])
    return MockVenue(name, mock_router(settings), clock, settings.tx_expiry_seconds)


def _http_venue(name: str, url: str, settings: Settings, clock: Clock) -> HttpVenue:
    return HttpVenue(
        name,
        url,
        clock,
        valid_seconds=settings.tx_expiry_seconds,
        timeout_seconds=settings.venue_timeout_ms / 1000,
        swap_timeout_seconds=settings.venue_swap_timeout_ms / 1000,
        connections=settings.worker_concurrency,
    )


class OpenedVenue(Venue, Resource, Protocol):
    """A venue's adapter, which is opened before use and closed after it."""


# By the scheme of a venue's URL in ORDER_ENGINE_VENUES: what makes it. A new kind is a line here.
VENUE_KINDS: Mapping[str, Callable[[str, str, Settings, Clock], OpenedVenue]] = MappingProxyType(
    {
        "mock": _mock_venue,
        "http": _http_venue,
        "https": _http_venue,
    }
)


def _venues(settings: Settings, clock: Clock) -> tuple[OpenedVenue, ...]:
    """Make each venue that the settings name. Raises SettingsError."""
    made = []
    for name, url in settings.venues or ((market.name, MOCK_URL) for market in mock_router(settings).markets):
        scheme = url.partition(":")[0]
        if scheme not in VENUE_KINDS:
            raise SettingsError([f"ORDER_ENGINE_VENUES: {name} must be one of: {', '.join(VENUE_KINDS)}, not {scheme}"])
        made.append(VENUE_KINDS[scheme](name, url, settings, clock))
    return tuple(made)


def _site(settings: Settings) -> Site:
    proxies = Proxies(tuple(map(ip_network, settings.trusted_proxies)))
    return Site(settings.hosts, frozenset(settings.origins), proxies, secure=settings.tls_cert_file is not None)


def _limits(settings: Settings) -> RequestLimits | None:
    said = {Of.ORDERS: settings.limit_orders, Of.REQUESTS: settings.limit_requests, Of.SOCKETS: settings.limit_sockets}
    unsaid = OFF_BY_DEFAULT if settings.auth == ("none",) else DEFAULT_LIMITS
    limits = {of: limits_of(text or unsaid[of]) for of, text in said.items()}
    return RequestLimits(limits) if any(limits.values()) else None


def _share_limits(
    limits: RequestLimits | None, reports: LimitReports, clock: Clock, holder: str, settings: Settings
) -> ShareLimits | None:
    return None if limits is None else ShareLimits(limits.shared, reports, clock, holder, settings.api_processes)


def _all_venues(venues: tuple[OpenedVenue, ...], settings: Settings, parts: HaltedParts) -> Venues:
    quote_seconds = QUOTE_PATIENCE * settings.venue_timeout_ms / 1000
    return Venues(venues, quote_seconds, settings.quote_band_bps, parts=parts)


def _sign_in(
    settings: Settings, keys: KeyAuthenticator | None, tokens: "JwtAuthenticator | None", attempts: FailedAttempts
) -> SignIn | None:
    return None if settings.auth == ("none",) else SignIn(keys, tokens, attempts)


def _jwt_authenticator(settings: Settings, clock: Clock) -> "JwtAuthenticator | None":
    """Return who verifies tokens, if clients show any. Raises SettingsError."""
    if "jwt" not in settings.auth:
        return None
    from adapters.jwt.authenticator import JwtAuthenticator  # only for those who need it: it takes its time
    from adapters.jwt.key_file import BadKeys, KeyFile

    path, issuer, audience = settings.jwt_jwks_file, settings.jwt_issuer, settings.jwt_audience
    if path is None or issuer is None or audience is None:
        raise SettingsError(["ORDER_ENGINE_AUTH=jwt needs ORDER_ENGINE_JWT_JWKS_FILE, _ISSUER and _AUDIENCE"])
    try:
        return JwtAuthenticator(KeyFile.read(path), issuer, audience, clock)
    except BadKeys as error:
        raise SettingsError([f"ORDER_ENGINE_JWT_JWKS_FILE {error}"]) from error


def _guard(sign_in: SignIn | None, tickets: SocketTickets, clock: Clock) -> SocketGuard | None:
    return None if sign_in is None else SocketGuard(sign_in, tickets, clock)


def _key_authenticator(settings: Settings, keys: ApiKeys, clock: Clock) -> KeyAuthenticator | None:
    """Return who looks after keys, if clients show any. Raises SettingsError."""
    if "api-key" not in settings.auth:
        return None
    return KeyAuthenticator(keys, read_pepper(settings.key_pepper_file), EngineMode(settings.mode), clock)


class Container(containers.DeclarativeContainer):
    """All objects of one process, made on first use and without I/O; `mode` is `memory` or `live`.

    `resources` are what `lifecycle.opened` opens before anything is used, in this order.
    """

    settings: providers.Provider[Settings] = providers.Dependency(instance_of=Settings)
    mode: providers.Provider[str] = providers.Dependency(instance_of=str)

    clock: providers.Provider[CorrectedClock] = providers.Singleton(SystemClock)
    ids: providers.Provider[Ids] = providers.Singleton(RandomIds)
    holder: providers.Provider[str] = providers.Singleton(_holder, ids)
    lease_seconds = settings.provided.lease_seconds

    memory_store: providers.Provider[OrderStore] = providers.Singleton(InMemoryOrderStore, clock)
    memory_clock: providers.Provider[StoreClock] = providers.Singleton(InMemoryStoreClock, clock)
    memory_halts: providers.Provider[TradingHalts] = providers.Singleton(InMemoryTradingHalts, clock, memory_store)
    memory_audit: providers.Provider[InMemoryAudit] = memory_store.provided.audit
    memory_partial_halts: providers.Provider[PartialHalts] = providers.Singleton(
        InMemoryPartialHalts, clock, memory_audit
    )
    memory_executions: providers.Provider[Executions] = providers.Singleton(
        InMemoryExecutions, memory_store.provided.executions
    )
    memory_jobs = providers.Singleton(InMemoryJobs)
    memory_queue: providers.Provider[OrderQueue] = providers.Singleton(
        InMemoryOrderQueue, clock, holder, lease_seconds=lease_seconds, jobs=memory_jobs
    )
    memory_operations: providers.Provider[QueueOperations] = providers.Singleton(
        InMemoryQueueOperations, clock, memory_jobs
    )
    memory_feed: providers.Provider[UpdateFeed] = providers.Singleton(InMemoryUpdateFeed)

    queue_client = providers.Singleton(queue_client, settings.provided.redis_url)
    feed_client = providers.Singleton(feed_client, settings.provided.redis_url)
    live_store: providers.Provider[OrderStore] = providers.Singleton(PostgresOrderStore, settings.provided.postgres_url)
    live_clock: providers.Provider[StoreClock] = providers.Singleton(PostgresStoreClock, live_store.provided.health)
    live_audit: providers.Provider[Audit] = providers.Singleton(PostgresAudit, live_store.provided.health)
    live_executions: providers.Provider[Executions] = providers.Singleton(PostgresExecutions, live_store.provided.reads)
    live_halts: providers.Provider[TradingHalts] = providers.Singleton(
        PostgresTradingHalts, live_store.provided.health, live_store.provided.writes, holder
    )
    live_partial_halts: providers.Provider[PartialHalts] = providers.Singleton(
        PostgresPartialHalts, live_store.provided.health
    )
    live_keys: providers.Provider[PostgresApiKeys] = providers.Singleton(PostgresApiKeys, live_store.provided.connector)
    live_queue: providers.Provider[OrderQueue] = providers.Singleton(
        RedisOrderQueue, queue_client, holder, lease_seconds=lease_seconds
    )
    live_marks: providers.Provider[WriteMarks] = providers.Singleton(RedisWriteMarks, queue_client)
    live_reports: providers.Provider[LimitReports] = providers.Singleton(RedisLimitReports, queue_client)
    live_operations: providers.Provider[QueueOperations] = providers.Singleton(RedisQueueOperations, queue_client)
    live_feed: providers.Provider[UpdateFeed] = providers.Singleton(RedisUpdateFeed, feed_client)

    store: providers.Provider[OrderStore] = providers.Selector(mode, memory=memory_store, live=live_store)
    id_ranges: providers.Provider[IdRanges] = providers.Selector(mode, memory=memory_store, live=live_store)
    store_clock: providers.Provider[StoreClock] = providers.Selector(mode, memory=memory_clock, live=live_clock)
    follow_clock = providers.Singleton(FollowStoreClock, store_clock, clock)
    marks: providers.Provider[WriteMarks] = providers.Selector(
        mode, memory=providers.Singleton(InMemoryWriteMarks), live=live_marks
    )
    audit: providers.Provider[Audit] = providers.Selector(mode, memory=memory_audit, live=live_audit)
    reports: providers.Provider[LimitReports] = providers.Selector(
        mode, memory=providers.Singleton(InMemoryLimitReports), live=live_reports
    )
    limits = providers.Singleton(_limits, settings)
    share_limits = providers.Singleton(_share_limits, limits, reports, clock, holder, settings)
    halts: providers.Provider[TradingHalts] = providers.Selector(mode, memory=memory_halts, live=live_halts)
    partial_halts: providers.Provider[PartialHalts] = providers.Selector(
        mode, memory=memory_partial_halts, live=live_partial_halts
    )
    halted_parts = providers.Singleton(HaltedParts, partial_halts, holder)
    keys: providers.Provider[ApiKeys] = providers.Selector(
        mode, memory=providers.Singleton(InMemoryApiKeys, memory_audit), live=live_keys
    )
    executions: providers.Provider[Executions] = providers.Selector(
        mode, memory=memory_executions, live=live_executions
    )
    queue: providers.Provider[OrderQueue] = providers.Selector(mode, memory=memory_queue, live=live_queue)
    operations: providers.Provider[QueueOperations] = providers.Selector(
        mode, memory=memory_operations, live=live_operations
    )
    feed: providers.Provider[UpdateFeed] = providers.Selector(mode, memory=memory_feed, live=live_feed)
    each_venue = providers.Singleton(_venues, settings, clock)
    venues = providers.Singleton(_all_venues, each_venue, settings, halted_parts)
    venue_resources = providers.Singleton(Together, each_venue)
    postgres_fault: providers.Provider[Look] = providers.Factory(
        partial, postgres_fault, settings.provided.postgres_url
    )
    redis_fault: providers.Provider[Look] = providers.Factory(partial, redis_fault, settings.provided.redis_url)
    live_connected = providers.Factory(Connected, live_store, postgres_fault)
    live_looked = providers.Factory(Looked, redis_fault)
    store_resources: providers.Provider[list[Resource]] = providers.Selector(
        mode, memory=providers.List(), live=providers.List(live_store, live_connected, live_looked)
    )
    resources: providers.Provider[list[Resource]] = providers.Selector(
        mode,
        memory=providers.List(venue_resources),
        live=providers.List(
            providers.Factory(Closing, queue_client.provided.aclose),
            providers.Factory(Closing, feed_client.provided.aclose),
            live_store,
            live_connected,
            live_looked,
            live_keys,
            live_queue,
            providers.Factory(Closing, live_operations.provided.close),
            providers.Factory(Closing, live_marks.provided.close),
            providers.Factory(Closing, live_reports.provided.close),
            live_feed,
            venue_resources,
        ),
    )

    halt_resources: providers.Provider[list[Resource]] = providers.Selector(
        mode, memory=providers.List(), live=providers.List(live_store, live_keys)
    )
    queue_resources: providers.Provider[list[Resource]] = providers.Selector(
        mode,
        memory=providers.List(),
        live=providers.List(
            live_looked,
            providers.Factory(Closing, queue_client.provided.aclose),
            providers.Factory(Closing, live_operations.provided.close),
        ),
    )

    policy: providers.Provider[RoutingPolicy] = providers.Callable(_policy, settings.provided.routing_policy)
    retries = providers.Singleton(RetryPolicy, settings.provided.retry_attempts, settings.provided.retry_base_ms)

    share_marks = providers.Singleton(ShareMarks, halts, marks, clock)
    on_time: providers.Provider[Callable[[], bool]] = providers.Selector(
        mode, memory=providers.Object(_always), live=follow_clock.provided.on_time
    )
    gate = providers.Singleton(TradingGate, halts, clock, on_time, halted_parts)
    record_step = providers.Singleton(RecordStep, store, feed)
    submit = providers.Singleton(SubmitOrder, store, queue, feed, clock, ids, gate)
    fitness = providers.Singleton(Fitness, store, venues, clock, settings.provided.worker_concurrency)
    execute = providers.Singleton(
        ExecuteOrder,
        store,
        record_step,
        venues,
        clock,
        ids,
        policy,
        gate,
        retries,
        settings.provided.order_max_age_seconds,
        settings.provided.venue_wait_seconds,
        fitness,
    )
    query = providers.Singleton(QueryOrders, store)
    query_executions = providers.Singleton(QueryExecutions, executions)
    cancel = providers.Singleton(CancelOrder, store, record_step, clock, ids, gate)
    cancel_all = providers.Singleton(CancelOrders, store, cancel, clock, audit)
    ticket_keeper: providers.Provider[Tickets] = providers.Selector(
        mode,
        memory=providers.Singleton(InMemoryTickets),
        live=providers.Singleton(PostgresTickets, live_store.provided.reads),
    )
    tickets = providers.Singleton(SocketTickets, ticket_keeper, clock, providers.Object(new_secret))
    progress = providers.Singleton(OrderProgress, store)
    watch = providers.Singleton(WatchOrder, store, progress, feed, clock)
    watch_feed = providers.Singleton(WatchFeed, feed, progress)
    stats = providers.Singleton(EngineStats, store, operations, clock, id_ranges, gate)
    query_audit = providers.Singleton(QueryAudit, audit)
    operate = providers.Singleton(OperateOrders, store, queue, operations, record_step, venues, clock, ids, audit)
    operate_trading = providers.Singleton(OperateTrading, store, halts)
    halt_parts = providers.Singleton(HaltParts, partial_halts, venues)
    reconcile = providers.Singleton(Reconcile, store, executions, venues, audit)
    resume_trading = providers.Singleton(
        ResumeTrading,
        halts,
        reconcile,
        providers.Singleton(SettleOpenOrders, store, halts, record_step, retries, clock, ids),
        clock,
        settings.provided.tx_expiry_seconds,
    )
    query_queue = providers.Singleton(QueryQueue, operations)
    operate_queue = providers.Singleton(OperateQueue, operations, audit)
    key_authenticator = providers.Singleton(_key_authenticator, settings, keys, clock)
    jwt_authenticator = providers.Singleton(_jwt_authenticator, settings, clock)
    sign_in = providers.Singleton(
        _sign_in, settings, key_authenticator, jwt_authenticator, providers.Singleton(FailedAttempts, clock)
    )
    guard = providers.Singleton(_guard, sign_in, tickets, clock)
    manage_keys = providers.Singleton(
        ManageKeys, keys, providers.Callable(EngineMode, settings.provided.mode), clock, ids
    )
    recover = providers.Singleton(RecoverOrders, store, queue, clock, settings.provided.recovery_seconds)

    roles_sql: providers.Provider[str] = providers.Callable(roles_sql)
    migrator = providers.Singleton(Migrator, settings.provided.postgres_url, by=providers.Factory(operator))
    checks: providers.Provider[Checks] = providers.Selector(
        mode,
        memory=providers.Object(NO_CHECKS),
        live=providers.Callable(
            live_checks, live_store.provided.ping, migrator.provided.pending, live_queue.provided.ping, gate
        ),
    )
    api_checks: providers.Provider[Checks] = providers.Selector(
        mode,
        memory=providers.Object(NO_CHECKS),
        live=providers.Callable(
            live_checks,
            live_store.provided.ping,
            migrator.provided.pending,
            providers.Factory(partial, live_queue.provided.ping, takes=False),
            gate,
        ),
    )
    certificate: providers.Provider[Certificate | None] = providers.Singleton(
        certificate_of, settings.provided.tls_cert_file, settings.provided.tls_key_file
    )
    drain = providers.Singleton(Drain)
    site = providers.Singleton(_site, settings)
    api = providers.Singleton(
        create_app,
        providers.Factory(
            Services,
            submit,
            query,
            query_executions,
            cancel,
            cancel_all,
            watch,
            watch_feed,
            stats,
            tickets,
            ready=api_checks,
            authenticator=sign_in,
            guard=guard,
            limits=limits,
        ),
        drain,
        site,
        docs=providers.Callable(eq, settings.provided.docs, "on"),
    )
    api_operations = providers.Singleton(operations_app, api_checks, stats, drain=drain)
    worker_operations = providers.Singleton(operations_app, checks, stats, drain=drain, all_required=True)
    worker = providers.Singleton(
        Worker,
        queue,
        execute,
        fitness,
        clock,
        gate,
        concurrency=settings.provided.worker_concurrency,
        lease_seconds=lease_seconds,
        grace_seconds=settings.provided.grace_seconds,
    )
