"""The contract of `OrderStore.add`."""

import asyncio
from collections.abc import Callable

import pytest
from attrs import evolve

from application.ports.errors import ClientOrderIdConflict, DataRefused, IdempotencyKeyReused
from application.ports.order_store import Admission, OrderFilter, OrderStore
from domain.order import Order
from domain.origin import Origin
from tests.builders import START, a_request, an_id, an_order
from tests.contracts.order_store_harness import append_all, life, same

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ODD_TEXTS = ["Zoë 🚀 “ok”", '"', "\\", "'; DROP TABLE orders; --", "{a,b}", "NULL", "%s %(x)s", "a\u3000b", "0x00"]


async def count(store: OrderStore) -> int:
    return len((await store.find(OrderFilter(), None, 200)).orders)


class AddContract:
    @pytest.mark.parametrize("amount", ["9999999999.99999999", "0.00000001", "10", "1000000", "0.1"])
    async def test_an_amount_keeps_every_digit(self, store: OrderStore, amount: str) -> None:
        order = an_order(amount=amount)
        assert await store.add(order) == Admission(order.order_id, replayed=False)
        stored = await store.get(order.order_id)
        assert stored is not None
        assert same(stored, order)
        assert format(stored.amount, "f") == amount

    @pytest.mark.parametrize("text", ODD_TEXTS)
    async def test_any_text_comes_back_as_it_was(self, store: OrderStore, text: str) -> None:
        order = an_order(userId=text, inputToken=text, outputToken="é" * 50)
        await store.add(order, text)
        assert same(await store.get(order.order_id), order)
        assert (await store.find(OrderFilter(user_id=text), None, 1)).orders[0].order_id == order.order_id

    @pytest.mark.parametrize("text", ["a\u2028b", "\u202eCDSU", "SO\u200bL", "e\u0301", "a\x1bb", "\ue000"])
    async def test_a_name_of_before_there_were_rules_is_read_as_it_is(self, store: OrderStore, text: str) -> None:
        order = evolve(an_order(), user_id=text, input_token=text)
        await store.add(order)
        assert same(await store.get(order.order_id), order)
        assert (await store.find(OrderFilter(), None, 1)).orders[0].user_id == text

    async def test_the_longest_texts_fit(self, store: OrderStore) -> None:
        order = an_order(userId="ü" * 255, inputToken="€" * 50, clientOrderId="c" * 64, slippageBps=10_000)
        await store.add(order, "k" * 255)
        assert same(await store.get(order.order_id), order)

    @pytest.mark.parametrize("key", [None, "k"])
    @pytest.mark.parametrize("origin", [Origin("a-request", TRACEPARENT), Origin('"~!' * 42), Origin()])
    async def test_where_an_order_came_from_stays_with_it(
        self, store: OrderStore, origin: Origin, key: str | None
    ) -> None:
        order = evolve(an_order(), origin=origin)
        await store.add(order, key)
        steps = life(order)
        await append_all(store, steps)
        stored = await store.get(order.order_id)
        assert stored is not None
        assert (stored.version, stored.origin) == (len(steps), origin)
        assert (await store.find(OrderFilter(), None, 1)).orders[0].origin == origin

    async def test_a_repeat_that_came_from_elsewhere_is_the_same_order(self, store: OrderStore) -> None:
        first = evolve(an_order(), origin=Origin("first", TRACEPARENT))
        await store.add(first, "k")
        again = evolve(an_order(), origin=Origin("second"))
        assert await store.add(again, "k") == Admission(first.order_id, replayed=True)
        stored = await store.get(first.order_id)
        assert stored is not None
        assert stored.origin == first.origin

    async def test_an_order_added_again_stays_as_it_is(self, store: OrderStore) -> None:
        order = an_order(slippageBps=0)
        await store.add(order)
        await append_all(store, life(order)[:2])
        before = await store.get(order.order_id)
        assert await store.add(order) == Admission(order.order_id, replayed=False)
        assert await store.get(order.order_id) == before

    async def test_an_order_added_again_with_its_key_stays_too(self, store: OrderStore) -> None:
        order = an_order(clientOrderId="c1")
        for key in ("k1", "k1", None):
            assert await store.add(order, key) == Admission(order.order_id, replayed=False)
        assert await count(store) == 1

    async def test_the_same_order_many_times_at_once_is_one(self, store: OrderStore) -> None:
        order = an_order()
        admissions = await asyncio.gather(*(store.add(order) for _ in range(10)))
        assert set(admissions) == {Admission(order.order_id, replayed=False)}
        assert await count(store) == 1

    async def test_an_equal_request_with_a_known_key_is_a_replay(self, store: OrderStore) -> None:
        first = an_order(amount="10")
        await store.add(first, "k")
        await append_all(store, life(first))
        assert await store.add(an_order(amount="10.0"), "k") == Admission(first.order_id, replayed=True)
        assert await count(store) == 1

    @pytest.mark.parametrize(
        "other", [{"amount": 11}, {"inputToken": "BTC"}, {"slippageBps": 1}, {"clientOrderId": "c9"}]
    )
    async def test_another_request_with_a_known_key_is_refused(
        self, store: OrderStore, other: dict[str, object]
    ) -> None:
        await store.add(an_order(), "k")
        with pytest.raises(IdempotencyKeyReused):
            await store.add(an_order(**other), "k")
        assert await count(store) == 1

    async def test_a_repeat_stays_one_whatever_limit_holds_for_requests_without_one(self, store: OrderStore) -> None:
        first = Order.new(an_id(), a_request(clientOrderId="c"), START, 50)
        await store.add(first, "k")
        assert same(await store.get(first.order_id), first)
        assert first.slippage_bps == 50
        for default in (50, 100, None):
            repeat = Order.new(an_id(), a_request(clientOrderId="c"), START, default)
            assert await store.add(repeat, "k") == Admission(first.order_id, replayed=True)
        with pytest.raises(IdempotencyKeyReused):  # named, it is another request
            await store.add(an_order(clientOrderId="c", slippageBps=50), "k")
        await store.add(bare := an_order(), "k2")
        repeat = Order.new(an_id(), a_request(), START, 50)
        assert await store.add(repeat, "k2") == Admission(bare.order_id, replayed=True)

    async def test_keys_and_client_order_ids_belong_to_a_user(self, store: OrderStore) -> None:
        for user in ("anna", "bert"):
            order = an_order(userId=user, clientOrderId="c")
            assert await store.add(order, "k") == Admission(order.order_id, replayed=False)

    async def test_an_equal_request_with_a_known_client_order_id_is_a_replay(self, store: OrderStore) -> None:
        first = an_order(clientOrderId="c")
        await store.add(first)
        assert await store.add(an_order(clientOrderId="c")) == Admission(first.order_id, replayed=True)

    async def test_another_request_with_a_known_client_order_id_conflicts(self, store: OrderStore) -> None:
        await store.add(an_order(clientOrderId="c"))
        with pytest.raises(ClientOrderIdConflict):
            await store.add(an_order(clientOrderId="c", amount=11))

    async def test_a_new_key_for_a_known_client_order_id_is_kept(self, store: OrderStore) -> None:
        first = an_order(clientOrderId="c")
        await store.add(first, "k1")
        assert await store.add(an_order(clientOrderId="c"), "k2") == Admission(first.order_id, replayed=True)
        with pytest.raises(IdempotencyKeyReused):
            await store.add(an_order(), "k2")

    async def test_the_key_decides_before_the_client_order_id(self, store: OrderStore) -> None:
        keyed, named = an_order(clientOrderId="c1"), an_order(clientOrderId="c2")
        await store.add(keyed, "k1")
        await store.add(named)
        with pytest.raises(IdempotencyKeyReused):  # though its client order id alone would be a replay
            await store.add(an_order(clientOrderId="c2"), "k1")

    async def test_what_a_repeat_may_be_of_is_found_by_its_key_before_its_client_order_id(
        self, store: OrderStore
    ) -> None:
        keyed, named = an_order(clientOrderId="c1"), an_order(clientOrderId="c2")
        await store.add(keyed, "k1")
        await store.add(named)
        for name, key, standing in [(None, "k1", keyed), ("c2", None, named), ("c2", "k1", keyed), ("c2", "k2", named)]:
            assert same(await store.standing(keyed.user_id, name, key), standing)
        for user, name, key in [("else", "c1", "k1"), (keyed.user_id, "c3", "k3"), (keyed.user_id, None, None)]:
            assert await store.standing(user, name, key) is None

    async def test_one_new_key_at_once_for_two_known_client_order_ids_is_kept_for_one(self, store: OrderStore) -> None:
        for name in ("c1", "c2"):
            await store.add(an_order(clientOrderId=name))
        outcomes = await asyncio.gather(
            *(store.add(an_order(clientOrderId=name), "k") for name in ("c1", "c2")), return_exceptions=True
        )
        assert {type(outcome) for outcome in outcomes} == {Admission, IdempotencyKeyReused}
        assert await count(store) == 2

    async def test_the_key_of_a_refused_order_stays_free(self, store: OrderStore) -> None:
        await store.add(an_order(clientOrderId="c"))
        with pytest.raises(ClientOrderIdConflict):
            await store.add(an_order(clientOrderId="c", amount=11), "k")
        order = an_order()
        assert await store.add(order, "k") == Admission(order.order_id, replayed=False)

    @pytest.mark.parametrize(("key", "client_order_id"), [("k", None), (None, "c"), ("k", "c")])
    async def test_of_fifty_equal_requests_at_once_one_adds(
        self, store: OrderStore, key: str | None, client_order_id: str | None
    ) -> None:
        named = {} if client_order_id is None else {"clientOrderId": client_order_id}
        admissions = await asyncio.gather(*(store.add(an_order(**named), key) for _ in range(50)))
        assert await count(store) == 1
        assert len({admission.order_id for admission in admissions}) == 1
        assert [admission.replayed for admission in admissions].count(False) == 1

    async def test_of_different_requests_with_one_key_at_once_one_adds(self, store: OrderStore) -> None:
        outcomes = await asyncio.gather(
            *(store.add(an_order(amount=n + 1), "k") for n in range(20)), return_exceptions=True
        )
        assert [type(outcome) for outcome in outcomes].count(IdempotencyKeyReused) == 19
        assert await count(store) == 1

    async def test_keys_and_client_order_ids_crossed_at_once_settle_one_by_one(self, store: OrderStore) -> None:
        outcomes = await asyncio.gather(
            store.add(an_order(clientOrderId="c1"), "k1"),
            store.add(an_order(clientOrderId="c2"), "k1"),  # refused, so that c2 is free for the next
            store.add(an_order(clientOrderId="c2"), "k2"),
            store.add(an_order(clientOrderId="c1", amount=11), "k3"),  # refused, so that k3 is free for the next
            store.add(an_order(clientOrderId="c3"), "k3"),
            store.add(an_order(clientOrderId="c3"), "k4"),
            return_exceptions=True,
        )
        kinds = [type(outcome) for outcome in outcomes]
        assert kinds == [Admission, IdempotencyKeyReused, Admission, ClientOrderIdConflict, Admission, Admission]
        assert await count(store) == 3

    @pytest.mark.parametrize(
        "poison",
        [
            lambda: _with_user(an_order(), "an\0na"),
            lambda: _with_user(an_order(), "\ud800"),
            lambda: _with_user(an_order(), "a" * 256),
        ],
        ids=["NUL", "lone surrogate", "too long"],
    )
    @pytest.mark.parametrize("key", [None, "k"])
    async def test_an_order_that_cannot_be_stored_harms_no_other(
        self, store: OrderStore, poison: Callable[[], Order], key: str | None
    ) -> None:
        orders = [an_order(userId=f"user{n}") for n in range(10)]
        orders.insert(4, poison())
        outcomes = await asyncio.gather(*(store.add(order, key) for order in orders), return_exceptions=True)
        assert isinstance(outcomes.pop(4), DataRefused)
        assert await count(store) == len(outcomes) == 10
        assert all(isinstance(outcome, Admission) for outcome in outcomes)

    async def test_a_cancelled_add_leaves_a_working_store(self, store: OrderStore) -> None:
        orders = [an_order() for _ in range(10)]
        calls = [asyncio.create_task(store.add(order, order.order_id)) for order in orders]
        await asyncio.sleep(0)
        for call in calls[::2]:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        for order in orders:
            assert await store.add(order, order.order_id) == Admission(order.order_id, replayed=False)
        assert await count(store) == 10


def _with_user(order: Order, user_id: str) -> Order:
    return evolve(order, user_id=user_id)
