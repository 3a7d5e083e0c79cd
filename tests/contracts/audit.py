"""What every record of administrative acts does: it keeps what it is given, and what the store and the halts do."""

from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta

import pytest
from attrs import frozen

from application.ports.audit import Audit, AuditEntry, AuditFilter, Facts, Outcome
from application.ports.errors import DataRefused, StaleOrder
from application.ports.order_store import OrderStore, Record
from application.ports.partial_halts import HaltOf, PartialHalts
from application.ports.trading_halts import TradingHalts
from domain.order import Order
from tests.builders import a_stamp, an_act, an_id, an_order

ALL = AuditFilter()


@frozen
class AuditBench:
    """A record, and the store and the halts whose acts it keeps; all empty."""

    audit: Audit
    store: OrderStore
    halts: TradingHalts
    parts: PartialHalts

    async def order(self) -> Order:
        order = an_order()
        await self.store.add(order)
        return order

    async def entries(self, query: AuditFilter = ALL) -> list[AuditEntry]:
        """Return what is kept, the oldest first."""
        page = await self.audit.records(query, None, 200)
        return [record.entry for record in reversed(page.records)]


def ending(order: Order, act: AuditEntry) -> Record:
    return Record.of(order, order.expire(a_stamp()), act=act)


class AuditContract(ABC):
    """Override `bench`."""

    @pytest.fixture
    @abstractmethod
    def bench(self) -> AuditBench: ...

    async def test_an_entry_comes_back_as_it_was(self, bench: AuditBench) -> None:
        assert await bench.entries() == []
        facts: Facts = {"text": 'Zoë "x"', "number": 3, "share": 0.5, "none": None, "yes": True, "ids": ["a", "b"]}
        entries = [
            an_act(),
            AuditEntry("key k1", "192.0.2.1", None, "keys.revoke", "k2", {}, facts, Outcome.BEGUN),
            an_act(before=facts, subject="", outcome=Outcome.UNKNOWN),
        ]
        for entry in entries:
            await bench.audit.write(entry)
        assert await bench.entries() == entries

    async def test_numbers_and_times_are_the_records_own(self, bench: AuditBench) -> None:
        for _ in range(3):
            await bench.audit.write(an_act())
        records = (await bench.audit.records(ALL, None, 10)).records
        assert [records[0].number - record.number for record in records] == [0, 1, 2]
        assert records[0].at >= records[1].at >= records[2].at
        assert all(record.at.utcoffset() == timedelta() for record in records)

    async def test_pages_are_newest_first_and_skip_nothing_that_was_there(self, bench: AuditBench) -> None:
        for number in range(5):
            await bench.audit.write(an_act(subject=str(number)))
        first = await bench.audit.records(ALL, None, 2)
        await bench.audit.write(an_act(subject="later"))
        second = await bench.audit.records(ALL, first.next_before, 2)
        third = await bench.audit.records(ALL, second.next_before, 2)
        found = [record.entry.subject for page in (first, second, third) for record in page.records]
        assert found == ["4", "3", "2", "1", "0"]
        assert third.next_before is None

    async def test_lists_can_be_filtered(self, bench: AuditBench) -> None:
        for who, what in (("ada", "queue.pause"), ("bob", "queue.pause"), ("ada", "queue.resume")):
            await bench.audit.write(an_act(who, what))
        whole = (await bench.audit.records(ALL, None, 10)).records
        assert [e.what for e in await bench.entries(AuditFilter(who="ada"))] == ["queue.pause", "queue.resume"]
        assert [e.who for e in await bench.entries(AuditFilter(what="queue.pause"))] == ["ada", "bob"]
        assert await bench.entries(AuditFilter(who="a\0da")) == []
        assert len(await bench.entries(AuditFilter(since=whole[-1].at))) == 3
        assert await bench.entries(AuditFilter(since=whole[0].at + timedelta(seconds=1))) == []
        assert await bench.entries(AuditFilter(since=datetime(9999, 1, 1, tzinfo=UTC))) == []

    async def test_what_cannot_be_kept_is_refused(self, bench: AuditBench) -> None:
        with pytest.raises(DataRefused):
            await bench.audit.write(an_act(what=""))
        assert await bench.entries() == []

    async def test_words_that_no_store_can_keep_are_kept_as_they_can_be(self, bench: AuditBench) -> None:
        await bench.audit.write(an_act("ad\0a\udcff", subject="x\0", after={"why\0": "\udcff"}))
        [entry] = await bench.entries()
        assert entry.who.startswith("ad")

    async def test_a_step_and_its_act_are_kept_together(self, bench: AuditBench) -> None:
        order, other = await bench.order(), await bench.order()
        act = an_act(what="orders.fail", subject=order.order_id)
        await bench.store.append(ending(order, act))
        await bench.store.append(Record.of(other, other.expire(a_stamp())))
        assert await bench.entries() == [act]

    async def test_a_repeated_step_is_noted_once_and_a_stale_one_never(self, bench: AuditBench) -> None:
        order = await bench.order()
        act = an_act(what="orders.fail", subject=order.order_id)
        record = ending(order, act)
        await bench.store.append(record)
        await bench.store.append(record)
        with pytest.raises(StaleOrder):
            await bench.store.append(ending(order, act))
        assert await bench.entries() == [act]

    async def test_a_step_whose_act_cannot_be_kept_is_not_taken(self, bench: AuditBench) -> None:
        order = await bench.order()
        with pytest.raises(DataRefused):
            await bench.store.append(ending(order, an_act(what="", subject=order.order_id)))
        found = await bench.store.get(order.order_id)
        assert found is not None
        assert not found.status.is_final

    async def test_halts_are_noted_when_they_change_something(self, bench: AuditBench) -> None:
        begin, again, end = (an_act(request_id=name) for name in ("begin", "again", "end"))
        await bench.halts.start("a drill", begin)
        await bench.halts.start("a drill", again)
        await bench.halts.end(end)
        await bench.halts.end(again)
        assert await bench.entries() == [begin, end]

    async def test_halts_of_users_and_venues_are_noted_when_they_change_something(self, bench: AuditBench) -> None:
        begin, again, end = (an_act(request_id=name) for name in ("begin", "again", "end"))
        await bench.parts.begin(HaltOf.VENUE, "Raydium", "it lies", begin)
        await bench.parts.begin(HaltOf.VENUE, "Raydium", "it lies", again)
        await bench.parts.end(HaltOf.VENUE, "Raydium", end)
        await bench.parts.end(HaltOf.VENUE, "Raydium", again)
        with pytest.raises(DataRefused):
            await bench.parts.begin(HaltOf.USER, "anna", "a drill", an_act(what=""))
        assert list(await bench.parts.all()) == []
        assert await bench.entries() == [begin, end]

    async def test_orders_that_are_held_and_released_are_noted(self, bench: AuditBench) -> None:
        order = await bench.order()
        hold, release = an_act(request_id="hold"), an_act(request_id="release")
        await bench.halts.hold([order.order_id], hold)
        await bench.halts.hold([order.order_id], hold)
        await bench.halts.release(order.order_id, release)
        await bench.halts.release(order.order_id, release)
        await bench.halts.hold([an_id()], hold)
        assert await bench.entries() == [hold, release]

    async def test_nothing_is_halted_ended_held_or_released_that_cannot_be_noted(self, bench: AuditBench) -> None:
        order = await bench.order()
        await bench.halts.hold([order.order_id], an_act())
        begun = await bench.halts.start("a drill", an_act())
        for call in (bench.halts.end(an_act(what="")), bench.halts.release(order.order_id, an_act(what=""))):
            with pytest.raises(DataRefused):
                await call
        assert await bench.halts.current() == begun
        held = await bench.store.get(order.order_id)
        assert held is not None
        assert held.held
