"""A store under test, and the little beyond its port that tests need."""

from collections.abc import Awaitable, Callable
from decimal import Decimal

from attrs import evolve, frozen

from application.frames import Frame
from application.ports.order_store import OrderStore, Record
from domain.order import Order, Step
from domain.status import FailureReason
from domain.transaction import Fill
from tests.builders import QUOTES, ROUTING, VENUES, a_fill, a_stamp, a_transaction


@frozen
class OrderStoreHarness:
    """`age` lets that many seconds pass for every order, as the store sees it; `add_held` adds a held one.

    `step_clock` sets the store's clock forward, or back, by so many seconds.
    """

    store: OrderStore
    age: Callable[[float], Awaitable[None]]
    add_held: Callable[[Order], Awaitable[object]]
    close: Callable[[], Awaitable[None]]
    step_clock: Callable[[float], Awaitable[None]]


def same(stored: Order | None, written: Order) -> bool:
    """Whether an order came back as it was written, but for the time of the write, which is the store's."""
    return stored is not None and evolve(stored, updated_at=written.updated_at) == written


def clean_run(order: Order) -> list[Step]:
    """Return the five steps of an order that is confirmed at once."""
    return _steps(
        order,
        lambda o: o.request_quotes(a_stamp(1), VENUES),
        lambda o: o.choose_route(a_stamp(2), QUOTES, QUOTES[1], ROUTING),
        lambda o: o.start_building(a_stamp(3)),
        lambda o: o.submit(a_stamp(4), a_transaction(o)),
        lambda o: o.confirm(a_stamp(5), a_fill(QUOTES[1].price)),
    )


def landed_on_chain(order: Order, fill: Fill, **over: object) -> Record:
    """Return the record of an order whose transaction, changed by `over`, landed on a chain."""
    steps = clean_run(order)[:3]
    before = steps[-1][0]
    submission = before.submit(a_stamp(4), a_transaction(before, **over))
    return Record.of(order, *steps, submission, submission[0].confirm(a_stamp(5), fill))


def life(order: Order) -> list[Step]:
    """Return the ten steps of an order that has a failed attempt and is then confirmed."""
    return _steps(
        order,
        lambda o: o.request_quotes(a_stamp(1), VENUES),
        lambda o: o.choose_route(a_stamp(2), QUOTES, QUOTES[1], ROUTING),
        lambda o: o.start_building(a_stamp(3)),
        lambda o: o.submit(a_stamp(4), a_transaction(o)),
        lambda o: o.fail_attempt(a_stamp(5), "Slippage tolerance exceeded", 3, 1000),
        lambda o: o.request_quotes(a_stamp(6), VENUES),
        lambda o: o.choose_route(a_stamp(7), QUOTES[:1], QUOTES[0], ROUTING),
        lambda o: o.start_building(a_stamp(8)),
        lambda o: o.submit(
            a_stamp(9), a_transaction(o, venue="Raydium", fee=QUOTES[0].fee, limit_price=QUOTES[0].price)
        ),
        lambda o: o.confirm(a_stamp(10), a_fill(QUOTES[0].price)),
    )


def resumed_run(order: Order) -> list[Step]:
    """Return the five steps of an order that starts its attempt once more and then fails."""
    return _steps(
        order,
        lambda o: o.request_quotes(a_stamp(1), VENUES),
        lambda o: o.choose_route(a_stamp(2), QUOTES, QUOTES[1], ROUTING),
        lambda o: o.request_quotes(a_stamp(3), VENUES),
        lambda o: o.choose_route(a_stamp(4), QUOTES[:1], QUOTES[0], ROUTING),
        lambda o: o.fail(a_stamp(5), FailureReason.CANCELLED),
    )


def rested_run(order: Order) -> list[Step]:
    """Return the seven steps of an order that rests, misses its limit when it is triggered, and is triggered again."""
    return _steps(
        order,
        lambda o: o.rest(a_stamp(1), "151.2 or better"),
        lambda o: o.trigger(a_stamp(2), Decimal("151.3"), "Raydium"),
        lambda o: o.request_quotes(a_stamp(3), VENUES),
        lambda o: o.choose_route(a_stamp(4), QUOTES, QUOTES[1], ROUTING),
        lambda o: o.miss_limit(a_stamp(5), Decimal("151.1")),
        lambda o: o.trigger(a_stamp(6), Decimal("151.2"), "Meteora"),
        lambda o: o.request_quotes(a_stamp(7), VENUES),
    )


def record_of(step: Step) -> Record:
    """Return the record of one step alone; of the order before it a store needs no more than this."""
    after, event = step
    before = evolve(after, version=event.seq - 1, quotes=() if after.quotes else QUOTES)
    return Record.of(before, step)


async def append(store: OrderStore, step: Step) -> Frame:
    """Append one step; return its frame."""
    record = record_of(step)
    await store.append(record)
    return record.frames[0]


async def append_all(store: OrderStore, steps: list[Step]) -> list[Frame]:
    """Append the steps one after the other; return the frames."""
    return [await append(store, step) for step in steps]


def _steps(order: Order, *transitions: Callable[[Order], Step]) -> list[Step]:
    steps: list[Step] = []
    for transition in transitions:
        order, event = transition(order)
        steps.append((order, event))
    return steps
