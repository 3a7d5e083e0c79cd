"""What every list of executions must do. An adapter's test class derives from this and gives its `harness`."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve, frozen

from application.ports.errors import DataRefused, InvalidCursor, StaleOrder, TransactionUsed
from application.ports.executions import ExecutionFilter, ExecutionPage, Executions
from application.ports.order_store import OrderStore, Record
from domain.execution import Execution
from domain.order import Order
from domain.status import FailureReason
from domain.transaction import Fill, Landing, NetworkFee
from tests.builders import QUOTES, START, a_chain_fill, a_fill, a_stamp, a_transaction, an_order, submitted
from tests.contracts.order_store_harness import append_all, clean_run, landed_on_chain, life, record_of

ALL = ExecutionFilter()
EXACT = Fill(
    Decimal("1234567.12345678"),
    Decimal("181886123.9876543210987654321"),
    Decimal("364501.250000000000000000001"),
    NetworkFee(Decimal("0.000005"), "SOL"),
)


@frozen
class ExecutionsHarness:
    """A list and the store whose executions it shows, both open and empty."""

    executions: Executions
    store: OrderStore


async def landed(store: OrderStore, user_id: str = "user123", after: float = 5) -> str:
    """Have a swap of a new order land, `after` seconds past START; return the order's id."""
    order = an_order(userId=user_id)
    await store.add(order)
    steps = clean_run(order)[:4]
    confirm = steps[-1][0].confirm(a_stamp(after), a_fill(QUOTES[1].price))
    await store.append(Record.of(order, *steps, confirm))
    return order.order_id


async def sent(store: OrderStore, **over: object) -> Order:
    """Return a new order whose transaction, changed by `over`, is at its venue."""
    order = an_order()
    await store.add(order)
    steps = clean_run(order)[:3]
    submission = steps[-1][0].submit(a_stamp(4), a_transaction(order, **over))
    await store.append(Record.of(order, *steps, submission))
    return submission[0]


def confirming(order: Order) -> Record:
    """Return the record that confirms a submitted order."""
    return Record.of(order, order.confirm(a_stamp(9), a_fill(QUOTES[1].price)))


def ids(page: ExecutionPage) -> list[str]:
    return [execution.order_id for execution in page.executions]


async def read(executions: Executions, query: ExecutionFilter, limit: int = 2) -> list[str]:
    """Return the orders of all pages."""
    found, cursor = [], None
    while True:
        page = await executions.page(query, cursor, limit)
        found += ids(page)
        cursor = page.next_cursor
        if cursor is None:
            return found


class ExecutionsContract:
    @pytest.fixture
    def harness(self) -> Any:
        """Give a harness; a test class overrides this."""
        raise NotImplementedError

    @pytest.fixture
    def executions(self, harness: ExecutionsHarness) -> Executions:
        return harness.executions

    @pytest.fixture
    def store(self, harness: ExecutionsHarness) -> OrderStore:
        return harness.store

    async def test_a_landed_swap_comes_back_to_the_digit(self, executions: Executions, store: OrderStore) -> None:
        order = an_order(userId='Zoë "x"', amount="1234567.12345678")
        await store.add(order)
        await append_all(store, clean_run(order)[:4])
        step = submitted(order).confirm(a_stamp(9.125), EXACT)
        await store.append(record_of(step))
        expected = Execution(
            order.order_id,
            'Zoë "x"',
            "SOL",
            "USDC",
            "Meteora",
            a_transaction(order).tx_hash,
            EXACT,
            QUOTES[1].price,
            None,
            START + timedelta(seconds=9.125),
        )
        page = await executions.page(ALL, None, 10)
        assert page == ExecutionPage((expected,), None)
        assert str(page.executions[0].fill) == str(EXACT)

    async def test_there_is_one_exactly_when_the_order_is_confirmed(
        self, executions: Executions, store: OrderStore
    ) -> None:
        order = an_order()
        await store.add(order)
        for after, event in life(order):
            await store.append(record_of((after, event)))
            assert await read(executions, ALL) == [order.order_id] * (event.fill is not None)
        [execution] = (await executions.page(ALL, None, 10)).executions
        assert (execution.venue, execution.quoted_price) == ("Raydium", QUOTES[0].price)  # the last attempt's

    async def test_an_order_that_fails_has_none(self, executions: Executions, store: OrderStore) -> None:
        order = an_order()
        await store.add(order)
        await append_all(
            store, [*clean_run(order)[:4], submitted(order).fail(a_stamp(5), FailureReason.INTERNAL_ERROR)]
        )
        assert await read(executions, ALL) == []

    async def test_repeated_stale_and_refused_appends_make_no_second(
        self, executions: Executions, store: OrderStore
    ) -> None:
        order, refused = an_order(), an_order()
        for each in (order, refused):
            await store.add(each)
            await append_all(store, clean_run(each)[:4])
        record = record_of(submitted(order).confirm(a_stamp(5), EXACT))
        await store.append(record)
        await store.append(record)
        with pytest.raises(StaleOrder):
            await store.append(record_of(submitted(order).confirm(a_stamp(6), EXACT)))
        with pytest.raises(DataRefused):
            await store.append(record_of(submitted(refused).confirm(a_stamp(7), a_fill(Decimal("1e10")))))
        assert await read(executions, ALL) == [order.order_id]

    async def test_one_transaction_confirms_one_order(self, executions: Executions, store: OrderStore) -> None:
        first, second = [await sent(store, tx_hash="shared") for _ in range(2)]
        record = confirming(first)
        for _ in range(2):  # as after a connection that broke
            await store.append(record)
        with pytest.raises(StaleOrder):
            await store.append(confirming(first))
        for _ in range(2):
            with pytest.raises(TransactionUsed):
                await store.append(confirming(second))
        latest = await store.get(second.order_id)
        assert latest
        assert (latest.version, latest.status, latest.transaction) == (4, second.status, second.transaction)
        assert len(await store.events(second.order_id, 0)) == 4
        assert await read(executions, ALL) == [first.order_id]

    async def test_an_order_whose_transaction_is_used_fails_no_other_of_its_group(
        self, executions: Executions, store: OrderStore
    ) -> None:
        used = await sent(store, tx_hash="shared")
        await store.append(confirming(used))
        orders = [await sent(store, **({"tx_hash": "shared"} if n % 3 == 0 else {})) for n in range(30)]
        outcomes = await asyncio.gather(*(store.append(confirming(o)) for o in orders), return_exceptions=True)
        assert [isinstance(outcome, TransactionUsed) for outcome in outcomes] == [n % 3 == 0 for n in range(30)]
        assert [outcome for n, outcome in enumerate(outcomes) if n % 3] == [None] * 20
        assert len(await read(executions, ALL)) == 21

    async def test_of_twenty_orders_with_one_transaction_at_once_one_is_confirmed(
        self, executions: Executions, store: OrderStore
    ) -> None:
        orders = [await sent(store, tx_hash="shared") for _ in range(20)]
        outcomes = await asyncio.gather(*(store.append(confirming(o)) for o in orders), return_exceptions=True)
        refused = [isinstance(outcome, TransactionUsed) for outcome in outcomes]
        assert (refused.count(True), outcomes.count(None)) == (19, 1)
        assert await read(executions, ALL) == [orders[refused.index(False)].order_id]

    async def test_another_venue_may_have_the_same_hash(self, executions: Executions, store: OrderStore) -> None:
        orders = [await sent(store, tx_hash="shared", venue=venue) for venue in ("Raydium", "Meteora")]
        for order in orders:
            await store.append(confirming(order))
        assert await read(executions, ALL) == [order.order_id for order in orders][::-1]

    async def test_on_a_chain_a_transaction_confirms_one_order_whichever_venues_built_it(
        self, executions: Executions, store: OrderStore
    ) -> None:
        first, second, elsewhere = [an_order() for _ in range(3)]
        devnet = evolve(a_chain_fill(), landing=Landing("solana-devnet", 1, Decimal(0)))
        records = [
            landed_on_chain(first, a_chain_fill(), tx_hash="shared", venue="Raydium"),
            landed_on_chain(second, a_chain_fill(), tx_hash="shared", venue="Meteora"),
            landed_on_chain(elsewhere, devnet, tx_hash="shared", venue="Meteora"),
        ]
        for order in (first, second, elsewhere):
            await store.add(order)
        outcomes = await asyncio.gather(*(store.append(record) for record in records), return_exceptions=True)
        assert sorted(isinstance(outcome, TransactionUsed) for outcome in outcomes[:2]) == [False, True]
        assert outcomes[2] is None
        for record in records[:2]:
            if await executions.on_chain(record.after.order_id) is None:
                with pytest.raises(TransactionUsed):
                    await store.append(record)

    async def test_the_newest_come_first_in_pages(self, executions: Executions, store: OrderStore) -> None:
        oldest_first = [await landed(store, after=n) for n in range(5)]
        assert await read(executions, ALL) == oldest_first[::-1]
        assert (await executions.page(ALL, None, 5)).next_cursor is None

    async def test_pages_neither_repeat_nor_skip_while_executions_arrive(
        self, executions: Executions, store: OrderStore
    ) -> None:
        oldest_first = [await landed(store) for _ in range(6)]
        first = await executions.page(ALL, None, 3)
        for _ in range(3):
            await landed(store)
        second = await executions.page(ALL, first.next_cursor, 3)
        assert ids(first) + ids(second) == oldest_first[::-1]
        assert second.next_cursor is None

    async def test_lists_can_be_filtered(self, executions: Executions, store: OrderStore) -> None:
        users = ("anna", "bert", "anna", "bert", "anna", "anna")
        landing = [await landed(store, user, after=n * 1_000) for n, user in enumerate(users)]

        async def found(user_id: str | None, since: float | None, until: float | None) -> list[int]:
            bounds = [None if at is None else START + timedelta(seconds=at) for at in (since, until)]
            return [landing.index(order) for order in await read(executions, ExecutionFilter(user_id, *bounds))]

        assert await found("anna", None, None) == [5, 4, 2, 0]
        assert await found("nobody", None, None) == []
        assert await found("an\0na", None, None) == []
        assert await found(None, 2_000, None) == [5, 4, 3, 2]
        assert await found(None, 2_000.001, None) == [5, 4, 3]
        assert await found(None, None, 2_000) == [1, 0]
        assert await found(None, None, 2_000.001) == [2, 1, 0]
        assert await found("anna", 1_000, 5_000) == [4, 2]
        assert await found(None, 3_000, 3_000) == []
        assert await found(None, 4_000, 1_000) == []

    async def test_a_range_has_what_was_recorded_a_little_out_of_order(
        self, executions: Executions, store: OrderStore
    ) -> None:
        times = (0, 290, 10, 300, 20, 310, 30)
        landing = [await landed(store, after=after) for after in times]
        for since, until in ((0, 15), (15, 25), (290, 305), (305, 400)):
            query = ExecutionFilter(None, START + timedelta(seconds=since), START + timedelta(seconds=until))
            expected = [order for order, at in zip(landing, times, strict=True) if since <= at < until]
            assert await read(executions, query) == expected[::-1]

    @pytest.mark.parametrize("year", [1, 9999])
    async def test_the_ends_of_time_are_bounds_too(self, executions: Executions, store: OrderStore, year: int) -> None:
        order_id = await landed(store)
        at = START.replace(year=year)
        assert await read(executions, ExecutionFilter(since=at)) == [order_id] * (year == 1)
        assert await read(executions, ExecutionFilter(until=at)) == [order_id] * (year == 9999)

    @pytest.mark.parametrize(
        "cursor", ["", "1", "x" * 24, "=" * 24, "é" * 24, "a" * 25, "\0", "A" * 24, "A" * 1000, "ab cd", "\ud800"]
    )
    async def test_a_text_that_is_no_cursor_is_refused(
        self, executions: Executions, store: OrderStore, cursor: str
    ) -> None:
        await landed(store)
        with pytest.raises(InvalidCursor):
            await executions.page(ALL, cursor, 10)

    async def test_a_cursor_is_good_for_one_users_list_only(self, executions: Executions, store: OrderStore) -> None:
        for each in ("anna", "bert", "anna", "bert"):
            await landed(store, each)
        users = ("anna", "bert", None, "nobody")
        cursors = {user: (await executions.page(ExecutionFilter(user), None, 1)).next_cursor for user in users}
        pairs = [(cursor, user) for of, cursor in cursors.items() for user in users if cursor and user != of]
        assert len(pairs) == 9
        for given, user in pairs:
            with pytest.raises(InvalidCursor):
                await executions.page(ExecutionFilter(user), given, 1)
