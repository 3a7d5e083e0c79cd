"""Marks are left as writes go on, and looked for at the start and when another server answers."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

import pytest
from attrs import define, field

from adapters.memory.order_store import InMemoryOrderStore
from adapters.memory.trading_halts import InMemoryTradingHalts
from adapters.memory.write_marks import InMemoryWriteMarks
from application.ports.errors import QueueUnavailable
from application.ports.write_marks import WriteMark
from application.share_marks import ShareMarks
from tests.clock import ManualClock
from tests.contracts.write_marks import a_mark


@define(eq=False)
class Halts(InMemoryTradingHalts):
    """Halts whose store has a new write for each of `new`, and keeps what it was compared with."""

    new: list[WriteMark] = field(factory=list)
    compared: list[tuple[WriteMark, ...]] = field(factory=list)

    async def mark(self, at: datetime) -> WriteMark | None:
        return self.new.pop(0) if self.new else None

    async def compare(self, marks: Sequence[WriteMark]) -> None:
        self.compared.append(tuple(marks))


@define(eq=False)
class Marks(InMemoryWriteMarks):
    away: bool = False

    async def left(self) -> Sequence[WriteMark]:
        if self.away:
            raise QueueUnavailable
        return await super().left()


async def test_it_compares_at_the_start_and_after_a_change_of_servers_and_leaves_what_is_new() -> None:
    clock = ManualClock()
    halts, marks = Halts(clock, InMemoryOrderStore(clock)), Marks()
    await marks.leave(a_mark(1))
    share = ShareMarks(halts, marks, clock)
    running = asyncio.create_task(share.run())
    await clock.advance(3)
    assert halts.compared == [(a_mark(1),)]
    halts.new.append(a_mark(2))
    await clock.advance(2)
    assert list(await marks.left()) == [a_mark(2), a_mark(1)]
    halts.settling = True
    await clock.advance(1)
    assert halts.compared[-1] == (a_mark(2), a_mark(1))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_while_redis_is_away_it_tries_again() -> None:
    clock = ManualClock()
    halts, marks = Halts(clock, InMemoryOrderStore(clock)), Marks(away=True)
    share = ShareMarks(halts, marks, clock)
    await share.compare()
    running = asyncio.create_task(share.run())
    await clock.advance(2)
    assert halts.compared == []
    marks.away = False
    await clock.advance(2)
    assert halts.compared == [()]
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
