"""The contract of the order store's reads."""

import asyncio
from base64 import urlsafe_b64encode
from datetime import timedelta
from uuid import UUID

import pytest
from attrs import evolve

from application.ports.errors import InvalidCursor
from application.ports.order_store import (
    Backlog,
    OpenOrders,
    OrderFilter,
    OrderPage,
    OrderStore,
    Progress,
    UnfinishedFilter,
)
from domain.order import Order, Step
from domain.status import FailureReason, OrderStatus
from tests.builders import START, a_stamp, an_id, an_order
from tests.contracts.order_store_harness import (
    OrderStoreHarness,
    append,
    append_all,
    clean_run,
    life,
    rested_run,
    same,
)

# Lists of resting and of routing orders, the sweep's pages, and how many are open.
Seen = tuple[list[str], list[str], list[list[str]], int]


async def added(store: OrderStore, many: int, **over: object) -> list[str]:
    orders = [an_order(**over) for _ in range(many)]
    for order in orders:
        await store.add(order)
    return [order.order_id for order in orders]


async def rested(store: OrderStore, order_id: str) -> list[Step]:
    """Have a new order rest; return the steps that it may take then."""
    order = await store.get(order_id)
    assert order is not None
    steps = rested_run(order)
    await append(store, steps[0])
    return steps[1:]


async def failed(store: OrderStore, order_id: str) -> None:
    order = await store.get(order_id)
    assert order is not None
    await append(store, order.fail(a_stamp(1), FailureReason.CANCELLED))


async def swept(store: OrderStore, limit: int, idle_seconds: float) -> list[list[str]]:
    pages, after = [], None
    while True:
        page = await store.open_orders(after, limit, idle_seconds)
        pages.append(list(page.order_ids))
        if page.next_after is None:
            return pages
        after = page.next_after


def of(user_id: str | None, status: OrderStatus | None) -> OrderFilter:
    return OrderFilter(user_id, frozenset() if status is None else frozenset({status}))


def ids(page: OrderPage) -> list[str]:
    return [order.order_id for order in page.orders]


class ReadContract:
    @pytest.mark.parametrize(
        "order_id", ["8a0b7f6e-1111-4222-8333-444455556666", "nobody", "", "\0", "\ud800", "x" * 300]
    )
    async def test_what_is_not_there_is_none(self, store: OrderStore, order_id: str) -> None:
        assert await store.get(order_id) is None
        assert list(await store.events(order_id, 0)) == []
        assert await store.last_seqs([order_id]) == {}

    async def test_a_durable_read_is_the_order_as_last_written(self, store: OrderStore) -> None:
        order = an_order()
        await store.add(order)
        assert await store.get(order.order_id, durable=True) == await store.get(order.order_id)
        for step in life(order)[:5]:
            await append(store, step)
        assert same(await store.get(order.order_id, durable=True), step[0])
        assert await store.get("nobody's", durable=True) is None

    async def test_orders_are_listed_newest_first_in_pages(self, store: OrderStore) -> None:
        oldest_first = await added(store, 5)
        pages, cursor = [], None
        while True:
            page = await store.find(OrderFilter(), cursor, 2)
            pages.append(ids(page))
            cursor = page.next_cursor
            if cursor is None:
                break
        newest_first = oldest_first[::-1]
        assert pages == [newest_first[:2], newest_first[2:4], newest_first[4:]]

    async def test_a_full_last_page_has_no_cursor(self, store: OrderStore) -> None:
        await added(store, 2)
        assert (await store.find(OrderFilter(), None, 2)).next_cursor is None
        assert await store.find(OrderFilter(user_id="nobody"), None, 2) == OrderPage((), None)

    async def test_pages_neither_repeat_nor_skip_while_orders_arrive(self, store: OrderStore) -> None:
        oldest_first = await added(store, 6)
        first = await store.find(OrderFilter(), None, 3)
        await added(store, 4)
        second = await store.find(OrderFilter(), first.next_cursor, 3)
        assert ids(first) + ids(second) == oldest_first[::-1]
        assert second.next_cursor is None

    async def test_lists_can_be_filtered(self, store: OrderStore) -> None:
        anna, bert = await added(store, 3, userId="anna"), await added(store, 3, userId="bert")
        for order_id in (anna[0], anna[2], bert[1]):
            await failed(store, order_id)

        async def found(user_id: str | None, status: OrderStatus | None) -> list[str]:
            wanted = of(user_id, status)
            first = await store.find(wanted, None, 1)
            if first.next_cursor is None:
                return ids(first)
            rest = await store.find(wanted, first.next_cursor, 200)
            return ids(first) + ids(rest)

        assert await found("anna", None) == anna[::-1]
        assert await found(None, OrderStatus.FAILED) == [bert[1], anna[2], anna[0]]
        assert await found(None, OrderStatus.PENDING) == [bert[2], bert[0], anna[1]]
        assert await found("anna", OrderStatus.FAILED) == [anna[2], anna[0]]
        assert await found("bert", OrderStatus.PENDING) == [bert[2], bert[0]]
        assert await found("bert", OrderStatus.CONFIRMED) == []
        assert await found("an\0na", None) == []

    @pytest.mark.parametrize("user_id", [None, "anna"])
    @pytest.mark.parametrize("status", [OrderStatus.SUBMITTED, OrderStatus.FAILED, OrderStatus.PENDING])
    async def test_a_list_by_a_rare_status_is_whole_though_pages_may_be_short(
        self, store: OrderStore, status: OrderStatus, user_id: str | None
    ) -> None:
        rare: list[str] = []
        common: list[str] = []
        for n in range(60):
            [order_id] = await added(store, 1, userId="anna" if n % 2 else "bert")
            (rare if n in (1, 7, 49) else common).append(order_id)
        for order_id in common if status is OrderStatus.PENDING else rare:
            order = await store.get(order_id)
            assert order is not None
            if status is OrderStatus.FAILED:
                await failed(store, order_id)
            else:
                await append_all(store, life(order)[: 4 if status is OrderStatus.SUBMITTED else 10])
        found: list[str] = []
        cursor, pages = None, 0
        while pages == 0 or cursor is not None:
            page = await store.find(of(user_id, status), cursor, 2)
            assert len(page.orders) <= 2
            found += ids(page)
            cursor, pages = page.next_cursor, pages + 1
        assert found == rare[::-1]
        assert pages < 10

    @pytest.mark.parametrize(
        "cursor",
        ["", "1", "x" * 22, "=" * 22, "é" * 22, "a" * 23, "\0", "ab cd", "order-1", "A" * 21 + "B", "A" * 1000],
    )
    async def test_a_text_that_is_no_cursor_is_refused(self, store: OrderStore, cursor: str) -> None:
        await added(store, 1)
        with pytest.raises(InvalidCursor):
            await store.find(OrderFilter(), cursor, 10)

    async def test_a_cursor_of_an_unknown_order_is_refused(self, store: OrderStore) -> None:
        await added(store, 1)
        cursor = urlsafe_b64encode(UUID(an_id()).bytes).decode().rstrip("=")
        with pytest.raises(InvalidCursor):
            await store.find(OrderFilter(), cursor, 10)

    @pytest.mark.parametrize("status", [None, *OrderStatus])
    async def test_a_cursor_of_another_users_order_is_refused(
        self, store: OrderStore, status: OrderStatus | None
    ) -> None:
        await added(store, 3, userId="anna")
        await added(store, 3, userId="bert")
        everyones = await store.find(OrderFilter(), None, 2)  # of bert's orders
        with pytest.raises(InvalidCursor):
            await store.find(of("anna", status), everyones.next_cursor, 10)
        assert len((await store.find(OrderFilter("bert"), everyones.next_cursor, 10)).orders) == 1

    async def test_last_seqs_tell_how_far_orders_are(self, store: OrderStore) -> None:
        new, running, final, other = await added(store, 4)
        for order_id, steps in ((running, 4), (final, 10)):
            order = await store.get(order_id)
            assert order is not None
            await append_all(store, life(order)[:steps])
        assert await store.last_seqs([new, running, final, an_id()]) == {
            new: Progress(0, False, "user123"),
            running: Progress(4, False, "user123"),
            final: Progress(10, True, "user123", (await store.events(final, 9))[0]),
        }
        assert await store.last_seqs([]) == {}
        assert len(await store.last_seqs([other, *(an_id() for _ in range(2000))])) == 1

    async def test_the_backlog_is_what_is_not_final(self, store: OrderStore) -> None:
        assert await store.backlog() == Backlog(0, None)
        orders = [evolve(an_order(), created_at=START + timedelta(seconds=n, milliseconds=n)) for n in range(4)]
        for order in orders:
            await store.add(order)
        assert await store.backlog() == Backlog(4, orders[0].created_at)
        await append_all(store, life(orders[0])[:1])
        assert await store.backlog() == Backlog(4, orders[1].created_at)
        await append_all(store, life(orders[0])[1:])
        await failed(store, orders[1].order_id)
        assert await store.backlog() == Backlog(2, orders[2].created_at)
        for order in orders[2:]:
            await append_all(store, life(order)[:4])
        assert await store.backlog() == Backlog(2, None)

    async def test_a_resting_order_is_listed_and_is_nothing_to_do(self, harness: OrderStoreHarness) -> None:
        store = harness.store
        order_ids = await added(store, 4)
        steps = await rested(store, order_ids[1])
        await rested(store, order_ids[3])
        await harness.age(100)

        async def seen() -> Seen:
            resting = await store.find(of(None, OrderStatus.RESTING), None, 10)
            routing = await store.find(of(None, OrderStatus.ROUTING), None, 10)
            return ids(resting), ids(routing), await swept(store, 10, 30), (await store.backlog()).open

        at_rest: Seen = ([order_ids[3], order_ids[1]], [], [[order_ids[0], order_ids[2]]], 2)
        assert await seen() == at_rest
        assert ids(await store.find(OrderFilter(), None, 10)) == order_ids[::-1]
        await append(store, steps[0])  # triggered
        await harness.age(100)
        assert await seen() == ([order_ids[3]], [order_ids[1]], [order_ids[:3]], 3)
        await append_all(store, steps[1:4])  # its limit is missed
        await harness.age(100)
        assert await seen() == at_rest
        await failed(store, order_ids[3])
        await harness.age(100)
        assert await seen() == ([order_ids[1]], [], [[order_ids[0], order_ids[2]]], 2)

    async def test_resting_orders_are_listed_in_pages(self, store: OrderStore) -> None:
        order_ids = [*await added(store, 3, userId="anna"), *await added(store, 2, userId="bert")]
        for order_id in (order_ids[0], order_ids[2], order_ids[4]):
            await rested(store, order_id)
        everyones, annas = of(None, OrderStatus.RESTING), of("anna", OrderStatus.RESTING)
        first = await store.find(everyones, None, 2)
        assert ids(first) == [order_ids[4], order_ids[2]]
        assert ids(await store.find(everyones, first.next_cursor, 2)) == [order_ids[0]]
        assert ids(await store.find(annas, None, 200)) == [order_ids[2], order_ids[0]]

    async def test_a_held_order_is_open_and_listed_and_not_swept(self, harness: OrderStoreHarness) -> None:
        held = an_order()
        await harness.add_held(held)
        await harness.age(100)
        stored = await harness.store.get(held.order_id)
        assert stored is not None
        assert (stored.held, stored.runs) == (True, False)
        assert await swept(harness.store, 10, 30) == [[]]
        assert await harness.store.backlog() == Backlog(1, None)
        assert ids(await harness.store.find(of(None, OrderStatus.PENDING), None, 10)) == [held.order_id]
        await failed(harness.store, held.order_id)
        assert await harness.store.backlog() == Backlog(0, None)

    async def test_the_sweep_sees_every_idle_order_once_in_pages(self, harness: OrderStoreHarness) -> None:
        order_ids = await added(harness.store, 5)
        await harness.age(100)
        assert await swept(harness.store, 2, 30) == [order_ids[:2], order_ids[2:4], order_ids[4:]]
        assert await swept(harness.store, 5, 30) == [order_ids, []]

    async def test_the_sweep_leaves_final_orders_out(self, harness: OrderStoreHarness) -> None:
        order_ids = await added(harness.store, 4)
        await failed(harness.store, order_ids[1])
        await harness.age(100)
        assert await swept(harness.store, 10, 30) == [[order_ids[0], order_ids[2], order_ids[3]]]

    async def test_the_sweep_leaves_out_what_moved_lately(self, harness: OrderStoreHarness) -> None:
        store = harness.store
        pending, running = await added(store, 2)
        assert await store.open_orders(None, 10, 30) == OpenOrders((), None)
        order = await store.get(running)
        assert isinstance(order, Order)
        await append_all(store, life(order)[:1])
        await harness.age(3)
        assert (await store.open_orders(None, 10, 30)).order_ids == (pending,)  # as if its job was never put
        assert (await store.open_orders(None, 10, 2.5)).order_ids == (pending, running)
        await harness.age(30)
        assert (await store.open_orders(None, 10, 30)).order_ids == (pending, running)
        assert (await store.open_orders(None, 10, 1)).order_ids == (pending, running)

    @pytest.mark.parametrize("seconds", [-86_400, -3_600, -10, 3_600])
    async def test_a_clock_that_was_set_leaves_no_order_behind(
        self, harness: OrderStoreHarness, seconds: float
    ) -> None:
        store = harness.store
        pending, running, final = await added(store, 3)
        order = await store.get(running)
        assert isinstance(order, Order)
        await append_all(store, life(order)[:1])
        await failed(store, final)
        await harness.step_clock(seconds)
        assert await swept(store, 10, 5) == [[pending, running]]

    async def test_sweeps_at_once_see_no_order_that_one_alone_would_not(self, harness: OrderStoreHarness) -> None:
        order_ids = tuple(await added(harness.store, 3))
        await harness.age(100)
        pages = await asyncio.gather(*(harness.store.open_orders(None, 10, 30) for _ in range(5)))
        assert {page.order_ids for page in pages} <= {order_ids, ()}
        assert order_ids in {page.order_ids for page in pages}


async def all_unfinished(store: OrderStore, wanted: UnfinishedFilter, limit: int = 2) -> list[str]:
    found, after = [], None
    while True:
        page = await store.unfinished(wanted, after, limit)
        found += [order.order_id for order in page.orders]
        if page.next_after is None:
            return found
        after = page.next_after


class UnfinishedContract:
    async def test_all_that_is_not_final_is_found_once_oldest_first(
        self, store: OrderStore, harness: OrderStoreHarness
    ) -> None:
        ended, resting, *pending = await added(store, 5)
        await failed(store, ended)
        await rested(store, resting)
        held = an_order()
        await harness.add_held(held)
        everything = [resting, *pending, held.order_id]
        for limit in (1, 2, 200):
            assert await all_unfinished(store, UnfinishedFilter(), limit) == everything

    async def test_what_is_wanted_is_found_among_the_others(self, store: OrderStore) -> None:
        anna, bob = await added(store, 3, userId="anna"), await added(store, 3, userId="bob")
        [other] = await added(store, 1, userId="anna", inputToken="a/b", outputToken="c")
        await rested(store, anna[1])
        order = await store.get(bob[0])
        assert order is not None
        await append_all(store, clean_run(order)[:4])
        for wanted, found in (
            (UnfinishedFilter("anna"), [*anna, other]),
            (UnfinishedFilter("nobody"), []),
            (UnfinishedFilter(pair="a/b/c"), [other]),
            (UnfinishedFilter("anna", "SOL/USDC"), anna),
            (UnfinishedFilter(status=OrderStatus.RESTING), [anna[1]]),
            (UnfinishedFilter(status=OrderStatus.SUBMITTED), [bob[0]]),
            (UnfinishedFilter(venue="Meteora"), [bob[0]]),
            (UnfinishedFilter("bob", venue="Raydium"), []),
        ):
            assert await all_unfinished(store, wanted) == found

    async def test_an_order_that_moves_and_one_that_ends_disturb_no_pages(self, store: OrderStore) -> None:
        first, second, third, fourth = await added(store, 4)
        page = await store.unfinished(UnfinishedFilter(), None, 2)
        assert [order.order_id for order in page.orders] == [first, second]
        await failed(store, second)
        await rested(store, third)
        rest = await store.unfinished(UnfinishedFilter(), page.next_after, 200)
        assert [order.order_id for order in rest.orders] == [third, fourth]

    async def test_unfinished_orders_come_as_they_are_without_payloads(self, store: OrderStore) -> None:
        order = an_order()
        await store.add(order)
        await append_all(store, clean_run(order)[:4])
        [found] = (await store.unfinished(UnfinishedFilter(), None, 2)).orders
        assert found.transaction is not None
        assert (found.version, found.transaction.payload) == (4, b"")
