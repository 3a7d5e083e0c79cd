"""Lua scripts: what must happen in one step on the server."""

import asyncio
import time
from collections.abc import Callable, Iterable
from hashlib import sha1
from pathlib import Path
from typing import Any

from redis.exceptions import NoScriptError, ResponseError

from adapters.redis import keys
from adapters.redis.errors import translated
from adapters.redis.own_connection import Argument, OwnConnection
from application.ports.errors import QueueUnavailable

_FOLDER = Path(__file__).parent / "scripts"


class Script:
    """Files of `scripts/`, the last one's `name`, run by their hash on fixed keys.

    They are sent whole to a server that does not have them.
    """

    def __init__(self, connection: OwnConnection, name: str, *places: str, limit: float, after: str = "") -> None:
        self._connection = connection
        self._text = "".join((_FOLDER / f"{part}.lua").read_text() for part in (*after.split(), name))
        self._hash = sha1(self._text.encode(), usedforsecurity=False).hexdigest()
        self._keys = places
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
                except ResponseError as error:
                    if "WRONGTYPE" in str(error):
                        await self._name_foreign_keys(error)
                    raise

    async def _name_foreign_keys(self, error: Exception) -> None:
        """Raise what says which keys hold something else than the queue's, unless they are right again."""
        found = [(key, await self._connection.run("TYPE", key)) for key in self._keys if key in keys.TYPES]
        wrong = [
            f"{key} holds a {kind} instead of the queue's {keys.TYPES[key]}"
            for key, kind in found
            if kind not in {"none", keys.TYPES[key]}
        ]
        if wrong:
            remedy = "delete or rename it, and the sweep queues the open orders again"
            raise QueueUnavailable(f"the Redis key {', and '.join(wrong)}: {remedy}") from error


class LastLook:
    """When this process last had the server's clock looked at, by its own that is never set."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.monotonic = monotonic
        self.at: float | None = None


class LookingScript(Script):
    """A script that writes times, and so has a look first whether the server's clock was set (`clock.lua`).

    It is told for how long, at most, nobody has looked: -1 when this process never did.
    """

    def __init__(
        self, connection: OwnConnection, looked: LastLook, name: str, *places: str, limit: float, after: str = ""
    ) -> None:
        super().__init__(connection, name, *places, keys.CLOCK, limit=limit, after=f"{after} clock")
        self._looked = looked

    async def __call__(self, args: Iterable[Argument] = ()) -> Any:
        """Run it as any script."""
        now, before = self._looked.monotonic(), self._looked.at
        answer = await super().__call__((*args, -1 if before is None else round((now - before) * 1_000_000)))
        self._looked.at = now
        return answer
