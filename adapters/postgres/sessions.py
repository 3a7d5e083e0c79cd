"""What every session has, whatever the server, the database, the role, the environment or a pooler would give it.

Settings are given by a statement, not at the start of the session: poolers drop or refuse what they do not know there.
"""

import asyncio
import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple
from uuid import uuid4

import msgspec
from psycopg import AsyncConnection
from psycopg.errors import Diagnostic

from adapters.postgres.connection import STATEMENT_SECONDS, execute
from application.ports.errors import StoreUnfit

OLDEST_SERVER = 14
CANCEL_SECONDS = 0.5

# What else would change what our statements mean, what they promise, or when a session whose client is gone ends.
# A search path and a wish to be read-only are an operator's, and stay. Names that a server does not know are left out.
COMMON = {
    "client_encoding": "UTF8",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "standard_conforming_strings": "on",
    "array_nulls": "on",
    "transform_null_equals": "off",
    "row_security": "off",  # rows that a policy would hide are an error
    "default_transaction_isolation": "read committed",
    "default_transaction_deferrable": "off",
    "synchronous_commit": "on",
    "client_min_messages": "warning",
    "exit_on_error": "off",
    "idle_session_timeout": "0",
    "transaction_timeout": "0",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "5000",
}
# The server's own limits end a statement first where it can still speak.
# Plans are made anew for each run (0.1 to 0.5 ms): one kept from when the tables were empty would go on reading them
# whole, which Postgres 18 did. Statements here only look rows up by key, so plans that read much are switched off too;
# nested loops alone lock rows in the order in which they were given. JIT would take a switched-off plan's cost for a
# long statement.
SESSION = {
    **COMMON,
    "TimeZone": "UTC",
    "statement_timeout": "1000",
    "lock_timeout": "500",
    "idle_in_transaction_session_timeout": "2000",
    "plan_cache_mode": "force_custom_plan",
    "enable_nestloop": "on",
    "enable_indexscan": "on",
    "enable_indexonlyscan": "on",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}
# For statements that have but one plan, whatever the tables held when it was made.
KEPT_PLANS = {**SESSION, "plan_cache_mode": "force_generic_plan"}

# (settings, token, sessions left behind): facts. A standby that must have applied each commit is more than ours asks.
# `clock_timestamp` keeps the first two from being worked out once, before the others.
_SETTLE = """
SELECT
    (SELECT count(set_config(s.name, s.value, false)) FROM json_each_text(%s) AS s (name, value)
        WHERE current_setting(s.name, true) IS DISTINCT FROM s.value AND current_setting(s.name, true) IS NOT NULL
            AND NOT (s.name = 'synchronous_commit' AND current_setting(s.name) = 'remote_apply')),
    set_config('order_engine.session', %s, false),
    (SELECT count(pg_terminate_backend(a.pid)) FROM json_to_recordset(%s) AS l (pid integer, started text)
        JOIN pg_stat_activity AS a ON a.pid = l.pid AND extract(epoch FROM a.backend_start)::text = l.started
        WHERE pg_has_role(a.usesysid, 'USAGE')),
    pg_backend_pid(),
    (SELECT extract(epoch FROM backend_start)::text FROM pg_stat_activity WHERE pid = pg_backend_pid()),
    current_setting('server_encoding'),
    current_setting('server_version_num')::integer / 10000
"""
_WHO = "SELECT pg_backend_pid(), current_setting('order_engine.session', true)"


class Backend(NamedTuple):
    """A server's side of a session: its process, and when that began, which tells it from a later one."""

    pid: int
    started: str


class Session(AsyncConnection[Any]):
    """A connection that knows its server's side, and whether a commit was not waited for."""

    backend = Backend(0, "")
    # Somebody cancelled the wait for a synchronous standby: what was committed is on this server, perhaps on no other.
    committed_here_only = False
    _token = ""

    async def settle(self, settings: Mapping[str, str], left: Collection[Backend]) -> None:
        """Give the session its settings, and end those of ours that were `left` behind, all in one statement.

        Raises psycopg.Error, and StoreUnfit for a server that can never do.
        """
        self._token = uuid4().hex
        self.add_notice_handler(self._noticed)
        behind = msgspec.json.encode([backend._asdict() for backend in left]).decode()
        params = (msgspec.json.encode(settings).decode(), self._token, behind)
        [(*_, pid, started, encoding, version)] = await self._ask(_SETTLE, params)
        self.backend = Backend(pid, started)
        if version < OLDEST_SERVER:
            raise StoreUnfit(f"this is Postgres {version}, and {OLDEST_SERVER} is the oldest that will do")
        if encoding != "UTF8":
            raise StoreUnfit(
                f"the database is encoded in {encoding}, which cannot hold every text: make one with "
                "`createdb --encoding=UTF8 --template=template0 NAME` (a server: `initdb --encoding=UTF8`) and name it "
                "in ORDER_ENGINE_POSTGRES_URL"
            )

    async def cancel_safe(self, *, timeout: float = CANCEL_SECONDS) -> None:  # noqa: ASYNC109 - psycopg's own
        """Ask the server to end a statement whose caller was cancelled, but not for psycopg's 5 s: it may be away."""
        await super().cancel_safe(timeout=min(timeout, CANCEL_SECONDS))

    @property
    def is_direct(self) -> bool:
        """Whether no pooler stands between: one gives its clients process ids of its own."""
        return self.backend.pid == self.pgconn.backend_pid

    async def refuse_a_shared_server(self, other: "Session") -> None:
        """Raise StoreUnfit unless each of two sessions has a server's side for itself, as a pooler may give.

        One that hands it out by the transaction gives one session what the other just left, or, while that is in the
        middle of a transaction, another one.
        """
        sessions = (self, other)
        for _ in range(3):
            for session in sessions:
                await session.refuse_another()
        await other.set_autocommit(False)
        await other.refuse_another()
        for _ in range(3):
            await self.refuse_another()
        await other.rollback()
        await other.set_autocommit(True)

    async def refuse_another(self) -> None:
        """Raise StoreUnfit if this is not the server's side that was there at the start."""
        [(pid, token)] = await self._ask(_WHO, ())
        if (pid, token) != (self.backend.pid, self._token):
            raise StoreUnfit("the pooler before Postgres shares sessions among its clients: set `pool_mode = session`")

    async def _ask(self, query: str, params: Any) -> list[tuple[Any, ...]]:
        until = asyncio.get_running_loop().time() + STATEMENT_SECONDS
        return await execute(self.cursor(), query, params, until, prepare=False)

    def _noticed(self, notice: Diagnostic) -> None:
        if notice.source_function == "SyncRepWaitForLSN":
            self.committed_here_only = True


def settings_of(options: str) -> dict[str, str]:
    """Return the settings of libpq's `options` (`-c name=value`, `--name=value`; a backslash takes what follows)."""
    words = [re.sub(r"\\(.)", r"\1", word) for word in re.findall(r"(?:\\.|\S)+", options)]
    found = {}
    for before, word in zip(["", *words], words, strict=False):
        setting = word[2:] if word.startswith(("-c", "--")) else word if before == "-c" else ""
        name, is_one, value = setting.partition("=")
        if is_one:
            found[name.replace("-", "_")] = value
    return found
