"""How each session is set, and statements that cannot hang."""

import asyncio
import os
import socket
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import AsyncConnection, AsyncCursor

Rows = list[tuple[Any, ...]]

CALL_SECONDS = 1.8  # all that a call may take, so that callers have their answer within 2 s

# The server's own limits end a statement first where it can still speak.
# Plans are made anew for each run (0.1 to 0.5 ms): one kept from when the tables were empty would go on reading them
# whole, which Postgres 18 did. Statements here only look rows up by key, so plans that read much are switched off too;
# nested loops alone lock rows in the order in which they were given. JIT would take a switched-off plan's cost for a
# long statement.
SESSION = {
    "timezone": "UTC",
    "statement_timeout": "1000",
    "lock_timeout": "500",
    "idle_in_transaction_session_timeout": "2000",
    "plan_cache_mode": "force_custom_plan",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}
# For statements that have but one plan, whatever the tables held when it was made.
KEPT_PLANS = {**SESSION, "plan_cache_mode": "force_generic_plan"}


async def execute(cursor: AsyncCursor[Any], query: str, params: Any, until: float) -> Rows:
    """Run one statement and return its rows; at `until` (loop time) the connection is cut, so that this never hangs.

    Cutting the socket ends the wait at once; psycopg's own way, a request to cancel, needs a server that answers.
    """
    cut = asyncio.get_running_loop().call_at(until, _cut, cursor.connection)
    try:
        await cursor.execute(query, params, prepare=True)
        # Not `description`, which would describe each column first.
        return [] if cursor.rownumber is None else await cursor.fetchall()
    finally:
        cut.cancel()


def _cut(connection: AsyncConnection[Any]) -> None:
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as stream:
        stream.shutdown(socket.SHUT_RDWR)
