"""Random calls against an order store and a plain model of it: both must always agree."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from attrs import evolve
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, rule

from application.frames import frame_of
from application.ports.errors import ClientOrderIdConflict, IdempotencyKeyReused, PortError, StaleOrder
from application.ports.order_store import Admission, Backlog, OpenOrders, OrderFilter, OrderStore, Progress
from domain.order import Order, Step
from domain.status import FINAL, RESTING, FailureReason, OrderStatus
from tests.builders import QUOTES, ROUTING, VENUES, a_fill, a_stamp, a_transaction, an_order
from tests.contracts.order_store_harness import append, same

Value = TypeVar("Value")

USERS = st.sampled_from(["anna", "bert"])
NAMES = st.none() | st.sampled_from(["1", "2"])
AMOUNTS = st.sampled_from(["1", "1.0", "2"])


def next_step(order: Order) -> Step:
    """Move an unfinished order on towards its confirmation."""
    match order.status:
        case OrderStatus.PENDING:
            return order.request_quotes(a_stamp(), VENUES)
        case OrderStatus.RESTING:
            return order.trigger(a_stamp(), QUOTES[0].price, QUOTES[0].venue)
        case OrderStatus.ROUTING if not order.quotes:
            return order.choose_route(a_stamp(), QUOTES, QUOTES[1], ROUTING)
        case OrderStatus.ROUTING:
            return order.start_building(a_stamp())
        case OrderStatus.BUILDING:
            return order.submit(a_stamp(), a_transaction(order))
        case _:
            return order.confirm(a_stamp(), a_fill(QUOTES[1].price))


class OrderStoreMachine(RuleBasedStateMachine):
    """A test class gives `new_store` and `close_store`."""

    orders = Bundle("orders")
    steps = Bundle("steps")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.store = self.runner.run(self.new_store())
        self.model: dict[str, Order] = {}  # in the order of adding
        self.events: dict[str, list[Step]] = {}
        self.keys: dict[tuple[str, str], str] = {}
        self.names: dict[tuple[str, str], str] = {}

    async def new_store(self) -> OrderStore:
        """Give an open, empty store."""
        raise NotImplementedError

    async def close_store(self) -> None:
        """Close it."""

    def teardown(self) -> None:
        self.runner.run(self.close_store())
        self.runner.close()

    @rule(target=orders, user=USERS, amount=AMOUNTS, name=NAMES)
    def ask(self, user: str, amount: str, name: str | None) -> Order:
        return evolve(an_order(userId=user, amount=amount), client_order_id=name)

    @rule(order=orders, key=NAMES)
    def add(self, order: Order, key: str | None) -> None:
        assert self._outcome(self.store.add(order, key)) == self._added(order, key)

    @rule(target=steps, order=orders, turn=st.sampled_from(["on", "rest", "fail"]))
    def decide(self, order: Order, turn: str) -> Step:
        """Make a next step of an order as it is now; others may overtake it before it is appended."""
        now = self.model.get(order.order_id, order)
        if now.status.is_final:
            now = order
        if turn == "fail" and now.status is not OrderStatus.SUBMITTED:
            return now.fail(a_stamp(), FailureReason.CANCELLED)
        if turn == "rest" and now.status is OrderStatus.PENDING:
            return now.rest(a_stamp(), "151.2 or better")
        if turn == "rest" and now.status is OrderStatus.ROUTING:
            return now.miss_limit(a_stamp(), QUOTES[1].price)
        return next_step(now)

    @rule(step=steps)
    def append(self, step: Step) -> None:
        order, event = step
        told = self.events.get(order.order_id, [])
        fits = order.order_id in self.model and event.seq == len(told) + 1
        repeats = event.seq <= len(told) and told[event.seq - 1] == step
        outcome = self._outcome(append(self.store, step))
        assert outcome == (frame_of(event) if fits or repeats else StaleOrder)
        if fits:
            self.model[order.order_id] = order
            told.append(step)

    @rule(order=orders)
    def look(self, order: Order) -> None:
        known = self.model.get(order.order_id)
        stored = self.runner.run(self.store.get(order.order_id))
        assert same(stored, known) if known else stored is None
        told = [frame_of(event) for _, event in self.events.get(order.order_id, [])]
        for after in (0, 1):
            assert list(self.runner.run(_listed(self.store.events(order.order_id, after)))) == told[after:]
        wanted = {}
        if known:
            final = known.status.is_final
            end = told[-1] if final else None
            wanted = {order.order_id: Progress(known.version, final, known.user_id, end)}
        assert self.runner.run(_listed(self.store.last_seqs([order.order_id]))) == wanted

    @rule(user=st.none() | USERS, status=st.none() | st.sampled_from(OrderStatus), limit=st.integers(1, 3))
    def page_through(self, user: str | None, status: OrderStatus | None, limit: int) -> None:
        query = OrderFilter(user, frozenset() if status is None else frozenset({status}))
        wanted = [order.order_id for order in reversed(self.model.values()) if query.has(order)]
        found: list[str] = []
        cursor = None
        while True:
            page = self.runner.run(self.store.find(query, cursor, limit))
            found += [order.order_id for order in page.orders]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert found == wanted

    @rule()
    def count_what_is_open(self) -> None:
        unfinished = [order for order in self.model.values() if order.status not in FINAL | RESTING]
        pending = [order.created_at for order in unfinished if order.status is OrderStatus.PENDING]
        wanted = Backlog(len(unfinished), min(pending, default=None))
        assert self.runner.run(_listed(self.store.backlog())) == wanted

    @rule()
    def sweep(self) -> None:
        """Everything is idle at once."""
        runs = [order.order_id for order in self.model.values() if order.status not in FINAL | RESTING]
        page = self.runner.run(self.store.open_orders(None, 1000, 0))
        assert page == OpenOrders(tuple(runs), None)

    def _outcome(self, call: Coroutine[Any, Any, Value]) -> Value | type[PortError]:
        try:
            return self.runner.run(call)
        except PortError as error:
            return type(error)

    def _added(self, order: Order, key: str | None) -> Admission | type[PortError]:
        """Add to the model, and tell what the store should say."""
        named = (order.user_id, order.client_order_id) if order.client_order_id else None
        keyed = (order.user_id, key) if key else None
        refusal: type[PortError] = IdempotencyKeyReused
        if keyed in self.keys:
            standing = self.keys[keyed]
        elif named in self.names:
            standing, refusal = self.names[named], ClientOrderIdConflict
        else:
            standing = order.order_id
            if self.model.setdefault(standing, order) is order:
                self.events[standing] = []
        if not order.asks_same_as(self.model[standing]):
            return refusal
        if keyed:
            self.keys[keyed] = standing
        if named:
            self.names[named] = standing
        return Admission(standing, replayed=standing != order.order_id)


async def _listed(call: Any) -> Any:
    return await call
