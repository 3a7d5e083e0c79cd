"""Statements that cannot hang."""

import asyncio
import os
import socket
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import AsyncConnection, AsyncCursor

Rows = list[tuple[Any, ...]]

CALL_SECONDS = 1.8  # all that a call may take, so that callers have their answer within 2 s

# A connection that is silent for longer is given up: time is left for another.
STATEMENT_SECONDS = 1.2


async def execute(cursor: AsyncCursor[Any], query: str, params: Any, until: float, *, prepare: bool = True) -> Rows:
    """Run one statement and return its rows; at `until` (loop time) the connection is cut, so that this never hangs.

    Cutting the socket ends the wait at once; psycopg's own way, a request to cancel, needs a server that answers.
    """
    cut = asyncio.get_running_loop().call_at(until, _cut, cursor.connection)
    try:
        await cursor.execute(query, params, prepare=prepare)
        # Not `description`, which would describe each column first.
        return [] if cursor.rownumber is None else await cursor.fetchall()
    finally:
        cut.cancel()


def _cut(connection: AsyncConnection[Any]) -> None:
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as stream:
        stream.shutdown(socket.SHUT_RDWR)
