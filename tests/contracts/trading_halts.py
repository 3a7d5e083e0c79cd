"""What every keeper of halts does: one at a time, for all processes, and orders that are held."""

from abc import ABC, abstractmethod

import pytest
from attrs import frozen

from application.ports.order_store import OrderStore, Record
from application.ports.trading_halts import TradingHalts
from domain.order import Order
from tests.builders import a_stamp, an_act, an_order


@frozen
class HaltsBench:
    """Halts, as two processes see them, and the store whose orders they hold."""

    halts: TradingHalts
    others: TradingHalts
    store: OrderStore

    async def order(self) -> Order:
        order = an_order()
        await self.store.add(order)
        return order

    async def held(self, order: Order) -> bool:
        found = await self.store.get(order.order_id)
        assert found is not None
        return found.held


class TradingHaltsContract(ABC):
    """Override `bench`: it has no halt yet."""

    @pytest.fixture
    @abstractmethod
    def bench(self) -> HaltsBench: ...

    async def test_at_first_there_is_none(self, bench: HaltsBench) -> None:
        assert await bench.halts.current() is None
        assert (bench.halts.found, bench.halts.settling) == (None, False)
        assert await bench.halts.end(an_act("nobody")) is None

    async def test_a_halt_holds_for_all_until_it_is_ended(self, bench: HaltsBench) -> None:
        begun = await bench.halts.start("a venue went mad", an_act("ada@desk"))
        assert (begun.why, begun.by, begun.lost_writes) == ("a venue went mad", "ada@desk", False)
        assert begun.since.utcoffset() is not None
        assert await bench.others.current() == begun
        assert await bench.others.end(an_act("bob@desk")) == begun
        assert await bench.halts.current() is None
        assert await bench.halts.end(an_act("bob@desk")) is None

    async def test_a_second_start_changes_nothing(self, bench: HaltsBench) -> None:
        begun = await bench.halts.start("first", an_act("ada"))
        assert await bench.others.start("second", an_act("bob")) == begun
        learnt = await bench.others.start("third", an_act("bob"), lost_writes=True)
        assert (learnt.why, learnt.by, learnt.lost_writes) == ("first", "ada", True)
        assert await bench.halts.start("fourth", an_act("bob")) == learnt

    async def test_after_its_end_another_may_begin(self, bench: HaltsBench) -> None:
        await bench.halts.start("first", an_act("ada"))
        await bench.halts.end(an_act("ada"))
        assert (await bench.halts.start("second", an_act("bob"))).why == "second"

    async def test_words_that_no_store_can_keep_stop_no_halt_and_no_end(self, bench: HaltsBench) -> None:
        begun = await bench.halts.start("a venue went mad \udcff", an_act("ad\0a\udcff"))
        assert begun.why.startswith("a venue went mad ")
        assert await bench.others.end(an_act("ad\0a\udcff")) == begun
        assert await bench.halts.current() is None

    async def test_orders_are_held_and_released(self, bench: HaltsBench) -> None:
        first, second, other = [await bench.order() for _ in range(3)]
        ids = [first.order_id, second.order_id]
        assert (await bench.halts.hold(ids, an_act()), await bench.halts.hold(ids, an_act())) == (2, 0)
        assert [await bench.held(order) for order in (first, second, other)] == [True, True, False]
        assert (
            await bench.halts.release(first.order_id, an_act()),
            await bench.halts.release(first.order_id, an_act()),
        ) == (True, False)
        assert [await bench.held(order) for order in (first, second)] == [False, True]

    async def test_a_final_order_and_an_unknown_one_are_not_held(self, bench: HaltsBench) -> None:
        order = await bench.order()
        await bench.store.append(Record.of(order, order.expire(a_stamp())))
        assert await bench.halts.hold([order.order_id, an_order().order_id], an_act()) == 0
        assert not await bench.held(order)
        assert await bench.halts.hold([], an_act()) == 0
