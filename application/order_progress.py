"""How far orders are, by the store: one read for all who ask while another read is under way."""

import asyncio
from collections.abc import Collection, Mapping

from attrs import define, field

from application.ports.errors import Overloaded, StoreUnavailable
from application.ports.order_store import OrderStore, Progress


@define(eq=False)
class _Read:
    order_ids: set[str] = field(factory=set)
    found: Mapping[str, Progress] | None = None
    failed: bool = False


@define(eq=False)
class OrderProgress:
    """What frames from the feed are compared with: anybody may have sent one who can write to Redis."""

    _store: OrderStore
    _next: _Read = field(factory=_Read)
    _turn: asyncio.Lock = field(factory=asyncio.Lock)

    async def __call__(self, order_ids: Collection[str]) -> Mapping[str, Progress]:
        """Say how far these orders are, and perhaps others: as of a moment after the call. Raises StoreUnavailable."""
        read = self._next
        read.order_ids.update(order_ids)
        async with self._turn:
            # Nobody has read it yet, or whoever began was cancelled.
            if read.found is None and not read.failed:
                self._next = _Read() if read is self._next else self._next
                await self._run(read)
        if read.found is None:
            raise StoreUnavailable("how far orders are cannot be read")
        return read.found

    async def _run(self, read: _Read) -> None:
        try:
            read.found = await self._store.last_seqs(read.order_ids)
        except (StoreUnavailable, Overloaded):
            read.failed = True  # for all of them: one after the other they would wait for too long
