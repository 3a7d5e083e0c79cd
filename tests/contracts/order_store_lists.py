"""The contract of the order store's lists by their filters."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from application.ports.order_store import OrderFilter, OrderStore
from domain.order import Order
from domain.status import FailureReason, OrderStatus
from tests.builders import START, a_stamp, an_order
from tests.contracts.order_store_harness import append, append_all, life

PENDING, SUBMITTED, CONFIRMED, FAILED = (
    frozenset({status})
    for status in (OrderStatus.PENDING, OrderStatus.SUBMITTED, OrderStatus.CONFIRMED, OrderStatus.FAILED)
)
MINUTE = timedelta(minutes=1)


async def kept(store: OrderStore, minute: int = 0, **over: object) -> Order:
    order = evolve(an_order(**over), created_at=START + minute * MINUTE)
    await store.add(order)
    return order


async def an_hour_of_orders(store: OrderStore) -> list[Order]:
    """Keep an order each minute, of two users and three pairs; every third is confirmed, every fifth submitted."""
    orders = []
    for n in range(60):
        bought = ("USDC", "EUR", "usdc")[n % 3]
        order = await kept(store, n, userId=("anna", "annabel")[n % 2], outputToken=bought, clientOrderId=f"id-{n}")
        steps = 10 if n % 3 == 0 else 4 if n % 5 == 0 else 0
        await append_all(store, life(order)[:steps])
        if n % 7 == 1 and not steps:
            await append(store, order.fail(a_stamp(1), FailureReason.CANCELLED))
        stored = await store.get(order.order_id)
        assert stored is not None
        orders.append(stored)
    return orders


async def listed(store: OrderStore, limit: int, **wanted: Any) -> list[str]:
    """Return the ids of a list, page by page; each page has at most `limit`."""
    found: list[str] = []
    cursor = None
    while True:
        page = await store.find(OrderFilter(**wanted), cursor, limit)
        assert len(page.orders) <= limit
        found += [order.order_id for order in page.orders]
        cursor = page.next_cursor
        if cursor is None:
            return found


FILTERS: list[Mapping[str, Any]] = [
    {"statuses": CONFIRMED | FAILED},
    {"statuses": SUBMITTED | PENDING},
    {"statuses": SUBMITTED | FAILED, "user_id": "anna"},
    {"statuses": SUBMITTED | PENDING, "user_id": "anna"},
    {"statuses": frozenset(OrderStatus) - CONFIRMED},
    {"statuses": frozenset({OrderStatus.RESTING, OrderStatus.PENDING}), "user_id": "annabel"},
    {"user_prefix": "anna"},
    {"user_prefix": "annab"},
    {"user_prefix": "a%"},
    {"user_prefix": "ann", "statuses": FAILED},
    {"user_prefix": "b", "user_id": "anna"},
    {"pair": "SOL/USDC"},
    {"pair": "SOL/usdc", "user_id": "anna"},
    {"pair": "USDC/SOL"},
    {"pair": "SOL/EUR", "statuses": SUBMITTED | PENDING},
    {"venue": "Meteora"},
    {"venue": "Nowhere"},
    {"venue": "Meteora", "statuses": SUBMITTED, "user_id": "annabel"},
    {"since": START + 30 * MINUTE},
    {"until": START + 30 * MINUTE},
    {"since": START + 20 * MINUTE, "until": START + 21 * MINUTE},
    {"since": START + 21 * MINUTE, "until": START + 20 * MINUTE},
    {"since": START + 20 * MINUTE, "until": START + 50 * MINUTE, "user_id": "anna"},
    {"since": START + 10 * MINUTE, "statuses": CONFIRMED, "pair": "SOL/USDC", "venue": "Meteora", "user_id": "anna"},
    {"until": START + 50 * MINUTE, "statuses": FAILED, "user_id": "annabel"},
    {"until": START + 50 * MINUTE, "statuses": SUBMITTED | PENDING, "user_id": "annabel"},
    {"since": START - 10_000 * MINUTE, "until": START + 10_000 * MINUTE},
    {"client_order_id": "id-8", "user_id": "anna"},
    {"client_order_id": "id-8", "user_id": "annabel"},
    {"client_order_id": "id-8", "user_id": "anna", "statuses": PENDING, "pair": "SOL/usdc"},
    {"client_order_id": "id-8", "user_id": "anna", "statuses": CONFIRMED},
    {"client_order_id": "id-8"},
    {"client_order_id": "id-999", "user_id": "anna"},
]


class ListContract:
    async def test_each_filter_lists_what_it_means(self, store: OrderStore) -> None:
        orders = await an_hour_of_orders(store)
        for wanted in FILTERS:
            meant = [order.order_id for order in reversed(orders) if OrderFilter(**wanted).has(order)]
            for limit in (3, 200):
                assert await listed(store, limit, **wanted) == meant, (wanted, limit)

    @pytest.mark.parametrize("wanted", [{"pair": "SOL/USDC"}, {"until": START + 4 * MINUTE}, {"user_prefix": "user"}])
    async def test_filtered_pages_neither_repeat_nor_skip_while_orders_arrive(
        self, store: OrderStore, wanted: Mapping[str, Any]
    ) -> None:
        first_ones = [(await kept(store, n)).order_id for n in range(4)]
        page = await store.find(OrderFilter(**wanted), None, 2)
        await kept(store, 3)
        rest = await store.find(OrderFilter(**wanted), page.next_cursor, 200)
        assert [order.order_id for order in (*page.orders, *rest.orders)] == first_ones[::-1]

    async def test_what_cannot_be_stored_is_not_found(self, store: OrderStore) -> None:
        await kept(store)
        for wanted in ({"pair": "S\0L/USDC"}, {"venue": "\ud800"}, {"user_prefix": "u\0"}):
            assert await listed(store, 10, **wanted) == []
