"""Lua scripts: what must happen in one step on the server."""

import asyncio
from collections.abc import Iterable
from hashlib import sha1
from pathlib import Path
from typing import Any

from redis.exceptions import NoScriptError

from adapters.redis.errors import translated
from adapters.redis.own_connection import Argument, OwnConnection

_FOLDER = Path(__file__).parent / "scripts"


class Script:
    """One file of `scripts/`, run by its hash on fixed keys, and sent whole to a server that does not have it."""

    def __init__(self, connection: OwnConnection, name: str, *keys: str, limit: float) -> None:
        self._connection = connection
        self._text = (_FOLDER / f"{name}.lua").read_text()
        self._hash = sha1(self._text.encode(), usedforsecurity=False).hexdigest()
        self._keys = keys
        self._limit = limit

    async def __call__(self, args: Iterable[Argument] = ()) -> Any:
        """Run it within `limit` seconds. Raises QueueUnavailable: whether it took effect is then unknown."""
        tail = (len(self._keys), *self._keys, *args)
        with translated():
            async with asyncio.timeout(self._limit):
                try:
                    return await self._connection.run("EVALSHA", self._hash, *tail)
                except NoScriptError:
                    return await self._connection.run("EVAL", self._text, *tail)
