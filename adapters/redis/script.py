"""Runs the Lua scripts."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from adapters.redis.errors import translated

_FOLDER = Path(__file__).parent / "scripts"


class Script:
    """One file of `scripts/`, run by its hash and sent again to a server that lost it, on fixed keys."""

    def __init__(self, client: Redis, name: str, *keys: str, limit: float) -> None:
        self._run = client.register_script((_FOLDER / f"{name}.lua").read_text())
        self._keys = keys
        self._limit = limit

    async def __call__(self, args: Iterable[str | float | int] = ()) -> Any:
        """Run it within `limit` seconds. Raises QueueUnavailable: whether it took effect is then unknown."""
        with translated():
            async with asyncio.timeout(self._limit):
                return await self._run(keys=self._keys, args=args)
