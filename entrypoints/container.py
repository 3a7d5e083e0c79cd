"""Puts the engine together. The only file that imports adapters."""

import os
import socket

from dependency_injector import containers, providers

from adapters.dex.http import HttpDexGateway
from adapters.dex.mock import MockDexGateway
from adapters.memory.order_queue import InMemoryOrderQueue
from adapters.memory.order_store import InMemoryOrderStore
from adapters.memory.update_feed import InMemoryUpdateFeed
from adapters.postgres.migrator import Migrator
from adapters.postgres.order_store import PostgresOrderStore
from adapters.redis.clients import feed_client, queue_client
from adapters.redis.order_queue import RedisOrderQueue
from adapters.redis.update_feed import RedisUpdateFeed
from adapters.system import RandomIds, SystemClock
from application.cancel_order import CancelOrder
from application.engine_stats import EngineStats
from application.execute_order import ExecuteOrder
from application.operate_orders import OperateOrders
from application.ports.dex_gateway import DexGateway
from application.ports.order_queue import OrderQueue
from application.ports.order_store import IdRanges, OrderStore
from application.ports.system import Clock, Ids
from application.ports.update_feed import UpdateFeed
from application.query_orders import QueryOrders
from application.recover_orders import RecoverOrders
from application.retry_policy import RetryPolicy
from application.submit_order import SubmitOrder
from application.watch_feed import WatchFeed
from application.watch_order import WatchOrder
from domain.routing import POLICIES, RoutingPolicy
from entrypoints.http.app import Services, create_app, health_app
from entrypoints.http.drain import Drain
from entrypoints.http.health import NO_CHECKS, Check, Checks
from entrypoints.lifecycle import Closing, Resource, StartError
from entrypoints.mock_router import mock_router
from entrypoints.settings import Settings
from entrypoints.worker_loop import Worker


def _holder(ids: Ids) -> str:
    """Name this process so that no other has the name, and a person can find it."""
    return f"{socket.gethostname()}-{os.getpid()}-{ids.new()[:8]}"


def _policy(name: str) -> RoutingPolicy:
    return POLICIES[name]


def _kind_of_venues(settings: Settings) -> str:
    return "http" if settings.venues else "mock"


def _http_gateway(settings: Settings, clock: Clock) -> HttpDexGateway:
    return HttpDexGateway(
        dict(settings.venues),
        clock,
        expiry_seconds=settings.tx_expiry_seconds,
        timeout_seconds=settings.venue_timeout_ms / 1000,
        swap_timeout_seconds=settings.venue_swap_timeout_ms / 1000,
        connections=settings.worker_concurrency,
    )


def _live_checks(store: PostgresOrderStore, migrator: Migrator, queue: RedisOrderQueue) -> Checks:
    """Say what readiness looks after: an API takes orders without Redis, a worker needs it."""

    async def migrated() -> None:
        if pending := await migrator.pending():
            raise StartError(f"migrations are pending: {', '.join(pending)}")

    return {"postgres": Check(store.ping), "migrations": Check(migrated), "redis": Check(queue.ping, required=False)}


class Container(containers.DeclarativeContainer):
    """All objects of one process, made on first use and without I/O; `mode` is `memory` or `live`.

    `resources` are what `lifecycle.opened` opens before anything is used, in this order.
    """

    settings: providers.Provider[Settings] = providers.Dependency(instance_of=Settings)
    mode: providers.Provider[str] = providers.Dependency(instance_of=str)

    clock: providers.Provider[Clock] = providers.Singleton(SystemClock)
    ids: providers.Provider[Ids] = providers.Singleton(RandomIds)
    holder: providers.Provider[str] = providers.Singleton(_holder, ids)
    lease_seconds = settings.provided.lease_seconds

    memory_store: providers.Provider[OrderStore] = providers.Singleton(InMemoryOrderStore, clock)
    memory_queue: providers.Provider[OrderQueue] = providers.Singleton(
        InMemoryOrderQueue, clock, holder, lease_seconds=lease_seconds
    )
    memory_feed: providers.Provider[UpdateFeed] = providers.Singleton(InMemoryUpdateFeed)

    queue_client = providers.Singleton(queue_client, settings.provided.redis_url)
    feed_client = providers.Singleton(feed_client, settings.provided.redis_url)
    live_store: providers.Provider[OrderStore] = providers.Singleton(PostgresOrderStore, settings.provided.postgres_url)
    live_queue: providers.Provider[OrderQueue] = providers.Singleton(
        RedisOrderQueue, queue_client, holder, lease_seconds=lease_seconds
    )
    live_feed: providers.Provider[UpdateFeed] = providers.Singleton(RedisUpdateFeed, feed_client)

    store: providers.Provider[OrderStore] = providers.Selector(mode, memory=memory_store, live=live_store)
    id_ranges: providers.Provider[IdRanges] = providers.Selector(mode, memory=memory_store, live=live_store)
    queue: providers.Provider[OrderQueue] = providers.Selector(mode, memory=memory_queue, live=live_queue)
    feed: providers.Provider[UpdateFeed] = providers.Selector(mode, memory=memory_feed, live=live_feed)
    mock_gateway: providers.Provider[DexGateway] = providers.Singleton(
        MockDexGateway,
        providers.Singleton(mock_router, settings),
        clock,
        expiry_seconds=settings.provided.tx_expiry_seconds,
    )
    http_gateway: providers.Provider[DexGateway] = providers.Singleton(_http_gateway, settings, clock)
    gateway: providers.Provider[DexGateway] = providers.Selector(
        providers.Callable(_kind_of_venues, settings), mock=mock_gateway, http=http_gateway
    )
    resources: providers.Provider[list[Resource]] = providers.Selector(
        mode,
        memory=providers.List(gateway),
        live=providers.List(
            providers.Factory(Closing, queue_client.provided.aclose),
            providers.Factory(Closing, feed_client.provided.aclose),
            live_store,
            live_queue,
            live_feed,
            gateway,
        ),
    )

    queue_resources: providers.Provider[list[Resource]] = providers.Selector(
        mode,
        memory=providers.List(),
        live=providers.List(providers.Factory(Closing, queue_client.provided.aclose), live_queue),
    )

    policy: providers.Provider[RoutingPolicy] = providers.Callable(_policy, settings.provided.routing_policy)
    retries = providers.Singleton(RetryPolicy, settings.provided.retry_attempts, settings.provided.retry_base_ms)

    submit = providers.Singleton(SubmitOrder, store, queue, feed, clock, ids)
    execute = providers.Singleton(
        ExecuteOrder, store, feed, gateway, clock, ids, policy, retries, settings.provided.order_max_age_seconds
    )
    query = providers.Singleton(QueryOrders, store)
    cancel = providers.Singleton(CancelOrder, store, feed, clock, ids)
    watch = providers.Singleton(WatchOrder, store, feed, clock)
    watch_feed = providers.Singleton(WatchFeed, feed)
    stats = providers.Singleton(EngineStats, store, queue, clock, id_ranges)
    operate = providers.Singleton(OperateOrders, store, queue, feed, gateway, clock, ids)
    recover = providers.Singleton(RecoverOrders, store, queue, clock, settings.provided.recovery_seconds)

    migrator = providers.Singleton(Migrator, settings.provided.postgres_url)
    checks: providers.Provider[Checks] = providers.Selector(
        mode,
        memory=providers.Object(NO_CHECKS),
        live=providers.Callable(_live_checks, live_store, migrator, live_queue),
    )
    drain = providers.Singleton(Drain)
    api = providers.Singleton(
        create_app, providers.Factory(Services, submit, query, cancel, watch, watch_feed, stats, ready=checks), drain
    )
    worker_health = providers.Singleton(health_app, checks, drain=drain, stats=stats)
    worker = providers.Singleton(
        Worker,
        queue,
        execute,
        clock,
        concurrency=settings.provided.worker_concurrency,
        lease_seconds=lease_seconds,
        grace_seconds=settings.provided.grace_seconds,
    )
