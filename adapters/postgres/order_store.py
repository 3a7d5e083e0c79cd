"""Orders and events in Postgres, in groups: one statement and one commit for many callers."""

import asyncio
from collections.abc import Collection, Mapping, Sequence

from adapters.batching import FLUSHES_APART
from adapters.postgres import adding, statements, unfinished
from adapters.postgres.acknowledged_writes import AcknowledgedWrites
from adapters.postgres.adding import Addition, add_keyed, add_plain
from adapters.postgres.appending import append_records
from adapters.postgres.connector import Connector
from adapters.postgres.getting import get_orders, get_orders_durably
from adapters.postgres.grouped_calls import GroupedCalls, Run
from adapters.postgres.listing import STRETCH, find_orders, find_unfinished
from adapters.postgres.own_connection import OwnConnection
from adapters.postgres.read_pool import ReadPool
from adapters.postgres.sessions import KEPT_PLANS, SESSION
from application import observe
from application.frames import Frame
from application.ports.errors import DataRefused, Overloaded, StoreUnavailable
from application.ports.order_store import (
    Admission,
    Backlog,
    OpenOrders,
    OrderFilter,
    OrderPage,
    Progress,
    Record,
    UnfinishedFilter,
    UnfinishedPage,
)
from domain.order import Order

Adds = GroupedCalls[Addition, Admission]

# A client waits for each, so this is short: what a flush takes under load, and twice what a small one does. See ADR 3.
ADDS_APART = 0.001
# Smaller groups would cost each order more of a commit than is won by not standing still. See ADR 3.
HALF_FROM = 32
# Those of our tables whose rows get their ids from a sequence.
NUMBERED_TABLES = ["orders", "executions", "trading_halts", "partial_halts", "audit_log", "webhook_deliveries"]


class PostgresOrderStore:
    """The order store; `open` it before use. Building and opening it connect to nothing.

    Five kinds of call go in groups, each over a connection of its own: gets, durable gets (which may have to wait for
    a standby), plain adds, adds that name a key or a client order id (for another process's), and appends. Up to
    `most` make a group; beyond `bound` waiting ones of a kind it is Overloaded. The other `reads` share `readers`
    connections. What must not wait behind them has two more: `health` one for readiness, `upkeep` one for sweep and
    statistics. Connections come back by themselves; `connector` makes them, and `writes`, which knows what was
    acknowledged last, looks at each new one.
    """

    def __init__(
        self,
        url: str,
        *,
        application_name: str = "order-engine",
        readers: int = 3,
        most: int = 200,
        bound: int = 10_000,
        stretch: int = STRETCH,
    ) -> None:
        self.writes = AcknowledgedWrites()
        self.connector = Connector(url, application_name)
        self.connector.after_connecting.append(self.writes.look)
        self.reads = ReadPool(self.connector, SESSION, readers)
        self.health = ReadPool(self.connector, SESSION, 1)
        self.upkeep = ReadPool(self.connector, SESSION, 1)
        self._stretch = stretch
        self._gets: GroupedCalls[str, Order | None] = GroupedCalls(
            OwnConnection(self.connector, KEPT_PLANS), get_orders, most=most, bound=bound, kind="get"
        )
        self._durable_gets: GroupedCalls[str, Order | None] = GroupedCalls(
            OwnConnection(self.connector, KEPT_PLANS), get_orders_durably, most=most, bound=bound, kind="durable_get"
        )

        def adds(run: Run[Addition, Admission], settings: Mapping[str, str], kind: str) -> Adds:
            return GroupedCalls(
                OwnConnection(self.connector, settings),
                run,
                most=most,
                bound=bound,
                apart=ADDS_APART,
                half_from=HALF_FROM,
                kind=kind,
                done=self._added,
            )

        self._plain_adds = adds(add_plain, KEPT_PLANS, "add")
        self._keyed_adds = adds(add_keyed, SESSION, "keyed_add")
        self._appends: GroupedCalls[Record, None] = GroupedCalls(
            OwnConnection(self.connector, KEPT_PLANS),
            append_records,
            most=most,
            bound=bound,
            key=lambda record: record.before.order_id,
            apart=FLUSHES_APART,
            kind="append",
            done=self._appended,
        )
        self._grouped = (self._gets, self._durable_gets, self._plain_adds, self._keyed_adds, self._appends)

    async def open(self) -> None:
        """Start taking calls, in the event loop that makes them."""
        for calls in self._grouped:
            calls.open()

    async def close(self) -> None:
        """Finish the calls that wait, then disconnect. Idempotent."""
        async with asyncio.TaskGroup() as group:
            for part in (*self._grouped, self.reads, self.health, self.upkeep):
                group.create_task(part.close())
        await self.connector.close()

    async def connect(self) -> None:
        """Connect, for as long as it takes to ask all hosts, which is longer than a call may wait.

        Raises StoreUnavailable, and StoreUnfit for a server that can never do.
        """
        await self.health.connect()
        if await self.health.run("SELECT 1 FROM pg_roles WHERE rolname = current_user AND rolsuper", ()):
            observe.store_role_is_superuser()

    async def ping(self) -> None:
        """Return if the server answers. Raises StoreUnavailable."""
        await self.health.run("SELECT 1", ())

    async def add(self, order: Order, idempotency_key: str | None = None) -> Admission:
        addition = Addition(order, idempotency_key)
        return await (self._plain_adds if addition.is_plain else self._keyed_adds).submit(addition)

    async def standing(self, user_id: str, client_order_id: str | None, idempotency_key: str | None) -> Order | None:
        return await adding.standing(self.reads, user_id, client_order_id, idempotency_key)

    async def append(self, record: Record) -> None:
        await self._appends.submit(record)

    async def get(self, order_id: str, *, durable: bool = False) -> Order | None:
        try:
            return await (self._durable_gets if durable else self._gets).submit(order_id)
        except DataRefused:  # no order can have such an id
            return None
        except Overloaded as error:
            raise StoreUnavailable("too many reads are waiting") from error

    async def find(self, query: OrderFilter, cursor: str | None, limit: int) -> OrderPage:
        return await find_orders(self.reads, query, cursor, limit, self._stretch)

    async def events(self, order_id: str, after_seq: int) -> Sequence[Frame]:
        rows = await self.reads.run(statements.EVENTS, (order_id, after_seq))
        return [Frame(order_id, user_id, seq, final, frame) for user_id, seq, final, frame in rows]

    async def last_seqs(self, order_ids: Collection[str]) -> Mapping[str, Progress]:
        rows = await self.reads.run(statements.LAST_SEQS, (list(order_ids),))
        return {
            order_id: Progress(
                seq, final, user_id, None if frame is None else Frame(order_id, user_id, seq, final, frame)
            )
            for order_id, user_id, seq, final, frame in rows
        }

    async def open_orders(self, after: str | None, limit: int, idle_seconds: float) -> OpenOrders:
        return await unfinished.open_orders(self.upkeep, after, limit, idle_seconds)

    async def unfinished(self, wanted: UnfinishedFilter, after: str | None, limit: int) -> UnfinishedPage:
        return await find_unfinished(self.reads, wanted, after, limit)

    async def backlog(self) -> Backlog:
        return await unfinished.backlog(self.upkeep)

    async def id_ranges_used(self) -> Mapping[str, float]:
        return dict(await self.upkeep.run(statements.ID_RANGES_USED, (NUMBERED_TABLES,)))

    def _added(self, addition: Addition, admission: Admission) -> None:
        self.writes.note("plain add" if addition.is_plain else "keyed add", lambda: (admission.order_id, 0))

    def _appended(self, record: Record, _: None) -> None:
        self.writes.note("append", lambda: (record.after.order_id, record.after.version))
