"""Orders at every point that an order can stop at, and how they were asked for."""

from collections.abc import Callable, Mapping
from functools import partial

from attrs import field, frozen

from application.ports.order_store import OrderStore, Record
from domain.events import Stamp
from domain.order import Order, Step
from domain.status import FailureReason
from tests.builders import QUOTES, ROUTING, VENUES, a_fill, a_request, a_stamp, a_transaction, an_id
from tests.builders import START as BIRTH
from tests.integration.releases import HELD_USER

Move = Callable[[Order], Step]


def at(order: Order) -> Stamp:
    """One second an event."""
    return a_stamp(order.version + 1)


def quoting(order: Order) -> Step:
    return order.request_quotes(at(order), VENUES)


def routed(order: Order) -> Step:
    return order.choose_route(at(order), QUOTES, QUOTES[1], ROUTING)


def building(order: Order) -> Step:
    return order.start_building(at(order))


def submitted(order: Order) -> Step:
    limit = None if order.slippage_bps is None else QUOTES[1].price
    return order.submit(at(order), a_transaction(order, limit_price=limit))


def confirmed(order: Order) -> Step:
    return order.confirm(at(order), a_fill(QUOTES[1].price, order.amount))


def retried(order: Order) -> Step:
    return order.fail_attempt(at(order), FailureReason.SLIPPAGE_EXCEEDED.message, 3, 1000 * 2 ** (order.attempt - 1))


def failed(reason: FailureReason, order: Order) -> Step:
    return order.expire(at(order)) if reason is FailureReason.EXPIRED else order.fail(at(order), reason)


UNSURE = (quoting, routed, building, submitted)


@frozen
class Sample:
    """An order's request and what happened to it since."""

    asked: Mapping[str, object] = field(factory=dict)
    moves: tuple[Move, ...] = ()
    key: str | None = None


SAMPLES = (
    Sample(),
    Sample({"slippageBps": 50, "clientOrderId": "mine:1", "amount": "0.00000001"}, key="key-of-a-pending-one"),
    Sample({"userId": HELD_USER}),
    Sample(moves=UNSURE[:1]),
    Sample(moves=UNSURE[:2], key="key-of-a-routed-one"),
    Sample(moves=UNSURE[:3]),
    Sample(moves=(*UNSURE[:3], quoting), key="key-of-one-that-a-crash-sent-back"),
    Sample({"slippageBps": 0}, UNSURE, "key-of-a-submitted-one"),
    Sample(moves=(*UNSURE, retried)),
    Sample({"amount": "9999999999.99999999"}, (*UNSURE, retried, *UNSURE)),
    Sample({"userId": "Zoë \"x\" 'y' \\ 🚀", "inputToken": "ÐOGE"}, (*UNSURE, confirmed), "key-of-a-confirmed-one"),
    Sample({"clientOrderId": "mine:2", "amount": "10.5"}, (*UNSURE, retried, *UNSURE, confirmed)),
    Sample(
        {"slippageBps": 100}, ((*UNSURE, retried) * 2 + (*UNSURE, partial(failed, FailureReason.SLIPPAGE_EXCEEDED)))
    ),
    Sample(moves=(quoting, partial(failed, FailureReason.VENUE_UNAVAILABLE))),
    Sample(moves=(quoting, routed, partial(failed, FailureReason.CANCELLED)), key="key-of-a-cancelled-one"),
    Sample(moves=(partial(failed, FailureReason.EXPIRED),)),
    Sample(moves=(*UNSURE, retried, quoting, partial(failed, FailureReason.INTERNAL_ERROR))),
)


async def keep(store: OrderStore, sample: Sample) -> Order:
    """Store the order and each of its steps; return it."""
    order = Order.new(an_id(), a_request(**sample.asked), BIRTH)
    await store.add(order, sample.key)
    for move in sample.moves:
        record = Record.of(order, move(order))
        await store.append(record)
        order = record.after
    return order
