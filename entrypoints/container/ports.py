"""Which adapter stands for each port, in memory and on servers."""

import os
import socket
from functools import partial

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
from adapters.postgres.order_counts import PostgresOrderCounts
from adapters.postgres.order_store import PostgresOrderStore
from adapters.postgres.partial_halts import PostgresPartialHalts
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
from application.ports.system import CorrectedClock, Ids, StoreClock
from application.ports.tickets import Tickets
from application.ports.trading_halts import TradingHalts
from application.ports.update_feed import UpdateFeed
from application.ports.workers import Workers
from application.ports.write_marks import WriteMarks
from entrypoints.settings import Settings
from entrypoints.starting import Connected, Look, Looked
from entrypoints.system import RandomIds, SystemClock


def _holder(ids: Ids) -> str:
    """Name this process so that no other has the name, and a person can find it."""
    return f"{socket.gethostname()}-{os.getpid()}-{ids.new()[:8]}"


class Ports(containers.DeclarativeContainer):
    """The ports of one process, each by its adapter of the `mode`: `memory` or `live`."""

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
    marks: providers.Provider[WriteMarks] = providers.Selector(
        mode, memory=providers.Singleton(InMemoryWriteMarks), live=live_marks
    )
    audit: providers.Provider[Audit] = providers.Selector(mode, memory=memory_audit, live=live_audit)
    reports: providers.Provider[LimitReports] = providers.Selector(
        mode, memory=providers.Singleton(InMemoryLimitReports), live=live_reports
    )
    halts: providers.Provider[TradingHalts] = providers.Selector(mode, memory=memory_halts, live=live_halts)
    partial_halts: providers.Provider[PartialHalts] = providers.Selector(
        mode, memory=memory_partial_halts, live=live_partial_halts
    )
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

    postgres_fault: providers.Provider[Look] = providers.Factory(
        partial, postgres_fault, settings.provided.postgres_url
    )
    redis_fault: providers.Provider[Look] = providers.Factory(partial, redis_fault, settings.provided.redis_url)
    live_connected = providers.Factory(Connected, live_store, postgres_fault)
    live_looked = providers.Factory(Looked, redis_fault)
    ticket_keeper: providers.Provider[Tickets] = providers.Selector(
        mode,
        memory=providers.Singleton(InMemoryTickets),
        live=providers.Singleton(PostgresTickets, live_store.provided.reads),
    )
