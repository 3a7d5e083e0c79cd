"""Stopping many orders at once: those of the caller, each at most once, and none that was submitted."""

import pytest
from attrs import field, frozen

from adapters.memory.audit import InMemoryAudit
from adapters.memory.order_store import InMemoryOrderStore
from adapters.memory.update_feed import InMemoryUpdateFeed
from application import cancel_orders
from application.caller import ANYONE, Caller, Scope
from application.cancel_order import CancelOrder
from application.cancel_orders import CancelOrders
from application.errors import Forbidden, TradingHalted
from application.ports.audit import AuditFilter, Outcome
from application.ports.errors import StoreUnavailable
from application.ports.order_store import Record, UnfinishedFilter, UnfinishedPage
from application.record_step import RecordStep
from application.trading_gate import TradingGate
from domain.order import Order
from entrypoints.system import RandomIds
from tests.builders import a_request, a_stamp, an_id, an_order
from tests.clock import ManualClock
from tests.contracts.order_store_harness import append_all, clean_run
from tests.execution import a_gate

ANNA = Caller("anna", frozenset({Scope.ORDERS_CANCEL}))
EVERYTHING = UnfinishedFilter()


@frozen
class Bench:
    clock: ManualClock = field(factory=ManualClock)
    store: InMemoryOrderStore = field(init=False)
    audit: InMemoryAudit = field(init=False)
    gate: TradingGate = field(init=False)
    cancel_all: CancelOrders = field(init=False)

    @store.default
    def _store(self) -> InMemoryOrderStore:
        return InMemoryOrderStore(self.clock)

    @audit.default
    def _audit(self) -> InMemoryAudit:
        return InMemoryAudit(self.clock)

    @gate.default
    def _gate(self) -> TradingGate:
        return a_gate(self.clock)

    @cancel_all.default
    def _cancel_all(self) -> CancelOrders:
        record_step = RecordStep(self.store, InMemoryUpdateFeed())
        cancel = CancelOrder(self.store, record_step, self.clock, RandomIds(), self.gate)
        return CancelOrders(self.store, cancel, self.clock, self.audit)

    async def order(self, user_id: str = "anna", steps: int = 0) -> str:
        order = an_order(userId=user_id)
        await self.store.add(order)
        await append_all(self.store, clean_run(order)[:steps])
        return order.order_id

    async def statuses(self, *order_ids: str) -> list[str]:
        orders = [await self.store.get(order_id) for order_id in order_ids]
        return [f"{order.status} {order.reason}" for order in orders if order is not None]


async def test_what_is_not_submitted_is_stopped_and_the_rest_is_told() -> None:
    bench = Bench()
    pending, routing, building, submitted, ended = [await bench.order(steps=steps) for steps in (0, 2, 3, 4, 5)]
    outcome = await bench.cancel_all(ANNA, EVERYTHING)
    assert (outcome.cancelled, outcome.not_cancellable) == ((pending, routing, building), (submitted,))
    assert await bench.statuses(pending, submitted, ended) == ["failed cancelled", "submitted None", "confirmed None"]
    assert (await bench.cancel_all(ANNA, EVERYTHING)).cancelled == ()


async def test_only_the_callers_own_unless_it_acts_for_all() -> None:
    bench = Bench()
    annas, bobs = await bench.order(), await bench.order("bob")
    with pytest.raises(Forbidden):
        await bench.cancel_all(ANNA, UnfinishedFilter("bob"))
    with pytest.raises(Forbidden):
        await bench.cancel_all(Caller("anna", frozenset(Scope) - {Scope.ORDERS_CANCEL}), EVERYTHING)
    assert (await bench.cancel_all(ANNA, EVERYTHING)).cancelled == (annas,)
    assert (await bench.cancel_all(ANYONE, UnfinishedFilter("bob"))).cancelled == (bobs,)


async def test_thousands_are_stopped_page_by_page_and_what_comes_meanwhile_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cancel_orders, "PAGE", 100)
    monkeypatch.setattr(cancel_orders, "AT_ONCE", 30)
    bench = Bench()
    for _ in range(250):
        await bench.order()
    unfinished = bench.store.unfinished

    async def more_come(wanted: UnfinishedFilter, after: str | None, limit: int) -> UnfinishedPage:
        for _ in range(100):
            later = Order.new(an_id(), a_request(userId="anna"), bench.clock.now() + 2 * cancel_orders.MARGIN)
            await bench.store.add(later)
        return await unfinished(wanted, after, limit)

    monkeypatch.setattr(bench.store, "unfinished", more_come)
    assert len((await bench.cancel_all(ANNA, EVERYTHING)).cancelled) == 250


async def test_a_worker_that_is_faster_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    moves, submits = await bench.order(), await bench.order(steps=3)
    append = bench.store.append
    raced: list[str] = []

    async def raced_append(record: Record) -> None:
        if record.before.order_id not in raced:
            raced.append(record.before.order_id)
            order = record.before
            step = order.request_quotes(a_stamp(), ["Raydium"]) if order.version == 0 else clean_run(order)[3]
            await append(Record.of(order, step))
        await append(record)

    monkeypatch.setattr(bench.store, "append", raced_append)
    outcome = await bench.cancel_all(ANNA, EVERYTHING)
    assert (outcome.cancelled, outcome.not_cancellable) == ((moves,), (submits,))


async def test_while_writes_are_lost_nothing_is_stopped() -> None:
    bench = Bench()
    order_id = await bench.order()
    await bench.gate.halts.start("it went back", ANYONE.act("trading.halt"), lost_writes=True)
    await bench.gate.look()
    with pytest.raises(TradingHalted):
        await bench.cancel_all(ANYONE, EVERYTHING)
    assert await bench.statuses(order_id) == ["pending None"]


async def test_a_store_that_goes_away_is_said_and_the_call_may_be_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    for _ in range(3):
        await bench.order()
    append = bench.store.append
    calls = iter((True, False, True))

    async def sometimes(record: Record) -> None:
        if not next(calls):
            raise StoreUnavailable
        await append(record)

    with monkeypatch.context() as patch:
        patch.setattr(bench.store, "append", sometimes)
        with pytest.raises(StoreUnavailable):
            await bench.cancel_all(ANNA, EVERYTHING)
    assert len((await bench.cancel_all(ANNA, EVERYTHING)).cancelled) == 1


async def test_an_operators_act_is_noted_and_takes_an_operator() -> None:
    bench = Bench()
    await bench.order(steps=3)
    with pytest.raises(Forbidden):
        await bench.cancel_all.by_operator(ANNA, EVERYTHING)
    await bench.cancel_all.by_operator(ANYONE, UnfinishedFilter(venue="Meteora"))
    page = await bench.audit.records(AuditFilter(), None, 10)
    assert [(each.entry.what, each.entry.subject, each.entry.outcome) for each in page.records] == [
        ("orders.cancel-all", "Meteora", Outcome.DONE),
        ("orders.cancel-all", "Meteora", Outcome.BEGUN),
    ]
