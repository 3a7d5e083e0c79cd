"""Who asks: another's order looks as an unknown one, in every use case, and nothing is done without its scope."""

from collections.abc import Awaitable, Callable, Sequence

import pytest
from attrs import define, evolve

from adapters.memory.executions import InMemoryExecutions
from adapters.memory.jobs import InMemoryJobs
from adapters.memory.order_counts import InMemoryOrderCounts
from adapters.memory.order_queue import InMemoryOrderQueue
from adapters.memory.order_store import InMemoryOrderStore
from adapters.memory.queue_operations import InMemoryQueueOperations
from adapters.memory.trading_halts import InMemoryTradingHalts
from adapters.memory.update_feed import InMemoryUpdateFeed
from adapters.memory.workers import InMemoryWorkers
from application.caller import ANYONE, Caller, Scope
from application.cancel_order import CancelOrder
from application.engine_stats import EngineStats
from application.errors import Forbidden, OrderNotDeadLetter, OrderNotFound
from application.frames import Frame
from application.operate_orders import OperateOrders
from application.operate_queue import OperateQueue, QueryQueue
from application.operate_trading import OperateTrading
from application.order_progress import OrderProgress
from application.ports.audit import AuditFilter
from application.ports.errors import UnreadableOrder
from application.ports.order_store import OrderFilter
from application.query_audit import QueryAudit
from application.query_orders import QueryOrders
from application.record_step import RecordStep
from application.submit_order import SubmitOrder
from application.trading_gate import TradingGate
from application.watch_feed import WatchFeed
from application.watch_order import WatchOrder
from domain.errors import ValidationFailed
from domain.order import Order
from entrypoints.system import RandomIds
from tests.builders import a_request, an_id, an_order
from tests.clock import ManualClock
from tests.scripted_venue import Script

Call = Callable[["Engine", Caller, str], Awaitable[object]]

OWN = frozenset({Scope.ORDERS_READ, Scope.ORDERS_WRITE, Scope.ORDERS_CANCEL, Scope.ADMIN})
ANNA, BERT = Caller("anna", OWN), Caller("bert", OWN)
BACKEND = Caller("backend", OWN | {Scope.USERS_ANY})


class WatchedStore(InMemoryOrderStore):
    """Keeps the names of its calls; `damaged` orders cannot be read, and are the user's that it names."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock)
        self.calls: list[str] = []
        self.damaged: dict[str, str | None] = {}

    async def get(self, order_id: str, *, durable: bool = False) -> Order | None:
        self.calls.append("get")
        if order_id in self.damaged:
            raise UnreadableOrder("a row changed by hand", self.damaged[order_id])
        return await super().get(order_id, durable=durable)

    async def events(self, order_id: str, after_seq: int) -> Sequence[Frame]:
        self.calls.append("events")
        return await super().events(order_id, after_seq)


@define
class Engine:
    """All use cases that take a caller, on a store with one order of anna's."""

    store: WatchedStore
    order: Order
    submit: SubmitOrder
    query: QueryOrders
    cancel: CancelOrder
    watch: WatchOrder
    feed: WatchFeed
    operate: OperateOrders
    query_queue: QueryQueue
    operate_queue: OperateQueue
    query_audit: QueryAudit
    operate_trading: OperateTrading
    stats: EngineStats


@pytest.fixture
async def engine() -> Engine:
    clock, ids, jobs = ManualClock(), RandomIds(), InMemoryJobs()
    store, feed = WatchedStore(clock), InMemoryUpdateFeed()
    queue, operations = InMemoryOrderQueue(clock, lease_seconds=10, jobs=jobs), InMemoryQueueOperations(clock, jobs)
    halts = InMemoryTradingHalts(clock, store)
    gate = TradingGate(halts, clock)
    record_step, venues = RecordStep(store, feed), Script(clock).venues()
    order = an_order(userId="anna")
    await store.add(order)
    return Engine(
        store,
        order,
        SubmitOrder(store, queue, feed, clock, ids, gate),
        QueryOrders(store, InMemoryExecutions(store.executions)),
        CancelOrder(store, record_step, clock, ids, gate),
        WatchOrder(store, OrderProgress(store), feed, clock),
        WatchFeed(feed, OrderProgress(store)),
        OperateOrders(store, queue, operations, record_step, venues, clock, ids, store.audit),
        QueryQueue(operations),
        OperateQueue(operations, store.audit),
        QueryAudit(store.audit),
        OperateTrading(store, halts),
        EngineStats(store, operations, clock, store, gate, InMemoryOrderCounts(clock), InMemoryWorkers(clock)),
    )


async def _follow(engine: Engine, caller: Caller, user_id: str | None) -> object:
    async with engine.feed(caller, user_id):
        return None


async def _revived(engine: Engine, caller: Caller, order_id: str) -> object:
    try:
        return await engine.operate.revive(caller, order_id)
    except OrderNotDeadLetter:  # as its own user may know
        return None


# Every call about one order, and the scope that it needs.
OF_ONE_ORDER: dict[str, tuple[Call, Scope]] = {
    "get": (lambda e, c, id_: e.query.get(c, id_), Scope.ORDERS_READ),
    "events": (lambda e, c, id_: e.query.events(c, id_, None), Scope.ORDERS_READ),
    "watch": (lambda e, c, id_: anext(e.watch(c, id_, None)), Scope.ORDERS_READ),
    "show": (lambda e, c, id_: e.operate.show(c, id_), Scope.ADMIN),
    "requeue": (lambda e, c, id_: e.operate.requeue(c, id_), Scope.ADMIN),
    "revive": (lambda e, c, id_: _revived(e, c, id_), Scope.ADMIN),
    "fail": (lambda e, c, id_: e.operate.fail(c, id_), Scope.ADMIN),
    "release": (lambda e, c, id_: e.operate_trading.release(c, id_), Scope.ADMIN),
    "cancel": (lambda e, c, id_: e.cancel(c, id_), Scope.ORDERS_CANCEL),
}
OF_NONE: dict[str, tuple[Call, Scope]] = {
    "submit": (lambda e, c, _: e.submit(c, a_request(userId="anna")), Scope.ORDERS_WRITE),
    "find": (lambda e, c, _: e.query.find(c, OrderFilter(), None, 10), Scope.ORDERS_READ),
    "follow all": (lambda e, c, _: _follow(e, c, None), Scope.ORDERS_READ),
    "snapshot": (lambda e, c, _: e.stats.snapshot(c), Scope.ADMIN),
    "counts": (lambda e, c, _: e.query_queue.counts(c), Scope.ADMIN),
    "dead letters": (lambda e, c, _: e.query_queue.dead_letters(c), Scope.ADMIN),
    "revive a job": (lambda e, c, id_: e.operate_queue.revive(c, id_), Scope.ADMIN),
    "pause": (lambda e, c, _: e.operate_queue.pause(c), Scope.ADMIN),
    "resume": (lambda e, c, _: e.operate_queue.resume(c), Scope.ADMIN),
    "audit": (lambda e, c, _: e.query_audit(c, AuditFilter(), None, 10), Scope.ADMIN),
    "state of trading": (lambda e, c, _: e.operate_trading.state(c), Scope.ADMIN),
    "halt trading": (lambda e, c, _: e.operate_trading.halt(c, "why"), Scope.ADMIN),
    "resume trading": (lambda e, c, _: e.operate_trading.resume(c), Scope.ADMIN),
}


@pytest.mark.parametrize("call", OF_ONE_ORDER)
async def test_anothers_order_looks_as_an_unknown_one(engine: Engine, call: str) -> None:
    made, _ = OF_ONE_ORDER[call]
    refusals = []
    for order_id in (engine.order.order_id, an_id(), "x"):
        with pytest.raises(OrderNotFound) as refused:
            await made(engine, BERT, order_id)
        refusals.append((type(refused.value), str(refused.value)))
    assert len(set(refusals)) == 1
    assert engine.store.calls == ["get", "get"]  # as many for either, and none for what no order can be called


@pytest.mark.parametrize("user_id", ["anna", None], ids=["of a known user", "of nobody knows whom"])
@pytest.mark.parametrize("call", OF_ONE_ORDER)
async def test_anothers_damaged_order_looks_as_an_unknown_one(engine: Engine, call: str, user_id: str | None) -> None:
    made, _ = OF_ONE_ORDER[call]
    engine.store.damaged = {engine.order.order_id: user_id}
    with pytest.raises(OrderNotFound):
        await made(engine, BERT, engine.order.order_id)
    for caller in (ANNA, BACKEND) if user_id else (BACKEND, ANYONE):
        with pytest.raises(UnreadableOrder):
            await made(engine, caller, engine.order.order_id)


@pytest.mark.parametrize("caller", [ANNA, BACKEND, ANYONE], ids=["its user", "for any user", "without log-in"])
@pytest.mark.parametrize("call", OF_ONE_ORDER)
async def test_who_acts_for_its_user_may_do_all_with_an_order(engine: Engine, call: str, caller: Caller) -> None:
    made, _ = OF_ONE_ORDER[call]
    await made(engine, caller, engine.order.order_id)


@pytest.mark.parametrize("call", [*OF_ONE_ORDER, *OF_NONE])
async def test_nothing_is_done_without_its_scope(engine: Engine, call: str) -> None:
    made, scope = {**OF_ONE_ORDER, **OF_NONE}[call]
    with pytest.raises(Forbidden):
        await made(engine, Caller("anna", frozenset(Scope) - {scope}), engine.order.order_id)
    await made(engine, Caller("anna", frozenset({scope})), engine.order.order_id)


async def test_what_goes_on_for_all_users_is_shown_to_who_may_see_them_all(engine: Engine) -> None:
    may = [{Scope.ADMIN}, {Scope.ORDERS_READ, Scope.USERS_ANY}]
    may_not = [set(Scope) - {Scope.ADMIN, one} for one in (Scope.ORDERS_READ, Scope.USERS_ANY)]
    for scopes in may:
        await engine.stats(Caller("anna", frozenset(scopes)))
    for scopes in may_not:
        with pytest.raises(Forbidden):
            await engine.stats(Caller("anna", frozenset(scopes)))


async def test_an_order_is_only_taken_for_a_user_that_the_caller_acts_for(engine: Engine) -> None:
    with pytest.raises(Forbidden):
        await engine.submit(BERT, a_request(userId="anna"))
    for caller in (ANNA, BACKEND, ANYONE):
        await engine.submit(caller, a_request(userId="anna"))


async def test_a_list_shows_what_the_caller_may_see(engine: Engine) -> None:
    async def listed(caller: Caller, user_id: str | None) -> int:
        return len((await engine.query.find(caller, OrderFilter(user_id=user_id), None, 10)).orders)

    assert [await listed(caller, None) for caller in (ANNA, BERT, BACKEND, ANYONE)] == [1, 0, 1, 1]
    assert [await listed(caller, "anna") for caller in (ANNA, BACKEND, ANYONE)] == [1, 1, 1]
    for caller, user_id in ((BERT, "anna"), (Caller(None, OWN), None)):
        with pytest.raises(Forbidden):
            await listed(caller, user_id)
        with pytest.raises(Forbidden):
            await _follow(engine, caller, user_id)


async def test_only_who_sees_all_users_looks_by_the_beginning_of_an_id(engine: Engine) -> None:
    for caller in (BACKEND, ANYONE):
        assert len((await engine.query.find(caller, OrderFilter(user_prefix="an"), None, 10)).orders) == 1
    with pytest.raises(Forbidden):
        await engine.query.find(ANNA, OrderFilter(user_prefix="an"), None, 10)


async def test_a_client_order_id_is_of_the_caller_or_of_who_is_named(engine: Engine) -> None:
    named = OrderFilter(client_order_id="mine")
    await engine.store.add(an_order(userId="anna", clientOrderId="mine"))
    assert len((await engine.query.find(ANNA, named, None, 10)).orders) == 1
    assert (await engine.query.find(BERT, named, None, 10)).orders == ()
    assert len((await engine.query.find(BACKEND, evolve(named, user_id="anna"), None, 10)).orders) == 1
    with pytest.raises(ValidationFailed):
        await engine.query.find(BACKEND, named, None, 10)


async def test_the_feed_of_all_is_that_of_the_callers_own(engine: Engine) -> None:
    async with engine.feed(BERT, None) as frames:
        await engine.submit(ANNA, a_request(userId="anna"))
        admission = await engine.submit(BERT, a_request(userId="bert"))
        assert (await anext(frames)).order_id == admission.order_id
