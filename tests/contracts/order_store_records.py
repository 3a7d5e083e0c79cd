"""The contract of `OrderStore.append` for records of several steps, and for what is sent to a venue."""

import asyncio

import pytest
from attrs import evolve

from application.ports.errors import DataRefused, StaleOrder
from application.ports.order_store import OrderFilter, OrderStore, Record
from domain.order import Order, Step
from domain.status import FailureReason
from tests.builders import QUOTES, ROUTING, VENUES, a_fill, a_stamp, a_transaction, an_order
from tests.contracts.order_store_harness import record_of, same

PAYLOAD = bytes(range(256)) * 5


def pair(order: Order) -> tuple[Step, Step]:
    """Return the two steps between which nothing happens."""
    routed = order.choose_route(a_stamp(2), QUOTES, QUOTES[1], ROUTING)
    return routed, routed[0].start_building(a_stamp(3))


async def quoting(store: OrderStore) -> Order:
    """Store an order that asks for quotes."""
    born = an_order()
    await store.add(born)
    step = born.request_quotes(a_stamp(1), VENUES)
    await store.append(record_of(step))
    return step[0]


async def submitted(store: OrderStore, payload: bytes = PAYLOAD) -> Order:
    """Store an order whose transaction has a payload; return it as the store has it."""
    order = await quoting(store)
    steps = pair(order)
    building = steps[-1][0]
    sent = building.submit(a_stamp(4), a_transaction(building, payload=payload))
    for record in (Record.of(order, *steps), Record.of(building, sent)):
        await store.append(record)
    return await stored(store, sent[0])


async def stored(store: OrderStore, order: Order) -> Order:
    found = await store.get(order.order_id)
    assert same(found, order)
    assert found is not None
    return found


class RecordContract:
    async def test_two_steps_are_one_write(self, store: OrderStore) -> None:
        order = await quoting(store)
        record = Record.of(order, *pair(order))
        await store.append(record)
        assert same(await store.get(order.order_id), record.after)
        assert list(await store.events(order.order_id, 1)) == list(record.frames)
        assert [frame.seq for frame in record.frames] == [2, 3]
        assert record.after.quotes == QUOTES  # though the last of the two changes none

    async def test_of_two_steps_both_are_kept_or_none(self, store: OrderStore) -> None:
        order = await quoting(store)
        routed, (building, event) = pair(order)
        spoiled = evolve(event, message="N\0L")
        with pytest.raises(DataRefused):
            await store.append(Record.of(order, routed, (building, spoiled)))
        assert same(await store.get(order.order_id), order)
        assert len(await store.events(order.order_id, 0)) == 1

    async def test_two_steps_again_are_a_success_and_others_are_stale(self, store: OrderStore) -> None:
        order = await quoting(store)
        mine, others = (Record.of(order, *pair(order)) for _ in range(2))
        await store.append(mine)
        await store.append(mine)
        for stale in (others, Record.of(order, others_step(order))):
            with pytest.raises(StaleOrder):
                await store.append(stale)
        assert list(await store.events(order.order_id, 1)) == list(mine.frames)

    async def test_of_racers_with_one_step_and_with_two_one_wins(self, store: OrderStore) -> None:
        order = await quoting(store)
        racers = [Record.of(order, *pair(order)) for _ in range(5)]
        racers += [Record.of(order, others_step(order)) for _ in range(5)]
        outcomes = await asyncio.gather(*(store.append(racer) for racer in racers), return_exceptions=True)
        [winner] = [racer for racer, outcome in zip(racers, outcomes, strict=True) if outcome is None]
        assert [type(outcome) for outcome in outcomes].count(StaleOrder) == 9
        assert list(await store.events(order.order_id, 1)) == list(winner.frames)

    @pytest.mark.parametrize("payload", [b"", b"\0", PAYLOAD, b"x" * 70_000])
    async def test_what_is_sent_is_kept_byte_for_byte(self, store: OrderStore, payload: bytes) -> None:
        order = await submitted(store, payload)
        assert order.transaction
        assert order.transaction.payload == payload

    async def test_a_list_shows_nothing_of_what_is_sent(self, store: OrderStore) -> None:
        order = await submitted(store)
        for query in (
            OrderFilter(),
            OrderFilter(user_id=order.user_id),
            OrderFilter(statuses=frozenset({order.status})),
        ):
            [listed] = (await store.find(query, None, 1)).orders
            assert listed.transaction
            assert listed.transaction.payload == b""

    async def test_an_idempotent_repeat_finds_the_payload_kept(self, store: OrderStore) -> None:
        order = await quoting(store)
        steps = pair(order)
        building = steps[-1][0]
        record = Record.of(building, building.submit(a_stamp(4), a_transaction(building, payload=PAYLOAD)))
        await store.append(Record.of(order, *steps))
        for _ in range(2):
            await store.append(record)
        await stored(store, record.after)

    async def test_an_order_that_ended_has_no_payload_left(self, store: OrderStore) -> None:
        confirmed, failed = await submitted(store), await submitted(store)
        for order, step in (
            (confirmed, confirmed.confirm(a_stamp(5), a_fill(QUOTES[1].price))),
            (failed, failed.fail(a_stamp(5), FailureReason.TRANSACTION_EXPIRED)),
        ):
            await store.append(Record.of(order, step))
            ended = await stored(store, step[0])
            assert not (ended.transaction and ended.transaction.payload)

    async def test_the_next_attempt_has_a_payload_of_its_own(self, store: OrderStore) -> None:
        order = await submitted(store)
        retry = order.fail_attempt(a_stamp(5), "why", 3, 1000)
        await store.append(Record.of(order, retry))
        assert (await stored(store, retry[0])).transaction is None
        asked = retry[0].request_quotes(a_stamp(6), VENUES)
        steps = pair(asked[0])
        building = steps[-1][0]
        sent = building.submit(a_stamp(7), a_transaction(building, payload=b"another"))
        for record in (Record.of(retry[0], asked), Record.of(asked[0], *steps), Record.of(building, sent)):
            await store.append(record)
        await stored(store, sent[0])

    async def test_payloads_of_many_orders_at_once_stay_apart(self, store: OrderStore) -> None:
        orders = await asyncio.gather(*(submitted(store, f"payload {n}".encode()) for n in range(20)))
        assert len({order.transaction and order.transaction.payload for order in orders}) == 20


def others_step(order: Order) -> Step:
    """Return a step that somebody else would take."""
    return order.fail(a_stamp(9), FailureReason.CANCELLED)
