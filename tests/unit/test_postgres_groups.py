"""What each caller of a group is told when the group's statements go differently for its members."""

import asyncio
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import errors

from adapters.postgres.adding import Addition, add_keyed
from adapters.postgres.appending import append_records
from adapters.postgres.connection import Rows
from adapters.postgres.connector import Connector
from adapters.postgres.grouped_calls import GroupedCalls
from adapters.postgres.own_connection import OwnConnection
from application.ports.errors import DataRefused, StaleOrder, StoreUnavailable
from application.ports.order_store import Admission, Record
from domain.order import Order
from tests.builders import VENUES, a_stamp, an_order


class ScriptedConnection(OwnConnection):
    """Answers each statement with what comes next in a script."""

    def __init__(self, *script: Rows | Exception) -> None:
        super().__init__(Connector("", "test"), {})
        self.script = list(script)

    async def run(self, *_: Any, **__: Any) -> Rows:
        answer = self.script.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def row_of(order: Order) -> tuple[object, ...]:
    """Return the order as the database would."""
    asked = (order.order_id, order.user_id, order.input_token, order.output_token, order.amount)
    fresh: tuple[object, ...] = (order.created_at, order.updated_at, "pending", 0, 1, [])
    return (*asked, *fresh, *[None] * 10, order.slippage_bps, order.client_order_id, False, *[None] * 4)


def a_record() -> Record:
    order = an_order()
    return Record.of(order, order.request_quotes(a_stamp(), VENUES))


async def test_appends_are_looked_up_only_when_not_all_moved_their_orders() -> None:
    assert await append_records(ScriptedConnection([(2,)]), [a_record(), a_record()], 0) == [None, None]


async def test_appends_that_cannot_be_looked_up_may_be_kept_or_not() -> None:
    connection = ScriptedConnection([(1,)], StoreUnavailable())
    answers = await append_records(connection, [a_record(), a_record()], 0)
    assert [isinstance(error, StoreUnavailable) and error.accepted for error in answers] == ["unknown", "unknown"]


async def test_an_append_found_kept_is_a_success() -> None:
    kept, stale = a_record(), a_record()
    connection = ScriptedConnection([(0,)], [(kept.before.order_id, None)])
    outcome, error = await append_records(connection, [kept, stale], 0)
    assert outcome is None
    assert isinstance(error, StaleOrder)


async def test_an_order_that_was_added_is_a_success_though_the_others_cannot_be_looked_up() -> None:
    added, other = Addition(an_order(), "k1"), Addition(an_order(), "k2")
    connection = ScriptedConnection([(added.order.order_id,)], StoreUnavailable())
    admission, error = await add_keyed(connection, [added, other], 0)
    assert admission == Admission(added.order.order_id, replayed=False)
    assert isinstance(error, StoreUnavailable)
    assert error.accepted == "unknown"


async def test_a_key_claimed_by_another_at_the_last_moment_decides() -> None:
    standing = an_order(clientOrderId="c")
    asking, claimed_for = Addition(an_order(clientOrderId="c"), "k"), an_order(clientOrderId="c")
    asking_id = asking.order.order_id
    connection = ScriptedConnection(
        [],  # not added: its client order id is taken
        [(asking_id, False, None, *row_of(standing))],
        [],  # its key was not claimed: somebody else just did
        [],
        [(asking_id, True, None, *row_of(claimed_for)), (asking_id, False, None, *row_of(standing))],
    )
    assert await add_keyed(connection, [asking], 0) == [Admission(claimed_for.order_id, replayed=True)]


async def test_every_caller_raises_an_error_of_its_own() -> None:
    async def run(_: OwnConnection, __: Sequence[int], ___: float) -> Sequence[int]:
        raise StoreUnavailable(accepted="unknown")

    calls: GroupedCalls[int, int] = GroupedCalls(ScriptedConnection(), run, most=10, bound=10)
    calls.open()
    outcomes = await asyncio.gather(*(calls.submit(n) for n in range(3)), return_exceptions=True)
    await calls.close()
    assert len({id(outcome) for outcome in outcomes}) == 3
    assert all(isinstance(outcome, StoreUnavailable) and outcome.accepted == "unknown" for outcome in outcomes)


async def test_a_row_to_blame_is_found_by_trying_one_by_one() -> None:
    groups: list[list[int]] = []

    async def run(_: OwnConnection, items: Sequence[int], __: float) -> Sequence[int]:
        groups.append(list(items))
        if 2 in items:
            raise errors.lookup("22001")("too long")
        return [item * 10 for item in items]

    calls: GroupedCalls[int, int] = GroupedCalls(ScriptedConnection(), run, most=10, bound=10)
    calls.open()
    outcomes = await asyncio.gather(*(calls.submit(n) for n in (1, 2, 3)), return_exceptions=True)
    await calls.close()
    assert groups == [[1, 2, 3], [1], [2], [3]]
    assert outcomes[::2] == [10, 30]
    assert isinstance(refused := outcomes[1], DataRefused)
    assert isinstance(refused.__cause__, psycopg.Error)
