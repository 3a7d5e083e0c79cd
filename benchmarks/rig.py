"""The rig: private servers with full durability, engine processes on them, and what each of these parts uses."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, LiteralString, Self

import psycopg
from psycopg import AsyncConnection

from adapters.postgres.migrator import Migrator
from adapters.redis.clients import queue_client
from benchmarks.process import EngineProcess
from benchmarks.usage import LOAD, Meter, Parts
from entrypoints.dev.servers import LocalPostgres, LocalRedis
from entrypoints.dev.servers.folder import is_free
from tests.processes import COMMAND, PREFIX
from tests.servers import reachable_folder

_CONNECTIONS = {"max_connections": "200"}
# As much as there is between two checkpoints at most (`max_wal_size` of the engine's own servers).
_LOG_MEGABYTES = 4_300
# Below the range that systems give to outgoing connections.
_PORTS = range(15_000, 32_000)
_PORT_OF = {"worker": "WORKER_HTTP_PORT", "solana-simulator": "SOLANA_SIMULATOR_PORT"}


class Rig:
    """A Postgres and a Redis in a temporary folder, and the processes of one engine on them. An async context manager.

    Durability is the servers' default: each commit is on disk. `postgres_options` are settings as in postgresql.conf.
    Parts, for `meter`: `postgres`, `redis`, `api`, `worker` (all processes of the kind together), and `load`, which is
    this process and all that it started besides.
    """

    def __init__(self, postgres_options: Mapping[str, str] | None = None) -> None:
        self._postgres_options = {**_CONNECTIONS, **(postgres_options or {})}
        self._stack = AsyncExitStack()
        self._processes: list[EngineProcess] = []

    async def __aenter__(self) -> Self:
        async with self._stack:
            self.folder: Path = self._stack.enter_context(reachable_folder())
            self.postgres = LocalPostgres(self.folder / "postgres", options=self._postgres_options)
            self.redis_server = LocalRedis(self.folder / "redis")
            for server in (self.postgres, self.redis_server):
                self._stack.push_async_callback(asyncio.to_thread, server.stop)
                await asyncio.to_thread(server.start)
            self.redis = await self._stack.enter_async_context(queue_client(self.redis_url))
            self._connection: AsyncConnection[Any] = await psycopg.AsyncConnection.connect(
                self.postgres_url, autocommit=True, options="-c timezone=UTC"
            )
            self._stack.push_async_callback(self._connection.close)
            self._stack = self._stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def postgres_url(self) -> str:
        """The URL of the rig's Postgres."""
        return self.postgres.url

    @property
    def redis_url(self) -> str:
        """The URL of the rig's Redis."""
        return self.redis_server.url

    async def make_ready(self) -> None:
        """Make the engine's tables, and the files of Postgres' log that a server has which has been in use.

        It makes each once (16 MB, 15 to 60 ms, while a commit waits) and uses it again after a checkpoint. A benchmark
        on a new server would measure that too, in its first minutes.
        """
        await Migrator(self.postgres_url).apply()
        async with self.few_checkpoints():
            await self.sql(
                "SELECT count(pg_logical_emit_message(false, '', repeat(' ', 1000000))) FROM generate_series(1, %s)",
                (_LOG_MEGABYTES,),
            )

    async def reset(self) -> None:
        """Empty the engine's tables and Redis; idle processes may go on. Ends with a checkpoint."""
        await self.sql(
            "TRUNCATE orders, order_events, idempotency_keys, executions, transaction_payloads RESTART IDENTITY"
        )
        await self.redis.flushall()
        await self.sql("CHECKPOINT")

    @asynccontextmanager
    async def few_checkpoints(self) -> AsyncIterator[None]:
        """Let Postgres write 4 GiB of its log before a checkpoint is due, during the block. Ends with one."""
        await self.sql("ALTER SYSTEM SET max_wal_size = '8GB'")
        await self.sql("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            await self.sql("ALTER SYSTEM RESET max_wal_size")
            await self.sql("SELECT pg_reload_conf()")
        await self.sql("CHECKPOINT")

    async def sql(self, query: LiteralString, params: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Run one statement, committed at once, and return its rows; times are in UTC."""
        cursor = await self._connection.execute(query, params)
        return await cursor.fetchall() if cursor.description else []

    @asynccontextmanager
    async def process(
        self,
        part: str,
        *,
        name: str = "",
        arguments: Sequence[str] = (),
        module: str | None = None,
        **settings: str | float,
    ) -> AsyncIterator[EngineProcess]:
        """Run `order-engine <part> <arguments>` during the block, which starts when the process is ready.

        `settings` are variables without their prefix. A `module` is run instead of the engine's command (a variant of
        it: see benchmarks/variants). `name` tells processes of one part from each other.
        Raises BrokenProcess when it does not get ready, or ended before the block.
        """
        name = name or part
        port = next(port for _ in range(1000) if is_free(port := secrets.choice(_PORTS)))
        command = (self._interpreter(), "-m", module) if module else (COMMAND, part)
        variables = {
            "POSTGRES_URL": f"{self.postgres_url}?application_name={name}",
            "REDIS_URL": self.redis_url,
            _PORT_OF.get(part, "PORT"): port,
            "OPERATIONS_PORT": 0,
            "LINGER_SECONDS": 0,
            "GRACE_SECONDS": 1,
            **settings,
        }
        environment = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
        environment |= {PREFIX + key: str(value) for key, value in variables.items()}
        url = f"http://127.0.0.1:{port}"
        process = EngineProcess(name, part, url, self.folder / f"{name}.log", (*command, *arguments), environment)
        async with process.running():
            self._processes.append(process)
            try:
                yield process
            finally:
                self._processes.remove(process)

    def meter(self) -> Meter:
        """Return a context manager that tells what each part used during its block; no process may end in it."""
        return Meter(self._parts)

    def _parts(self) -> Parts:
        parts: dict[str, list[int]] = {LOAD: [os.getpid()]}
        for name, server in (("postgres", self.postgres), ("redis", self.redis_server)):
            parts[name] = [server.pid] if server.pid else []
        for process in self._processes:
            parts.setdefault(process.part, []).append(process.pid)
        return parts

    @staticmethod
    def _interpreter() -> str:
        return str(Path(COMMAND).with_name("python"))
