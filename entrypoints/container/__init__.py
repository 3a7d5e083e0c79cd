"""Puts the engine together. Nothing else imports adapters."""

import os
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from operator import eq

from dependency_injector import providers

from adapters.postgres.migrator import Migrator
from adapters.postgres.roles import roles_sql
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
from application.ports.signer import Wallets
from application.ports.token_registry import TokenRegistry
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
from entrypoints.container.ports import Ports
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
from entrypoints.system import new_secret
from entrypoints.web.app import Services, create_app, operations_app
from entrypoints.web.drain import Drain
from entrypoints.web.http.health import NO_CHECKS, Checks


def _always() -> bool:
    """Say that a process is on time whose store has no other clock."""
    return True


class Container(Ports):
    """All objects of one process, made on first use and without I/O; `mode` is `memory` or `live`.

    `resources` are what `lifecycle.opened` opens before anything is used, in this order.
    """

    follow_clock = providers.Singleton(FollowStoreClock, Ports.store_clock, Ports.clock)
    limits = providers.Singleton(access.made_limits, Ports.settings)
    share_limits = providers.Singleton(
        access.made_share_limits, limits, Ports.reports, Ports.clock, Ports.holder, Ports.settings
    )
    halted_parts = providers.Singleton(HaltedParts, Ports.partial_halts, Ports.holder)
    webhooks: providers.Provider[Webhooks | None] = providers.Selector(
        Ports.mode,
        memory=providers.Singleton(memory_webhooks, Ports.settings, Ports.memory_store, Ports.clock, Ports.ids),
        live=providers.Singleton(live_webhooks, Ports.settings, Ports.live_store, Ports.clock, Ports.ids),
    )
    webhook_resource: providers.Provider[Resource] = providers.Factory(webhook_resource, webhooks)
    token_file = providers.Singleton(made_token_file, Ports.settings, Ports.clock)
    tokens: providers.Provider[TokenRegistry | None] = providers.Singleton(made_tokens, Ports.settings, token_file)
    wallets: providers.Provider[Wallets] = providers.Singleton(made_wallets, Ports.settings)
    tracing: providers.Provider[Resource] = providers.Singleton(
        made_tracing, providers.Object(os.environ), Ports.clock, Ports.holder
    )
    signing: providers.Provider[Resource] = providers.Factory(Signing, Ports.settings, wallets.provider)
    solana = providers.Singleton(made_solana, Ports.settings, Ports.clock, tokens, wallets.provider)
    each_venue = providers.Singleton(made_venues, Ports.settings, Ports.clock, solana)
    venues = providers.Singleton(all_venues, each_venue, Ports.settings, halted_parts)
    venue_resources = providers.Singleton(opened_together, each_venue, solana)

    store_resources: providers.Provider[list[Resource]] = providers.Selector(
        Ports.mode,
        memory=providers.List(),
        live=providers.List(Ports.live_store, Ports.live_connected, Ports.live_looked),
    )
    resources: providers.Provider[list[Resource]] = providers.Selector(
        Ports.mode,
        memory=providers.List(venue_resources, webhook_resource),
        live=providers.List(
            providers.Factory(Closing, Ports.queue_client.provided.aclose),
            providers.Factory(Closing, Ports.feed_client.provided.aclose),
            Ports.live_store,
            Ports.live_connected,
            Ports.live_looked,
            Ports.live_keys,
            Ports.live_queue,
            providers.Factory(Closing, Ports.live_operations.provided.close),
            providers.Factory(Closing, Ports.live_marks.provided.close),
            providers.Factory(Closing, Ports.live_reports.provided.close),
            Ports.live_feed,
            venue_resources,
            webhook_resource,
        ),
    )
    halt_resources: providers.Provider[list[Resource]] = providers.Selector(
        Ports.mode, memory=providers.List(), live=providers.List(Ports.live_store, Ports.live_keys)
    )
    queue_resources: providers.Provider[list[Resource]] = providers.Selector(
        Ports.mode,
        memory=providers.List(),
        live=providers.List(
            Ports.live_looked,
            providers.Factory(Closing, Ports.queue_client.provided.aclose),
            providers.Factory(Closing, Ports.live_operations.provided.close),
        ),
    )

    policy: providers.Provider[RoutingPolicy] = providers.Callable(made_policy, Ports.settings)
    rules: providers.Provider[TradingRules] = providers.Callable(made_rules, Ports.settings, policy)
    retries = providers.Singleton(
        RetryPolicy, Ports.settings.provided.retry_attempts, Ports.settings.provided.retry_base_ms
    )

    share_marks = providers.Singleton(ShareMarks, Ports.halts, Ports.marks, Ports.clock)
    on_time: providers.Provider[Callable[[], bool]] = providers.Selector(
        Ports.mode, memory=providers.Object(_always), live=follow_clock.provided.on_time
    )
    gate = providers.Singleton(TradingGate, Ports.halts, Ports.clock, on_time, halted_parts)
    count_orders = providers.Singleton(CountOrders, Ports.counts, Ports.clock, Ports.holder, on_time)
    record_step = providers.Singleton(RecordStep, Ports.store, Ports.feed)
    submit = providers.Singleton(
        SubmitOrder,
        Ports.store,
        Ports.queue,
        Ports.feed,
        Ports.clock,
        Ports.ids,
        gate,
        tokens,
        Ports.settings.provided.default_slippage_bps,
    )

    fitness = providers.Singleton(Fitness, Ports.store, venues, Ports.clock, Ports.settings.provided.worker_concurrency)
    execute = providers.Singleton(
        ExecuteOrder,
        Ports.store,
        record_step,
        venues,
        Ports.clock,
        Ports.ids,
        policy,
        gate,
        retries,
        Ports.settings.provided.order_max_age_seconds,
        Ports.settings.provided.venue_wait_seconds,
        fitness,
    )

    query = providers.Singleton(QueryOrders, Ports.store, Ports.executions, tokens)
    query_executions = providers.Singleton(QueryExecutions, Ports.executions)
    cancel = providers.Singleton(CancelOrder, Ports.store, record_step, Ports.clock, Ports.ids, gate)
    cancel_all = providers.Singleton(CancelOrders, Ports.store, cancel, Ports.clock, Ports.audit, tokens)
    tickets = providers.Singleton(SocketTickets, Ports.ticket_keeper, Ports.clock, providers.Object(new_secret))
    progress = providers.Singleton(OrderProgress, Ports.store)

    watch = providers.Singleton(WatchOrder, Ports.store, progress, Ports.feed, Ports.clock)
    watch_feed = providers.Singleton(WatchFeed, Ports.feed, progress)
    stats = providers.Singleton(
        EngineStats,
        Ports.store,
        Ports.operations,
        Ports.clock,
        Ports.id_ranges,
        gate,
        Ports.counts,
        Ports.workers,
    )

    query_audit = providers.Singleton(QueryAudit, Ports.audit)
    operate = providers.Singleton(
        OperateOrders,
        Ports.store,
        Ports.queue,
        Ports.operations,
        record_step,
        venues,
        Ports.clock,
        Ports.ids,
        Ports.audit,
    )
    operate_trading = providers.Singleton(OperateTrading, Ports.store, Ports.halts)
    halt_parts = providers.Singleton(HaltParts, Ports.partial_halts, venues)
    reconcile = providers.Singleton(Reconcile, Ports.store, Ports.executions, venues, Ports.audit)
    resume_trading = providers.Singleton(
        ResumeTrading,
        Ports.halts,
        reconcile,
        providers.Singleton(SettleOpenOrders, Ports.store, Ports.halts, record_step, retries, Ports.clock, Ports.ids),
        Ports.clock,
        Ports.settings.provided.tx_expiry_seconds,
    )
    query_workers = providers.Singleton(QueryWorkers, Ports.workers)
    query_queue = providers.Singleton(QueryQueue, Ports.operations)
    operate_queue = providers.Singleton(OperateQueue, Ports.operations, Ports.audit)

    key_authenticator = providers.Singleton(access.made_key_authenticator, Ports.settings, Ports.keys, Ports.clock)
    jwt_authenticator = providers.Singleton(access.made_jwt_authenticator, Ports.settings, Ports.clock)
    sign_in = providers.Singleton(
        access.made_sign_in,
        Ports.settings,
        key_authenticator,
        jwt_authenticator,
        providers.Singleton(FailedAttempts, Ports.clock),
    )
    guard = providers.Singleton(access.made_guard, sign_in, tickets, Ports.clock)
    manage_keys = providers.Singleton(
        ManageKeys,
        Ports.keys,
        providers.Callable(EngineMode, Ports.settings.provided.mode),
        Ports.clock,
        Ports.ids,
    )
    follow_finality = providers.Singleton(FollowFinality, Ports.unsettled, venues, gate, Ports.clock)
    recover = providers.Singleton(
        RecoverOrders, Ports.store, Ports.queue, Ports.clock, Ports.settings.provided.recovery_seconds
    )

    roles_sql: providers.Provider[str] = providers.Callable(roles_sql)
    migrator = providers.Singleton(Migrator, Ports.settings.provided.postgres_url, by=providers.Factory(operator))
    checks: providers.Provider[Checks] = providers.Selector(
        Ports.mode,
        memory=providers.Object(NO_CHECKS),
        live=providers.Callable(
            live_checks,
            Ports.live_store.provided.ping,
            migrator.provided.pending,
            Ports.live_queue.provided.ping,
            gate,
        ),
    )
    api_checks: providers.Provider[Checks] = providers.Selector(
        Ports.mode,
        memory=providers.Object(NO_CHECKS),
        live=providers.Callable(
            live_checks,
            Ports.live_store.provided.ping,
            migrator.provided.pending,
            providers.Factory(partial, Ports.live_queue.provided.ping, takes=False),
            gate,
        ),
    )

    certificate: providers.Provider[Certificate | None] = providers.Singleton(
        certificate_of, Ports.settings.provided.tls_cert_file, Ports.settings.provided.tls_key_file
    )
    drain = providers.Singleton(Drain)
    site = providers.Singleton(access.made_site, Ports.settings)
    execution_presenter = providers.Singleton(access.made_execution_presenter, Ports.settings)
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
        docs=providers.Callable(eq, Ports.settings.provided.docs, "on"),
    )
    api_operations = providers.Singleton(operations_app, api_checks, stats, drain=drain)
    worker_operations = providers.Singleton(operations_app, checks, stats, drain=drain, all_required=True)

    worker = providers.Singleton(
        Worker,
        Ports.queue,
        execute,
        fitness,
        Ports.clock,
        gate,
        concurrency=Ports.settings.provided.worker_concurrency,
        lease_seconds=Ports.lease_seconds,
        grace_seconds=Ports.settings.provided.grace_seconds,
    )
    report_worker = providers.Singleton(
        ReportWorker,
        Ports.workers,
        worker,
        Ports.clock,
        Ports.holder,
        providers.Callable(version, "order-engine"),
    )
