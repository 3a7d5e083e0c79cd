"""What every keeper of unsettled swaps must do. A test class derives from this and gives its `bench`."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from attrs import frozen

from application.ports.executions import ExecutionFilter, Executions
from application.ports.finality import Settlement, Unsettled, UnsettledSwaps
from application.ports.order_store import OrderStore, Record
from domain.transaction import Fill, Finality
from tests.builders import QUOTES, START, a_chain_fill, a_fill, a_stamp, a_transaction, an_order
from tests.contracts.order_store_harness import clean_run

PAYLOAD = bytes(range(256))
FINAL = Settlement(Finality.FINALIZED, a_chain_fill())
UNDONE = Settlement(Finality.UNDONE)


@frozen
class UnsettledSwapsBench:
    """A keeper, as two processes see it, the store whose swaps it has, and their list.

    `age` lets so many seconds pass since the last sweep; `payloads` says of how many orders bytes are kept.
    """

    swaps: UnsettledSwaps
    others: UnsettledSwaps
    store: OrderStore
    executions: Executions
    age: Callable[[float], Awaitable[None]]
    payloads: Callable[[], Awaitable[int]]

    async def landed(self, fill: Fill | None = None, after: float = 5) -> Unsettled:
        """Have a swap of a new order land on its chain; return it as it is kept."""
        fill, order = fill or a_chain_fill(), an_order()
        await self.store.add(order)
        steps = clean_run(order)[:3]
        before = steps[-1][0]
        sent = a_transaction(before, payload=PAYLOAD, limit_price=Decimal("146.1"), fee=Decimal(0))
        submitted, event = before.submit(a_stamp(4), sent)
        await self.store.append(Record.of(order, *steps, (submitted, event)))
        await self.store.append(Record.of(submitted, submitted.confirm(a_stamp(after), fill)))
        return Unsettled(sent, fill, START + timedelta(seconds=after))

    async def all(self, limit: int = 2) -> list[Unsettled]:
        """Return the swaps of all pages of a sweep that is due."""
        await self.age(100)
        found, after = list[Unsettled](), None
        while True:
            page = await self.swaps.unsettled(after, limit, 60)
            found += page.swaps
            after = page.next_after
            if after is None:
                return found

    async def kept(self, swap: Unsettled) -> tuple[Finality | None, Fill]:
        """Return what the list says of a swap."""
        execution = await self.executions.on_chain(swap.transaction.order_id)
        assert execution
        assert execution in (await self.executions.page(ExecutionFilter(), None, 200)).executions
        return execution.finality, execution.fill


class UnsettledSwapsContract(ABC):
    @pytest.fixture
    @abstractmethod
    def bench(self) -> UnsettledSwapsBench: ...

    async def test_a_swap_on_a_chain_is_unsettled_until_it_is_settled(self, bench: UnsettledSwapsBench) -> None:
        swap = await bench.landed()
        assert await bench.all() == [swap]
        assert await bench.kept(swap) == (Finality.CONFIRMED, swap.fill)
        assert await bench.payloads() == 1
        assert await bench.swaps.settle(swap.transaction.order_id, FINAL)
        assert await bench.all() == []
        assert await bench.kept(swap) == (Finality.FINALIZED, swap.fill)
        assert await bench.payloads() == 0

    async def test_one_that_is_undone_keeps_what_was_confirmed(self, bench: UnsettledSwapsBench) -> None:
        swap = await bench.landed()
        assert await bench.swaps.settle(swap.transaction.order_id, UNDONE)
        assert await bench.all() == []
        assert await bench.kept(swap) == (Finality.UNDONE, swap.fill)
        assert await bench.payloads() == 0

    async def test_a_fill_that_landed_again_with_other_amounts_replaces_the_first(
        self, bench: UnsettledSwapsBench
    ) -> None:
        swap = await bench.landed()
        again = a_chain_fill("1469.999999", slot=250_000_009)
        assert await bench.swaps.settle(swap.transaction.order_id, Settlement(Finality.FINALIZED, again))
        assert await bench.kept(swap) == (Finality.FINALIZED, again)
        assert str((await bench.kept(swap))[1]) == str(again)

    async def test_it_is_settled_once(self, bench: UnsettledSwapsBench) -> None:
        swap = await bench.landed()
        ends = [FINAL, UNDONE] * 5
        keepers = [bench.swaps, bench.others] * 5
        order_id = swap.transaction.order_id
        settled = await asyncio.gather(*(one.settle(order_id, end) for one, end in zip(keepers, ends, strict=True)))
        assert settled.count(True) == 1
        assert (await bench.kept(swap))[0] is ends[settled.index(True)].finality
        assert not await bench.swaps.settle("unknown", FINAL)

    async def test_a_swap_at_a_venue_on_no_chain_has_no_finality(self, bench: UnsettledSwapsBench) -> None:
        swap = await bench.landed(a_fill(QUOTES[1].price))
        assert await bench.all() == []
        assert await bench.payloads() == 0
        assert await bench.executions.on_chain(swap.transaction.order_id) is None
        assert not await bench.swaps.settle(swap.transaction.order_id, UNDONE)
        [execution] = (await bench.executions.page(ExecutionFilter(), None, 10)).executions
        assert (execution.chain, execution.finality, execution.fill) == (None, None, swap.fill)

    async def test_the_oldest_come_first_page_by_page(self, bench: UnsettledSwapsBench) -> None:
        swaps = [await bench.landed(after=n) for n in range(5)]
        for limit in (1, 2, 5, 6):
            assert await bench.all(limit) == swaps

    async def test_those_that_are_settled_on_the_way_move_no_other(self, bench: UnsettledSwapsBench) -> None:
        swaps = [await bench.landed(after=n) for n in range(4)]
        first = await bench.swaps.unsettled(None, 2, 60)
        for swap in first.swaps:
            await bench.swaps.settle(swap.transaction.order_id, FINAL)
        second = await bench.swaps.unsettled(first.next_after, 2, 60)
        assert [*first.swaps, *second.swaps] == swaps

    async def test_of_all_who_ask_one_has_the_turn(self, bench: UnsettledSwapsBench) -> None:
        swap = await bench.landed()
        for _ in range(3):
            await bench.age(60)
            asked = (each.unsettled(None, 10, 60) for each in [bench.swaps, bench.others] * 5)
            pages = await asyncio.gather(*asked)
            assert sorted(len(page.swaps) for page in pages) == [0] * 9 + [1]
            assert {page.next_after for page in pages} == {None}
        await bench.age(-1_000)  # the store's clock was put back
        assert (await bench.others.unsettled(None, 10, 60)).swaps == (swap,)

    async def test_prices_beyond_the_digits_of_an_orders_are_kept_as_amounts(self, bench: UnsettledSwapsBench) -> None:
        for amount, kept in (
            ("0.000000001", "0.00000001"),
            ("123456789012345678901234567890.123456789", "9999999999.99999999"),
        ):
            swap = await bench.landed(a_chain_fill(amount))
            assert (await bench.kept(swap))[1].amount_out == Decimal(amount)
            order = await bench.store.get(swap.transaction.order_id)
            assert order
            assert order.execution_price == Decimal(kept)
