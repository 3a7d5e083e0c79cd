"""A connection that an adapter keeps for itself: its commands take turns on it."""

import asyncio
from typing import Any

from hiredis import pack_command
from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import MovedError, NoScriptError, ReadOnlyError, RedisError

Argument = str | float | int


class OwnConnection:
    """One connection as its client makes them, made by the first command, and made again when it broke.

    Any error that the server answers may mean "not here" or "not now": a primary that was demoted, or one that loads,
    is full or may not write. So it costs the connection, and the next command looks anew where the client's address
    leads. A node of a cluster that names another is followed. To borrow a connection for each command, and to pack its
    arguments in Python, would cost a process three times as much.
    """

    def __init__(self, client: Redis) -> None:
        self._pool = client.connection_pool
        self._turn = asyncio.Lock()
        self._node: tuple[str, int] | None = None
        self._connection: AbstractConnection | None = None
        # For commands that wait: they go where `_connection` went, and are left with it.
        self._beside: list[AbstractConnection] = []

    async def run(self, *command: Argument) -> Any:
        """Return the server's answer to a command, or raise its error. Cancelled in the middle, it disconnects."""
        async with self._turn:
            try:
                return await self._run(command)
            except ReadOnlyError:  # nothing was done, and another may be the primary already
                return await self._run(command)
            except MovedError as moved:
                await self._leave_for(moved)
                return await self._run(command)

    async def wait(self, *command: Argument) -> Any:
        """Run a command that blocks, on a connection of its own: others do not wait for their turn meanwhile."""
        known, kept = self._connection, False
        connection = self._beside.pop() if self._beside else None
        try:
            if connection is not None and not await _is_usable(connection):
                await self._release(connection)
                connection = None
            if connection is None:
                connection = await self._connect()
            answer = await _answer(connection, command)
            kept = known is self._connection
            return answer
        finally:
            if kept and connection is not None:
                self._beside.append(connection)
            elif connection is not None:
                await self._release(connection)

    async def look_again(self) -> None:
        """Have the next command find its server anew."""
        async with self._turn:
            await self.close()

    async def close(self) -> None:
        """Disconnect, and let go of the connections; the next command makes others. Idempotent."""
        self._node = None
        left, self._beside = self._beside, []
        if self._connection is not None:
            left.append(self._connection)
        self._connection = None
        for connection in left:
            await self._release(connection)

    async def _run(self, command: tuple[Argument, ...]) -> Any:
        try:
            return await _answer(await self._connected(), command)
        except (NoScriptError, MovedError):
            raise
        except (RedisError, OSError):
            await self.close()
            raise

    async def _connected(self) -> AbstractConnection:
        connection = self._connection
        if connection is None or not await _is_usable(connection):
            node = self._node
            await self.close()
            self._node = node
            self._connection = connection = await self._connect()
        return connection

    async def _connect(self) -> AbstractConnection:
        connection: AbstractConnection = self._pool.get_available_connection()  # type: ignore[no-untyped-call]
        try:
            await connection.disconnect(nowait=True)  # it may be of another time
            if self._node is not None:
                connection.host, connection.port = self._node  # type: ignore[attr-defined]
            await connection.connect()  # type: ignore[no-untyped-call]
        except BaseException:
            await self._release(connection)
            raise
        return connection

    async def _release(self, connection: AbstractConnection) -> None:
        """Let the pool have a connection, disconnected, as all that it makes."""
        home = self._pool.connection_kwargs
        if "host" in home:
            connection.host, connection.port = home["host"], home.get("port", 6379)  # type: ignore[attr-defined]
        await connection.disconnect(nowait=True)
        await self._pool.release(connection)

    async def _leave_for(self, moved: MovedError) -> None:
        """Go to the node that has our keys; one without a name is where we are, on another port."""
        host = moved.host if moved.host not in {"", "?"} else getattr(self._connection, "host", "")
        await self.close()
        self._node = (host, moved.port)


async def _is_usable(connection: AbstractConnection) -> bool:
    """Say whether it is connected, and silent: the end of the stream can be read, too."""
    return connection.is_connected and not await connection.can_read()


async def _answer(connection: AbstractConnection, command: tuple[Argument, ...]) -> Any:
    await connection.send_packed_command(pack_command(command))  # type: ignore[arg-type]  # stub: one argument
    return await connection.read_response()
