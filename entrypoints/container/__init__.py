"""Puts the engine together. Nothing else imports adapters."""

import os
import socket
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from operator import eq

from dependency_injector import containers, providers

from adapters.memory.api_keys import InMemoryApiKeys
from adapters.memory.audit import InMemoryAudit
from adapters.memory.executions import InMemoryExecutions
from adapters.memory.jobs import InMemoryJobs
from adapters.memory.limit_reports import InMemoryLimitReports
from adapters.memory.order_counts import InMemoryOrderCounts
from adapters.memory.order_queue import InMemoryOrderQueue
from adapters.memory.order_store import InMemoryOrderStore
from adapters.memory.partial_halts import InMemoryPartialHalts
from adapters.memory.queue_operations import InMemoryQueueOperations
from adapters.memory.store_clock import InMemoryStoreClock
from adapters.memory.tickets import InMemoryTickets
from adapters.memory.trading_halts import InMemoryTradingHalts
from adapters.memory.unsettled_swaps import InMemoryUnsettledSwaps
from adapters.memory.update_feed import InMemoryUpdateFeed
from adapters.memory.workers import InMemoryWorkers
from adapters.memory.write_marks import InMemoryWriteMarks
from adapters.postgres.api_keys import PostgresApiKeys
from adapters.postgres.audit import PostgresAudit
from adapters.postgres.executions import PostgresExecutions
from adapters.postgres.migrator import Migrator
from adapters.postgres.order_counts import PostgresOrderCounts
from adapters.postgres.order_store import PostgresOrderStore
from adapters.postgres.partial_halts import PostgresPartialHalts
from adapters.postgres.roles import roles_sql
from adapters.postgres.server_fault import postgres_fault
from adapters.postgres.store_clock import PostgresStoreClock
from adapters.postgres.tickets import PostgresTickets
from adapters.postgres.trading_halts import PostgresTradingHalts
from adapters.postgres.unsettled_swaps import PostgresUnsettledSwaps
from adapters.postgres.workers import PostgresWorkers
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
from application.count_orders import CountOrders
from application.engine_stats import EngineStats
from application.execute_order import ExecuteOrder
from application.failed_attempts import FailedAttempts
from application.fitness import Fitness
from application.follow_finality import FollowFinality
from application.follow_store_clock import FollowStoreClock
from application.halt_parts import HaltParts
from application.halted_parts import HaltedParts
from application.manage_keys import ManageKeys
from application.operate_orders import OperateOrders
from application.operate_queue import OperateQueue, QueryQueue
from application.operate_trading import OperateTrading
from application.order_progress import OrderProgress
from application.ports.api_keys import ApiKeys
from application.ports.audit import Audit
from application.ports.executions import Executions
from application.ports.finality import UnsettledSwaps
from application.ports.limit_reports import LimitReports
from application.ports.order_counts import OrderCounts
from application.ports.order_queue import OrderQueue
from application.ports.order_store import IdRanges, OrderStore
from application.ports.partial_halts import PartialHalts
from application.ports.queue_operations import QueueOperations
from application.ports.signer import Wallets
from application.ports.system import CorrectedClock, Ids, StoreClock
from application.ports.tickets import Tickets
from application.ports.token_registry import TokenRegistry
from application.ports.trading_halts import TradingHalts
from application.ports.update_feed import UpdateFeed
from application.ports.workers import Workers
from application.ports.write_marks import WriteMarks
from application.query_audit import QueryAudit
from application.query_executions import QueryExecutions
from application.query_orders import QueryOrders
from application.query_workers import QueryWorkers
from application.reconcile import Reconcile
from application.record_step import RecordStep
from application.recover_orders import RecoverOrders
from application.report_worker import ReportWorker
from application.resume_trading import ResumeTrading
from application.retry_policy import RetryPolicy
from application.settle_open_orders import SettleOpenOrders
from application.share_marks import ShareMarks
from application.socket_tickets import SocketTickets
from application.submit_order import SubmitOrder
from application.trading_gate import TradingGate
from application.trading_rules import TradingRules
from application.watch_feed import WatchFeed
from application.watch_order import WatchOrder
from application.worker import Worker
from domain.routing import RoutingPolicy
from entrypoints.certificate import Certificate, certificate_of
from entrypoints.container import access
from entrypoints.container.tokens import made_token_file, made_tokens
from entrypoints.container.tracing import made_tracing
from entrypoints.container.venues import (
    all_venues,
    made_policy,
    made_rules,
    made_solana,
    made_venues,
    opened_together,
)
from entrypoints.container.wallets import Signing, made_wallets
from entrypoints.container.webhooks import (
    Webhooks,
    live_webhooks,
    managed_webhooks,
    memory_webhooks,
    webhook_resource,
)
from entrypoints.lifecycle import Closing, Resource
from entrypoints.operator import operator
from entrypoints.readiness import live_checks
from entrypoints.settings import Settings
from entrypoints.starting import Connected, Look, Looked
from entrypoints.system import RandomIds, SystemClock, new_secret
from entrypoints.web.app import Services, create_app, operations_app
from entrypoints.web.drain import Drain
from entrypoints.web.http.health import NO_CHECKS, Checks


def _holder(ids: Ids) -> str:
    """Name this process so that no other has the name, and a person can find it."""
    return f"{socket.gethostname()}-{os.getpid()}-{ids.new()[:8]}"


def _always() -> bool:
    """Say that a process is on time whose store has no other clock."""
    return True


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
    limits = providers.Singleton(access.made_limits, settings)
    share_limits = providers.Singleton(access.made_share_limits, limits, reports, clock, holder, settings)
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
    unsettled: providers.Provider[UnsettledSwaps] = providers.Selector(
        mode,
        memory=providers.Singleton(InMemoryUnsettledSwaps, clock, memory_store),
        live=providers.Singleton(PostgresUnsettledSwaps, live_store.provided.upkeep),
    )
    counts: providers.Provider[OrderCounts] = providers.Selector(
        mode,
        memory=providers.Singleton(InMemoryOrderCounts, clock),
        live=providers.Singleton(PostgresOrderCounts, live_store.provided.upkeep),
    )
    workers: providers.Provider[Workers] = providers.Selector(
        mode,
        memory=providers.Singleton(InMemoryWorkers, clock),
        live=providers.Singleton(PostgresWorkers, live_store.provided.upkeep),
    )
    queue: providers.Provider[OrderQueue] = providers.Selector(mode, memory=memory_queue, live=live_queue)
    operations: providers.Provider[QueueOperations] = providers.Selector(
        mode, memory=memory_operations, live=live_operations
    )
    feed: providers.Provider[UpdateFeed] = providers.Selector(mode, memory=memory_feed, live=live_feed)
    webhooks: providers.Provider[Webhooks | None] = providers.Selector(
        mode,
        memory=providers.Singleton(memory_webhooks, settings, memory_store, clock, ids),
        live=providers.Singleton(live_webhooks, settings, live_store, clock, ids),
    )
    webhook_resource: providers.Provider[Resource] = providers.Factory(webhook_resource, webhooks)
    token_file = providers.Singleton(made_token_file, settings, clock)
    tokens: providers.Provider[TokenRegistry | None] = providers.Singleton(made_tokens, settings, token_file)
    wallets: providers.Provider[Wallets] = providers.Singleton(made_wallets, settings)
    tracing: providers.Provider[Resource] = providers.Singleton(
        made_tracing, providers.Object(os.environ), clock, holder
    )
    signing: providers.Provider[Resource] = providers.Factory(Signing, settings, wallets.provider)
    solana = providers.Singleton(made_solana, settings, clock, tokens, wallets.provider)
    each_venue = providers.Singleton(made_venues, settings, clock, solana)
    venues = providers.Singleton(all_venues, each_venue, settings, halted_parts)
    venue_resources = providers.Singleton(opened_together, each_venue, solana)
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
        memory=providers.List(venue_resources, webhook_resource),
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
            webhook_resource,
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

    policy: providers.Provider[RoutingPolicy] = providers.Callable(made_policy, settings)
    rules: providers.Provider[TradingRules] = providers.Callable(made_rules, settings, policy)
    retries = providers.Singleton(RetryPolicy, settings.provided.retry_attempts, settings.provided.retry_base_ms)

    share_marks = providers.Singleton(ShareMarks, halts, marks, clock)
    on_time: providers.Provider[Callable[[], bool]] = providers.Selector(
        mode, memory=providers.Object(_always), live=follow_clock.provided.on_time
    )
    gate = providers.Singleton(TradingGate, halts, clock, on_time, halted_parts)
    count_orders = providers.Singleton(CountOrders, counts, clock, holder, on_time)
    record_step = providers.Singleton(RecordStep, store, feed)
    submit = providers.Singleton(
        SubmitOrder, store, queue, feed, clock, ids, gate, tokens, settings.provided.default_slippage_bps
    )
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
    query = providers.Singleton(QueryOrders, store, executions, tokens)
    query_executions = providers.Singleton(QueryExecutions, executions)
    cancel = providers.Singleton(CancelOrder, store, record_step, clock, ids, gate)
    cancel_all = providers.Singleton(CancelOrders, store, cancel, clock, audit, tokens)
    ticket_keeper: providers.Provider[Tickets] = providers.Selector(
        mode,
        memory=providers.Singleton(InMemoryTickets),
        live=providers.Singleton(PostgresTickets, live_store.provided.reads),
    )
    tickets = providers.Singleton(SocketTickets, ticket_keeper, clock, providers.Object(new_secret))
    progress = providers.Singleton(OrderProgress, store)
    watch = providers.Singleton(WatchOrder, store, progress, feed, clock)
    watch_feed = providers.Singleton(WatchFeed, feed, progress)
    stats = providers.Singleton(EngineStats, store, operations, clock, id_ranges, gate, counts, workers)
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
    query_workers = providers.Singleton(QueryWorkers, workers)
    query_queue = providers.Singleton(QueryQueue, operations)
    operate_queue = providers.Singleton(OperateQueue, operations, audit)
    key_authenticator = providers.Singleton(access.made_key_authenticator, settings, keys, clock)
    jwt_authenticator = providers.Singleton(access.made_jwt_authenticator, settings, clock)
    sign_in = providers.Singleton(
        access.made_sign_in, settings, key_authenticator, jwt_authenticator, providers.Singleton(FailedAttempts, clock)
    )
    guard = providers.Singleton(access.made_guard, sign_in, tickets, clock)
    manage_keys = providers.Singleton(
        ManageKeys, keys, providers.Callable(EngineMode, settings.provided.mode), clock, ids
    )
    follow_finality = providers.Singleton(FollowFinality, unsettled, venues, gate, clock)
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
    site = providers.Singleton(access.made_site, settings)
    execution_presenter = providers.Singleton(access.made_execution_presenter, settings)
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
            rules,
            tickets,
            operate,
            tokens,
            webhooks=providers.Callable(managed_webhooks, webhooks),
            ready=api_checks,
            authenticator=sign_in,
            guard=guard,
            limits=limits,
            presenter=execution_presenter,
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
    report_worker = providers.Singleton(
        ReportWorker, workers, worker, clock, holder, providers.Callable(version, "order-engine")
    )
