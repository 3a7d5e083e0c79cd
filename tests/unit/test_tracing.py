"""One order's trace: which spans there are, below which others, whoever goes on with the order."""

from collections.abc import AsyncIterator, Iterator
from contextvars import copy_context

import pytest
from attrs import define, evolve, field, frozen

from application import observe
from application.caller import ANYONE
from application.cancel_order import CancelOrder
from application.observe import log, tracing
from application.observe.tracing import Facts, Ids, Kind
from application.ports.errors import StoreUnavailable, VenueUnavailable
from application.record_step import RecordStep
from domain.order import Order
from domain.origin import Origin
from entrypoints.system import RandomIds
from tests.api import ORDER, Api, running_api
from tests.builders import a_transaction, an_order
from tests.execution import SUBMITTED, Bench, open_bench
from tests.hostile_venue import client_of, hostile_venue, reply
from tests.scripted_venue import LANDED, REJECTED
from tests.unit.http.test_orders import EXECUTE
from tests.unit.test_origin import SPAN, TRACE, TRACEPARENT


@frozen
class Span:
    """One that was added."""

    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    name: str
    kind: Kind
    began: int
    ended: int
    facts: dict[str, str | int]
    error: str | None


@define
class KeptSpans:
    """Spans in a list. Every order is traced whose client does not say that it is not, unless none is to be."""

    spans: list[Span] = field(factory=list)
    none: bool = False
    at: int = 2**62  # after all that happens in tests

    def now(self) -> int:
        self.at += 1
        return self.at

    def samples(self, trace_id: bytes, traceparent: str | None) -> bool:
        return not self.none and (traceparent is None or traceparent.endswith("1"))

    def add(
        self, ids: Ids, name: str, kind: Kind, began: int, ended: int, facts: Facts = (), error: str | None = None
    ) -> None:
        self.spans.append(Span(*ids, name, kind, began, ended, dict(facts), error))

    def names(self) -> list[str]:
        return [span.name for span in self.spans]

    def named(self, name: str) -> Span:
        [span] = [span for span in self.spans if span.name == name]
        return span


@pytest.fixture
def kept() -> Iterator[KeptSpans]:
    kept = KeptSpans()
    tracing.send_to(kept)
    yield kept
    tracing.send_to(None)


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with running_api() as api:
        yield api


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with open_bench() as bench:
        yield bench


async def accepted(api: Api, traceparent: str | None = None) -> Order:
    headers = {"X-Request-Id": "mine", **({"traceparent": traceparent} if traceparent else {})}
    answer = await api.http.post(EXECUTE, json=ORDER, headers=headers)
    order = await api.engine.store.get(answer.json()["orderId"])
    assert order is not None
    return order


async def traced(bench: Bench, *steps: str) -> Order:
    """Store an order of a trace that took these steps and was then left alone."""
    order = evolve(an_order(), created_at=bench.clock.now(), origin=Origin("mine", TRACEPARENT))
    await bench.store.add(order)
    order = await bench.latest(order)
    for step in steps:
        order = await bench.write(order, await bench.step(order, step))
    return await bench.latest(order)


def step_ids(kept: KeptSpans) -> dict[str, bytes]:
    return {span.name: span.span_id for span in kept.spans if span.kind == "internal" and span.name != "wait"}


async def test_a_trace_goes_from_the_clients_span_to_the_orders_end(api: Api, kept: KeptSpans) -> None:
    order = await accepted(api, TRACEPARENT)
    await api.engine.execute(order.order_id)
    accept = kept.named("accept")
    assert (accept.trace_id.hex(), accept.parent_id.hex(), accept.kind) == (TRACE, SPAN, "server")
    assert accept.facts == {"order.id": order.order_id, "request.id": "mine"}
    assert order.origin.traceparent == f"00-{TRACE}-{accept.span_id.hex()}-01"
    assert {span.trace_id for span in kept.spans} == {accept.trace_id}
    steps = step_ids(kept)
    assert list(steps) == [
        "quotes_requested",
        "route_chosen",
        "build_started",
        "transaction_submitted",
        "swap_confirmed",
    ]
    assert {span.parent_id for span in kept.spans if span.name in steps} == {accept.span_id}
    assert kept.named("wait").parent_id == steps["quotes_requested"]
    calls = {span.name: span for span in kept.spans if span.kind == "client"}
    chosen = calls.keys() - {"quote Raydium", "quote Meteora"}
    assert {name.split()[0] for name in chosen} == {"build", "submit"}
    assert {calls[f"quote {venue}"].parent_id for venue in ("Raydium", "Meteora")} == {steps["route_chosen"]}
    for name in chosen:
        under = "transaction_submitted" if name.startswith("build") else "swap_confirmed"
        assert calls[name].parent_id == steps[under]
    assert all(span.began <= span.ended and span.error is None for span in kept.spans)


async def test_a_trace_is_made_where_the_client_has_none(api: Api, kept: KeptSpans) -> None:
    order = await accepted(api)
    accept = kept.named("accept")
    assert accept.parent_id == b""
    assert order.origin.traceparent == f"00-{accept.trace_id.hex()}-{accept.span_id.hex()}-01"


async def test_an_order_that_is_not_sampled_is_traced_by_nobody(api: Api, kept: KeptSpans) -> None:
    kept.none = True
    ours, theirs = await accepted(api), await accepted(api, TRACEPARENT)
    kept.none = False
    for order in (ours, theirs):
        await api.engine.execute(order.order_id)
    assert (ours.origin.traceparent, theirs.origin.traceparent) == (None, f"{TRACEPARENT[:-2]}00")
    assert kept.spans == []


async def test_without_tracing_the_clients_trace_stays_with_the_order(api: Api) -> None:
    assert (await accepted(api, TRACEPARENT)).origin.traceparent == TRACEPARENT
    assert (await accepted(api)).origin.traceparent is None


async def test_an_order_that_is_refused_says_why(api: Api, kept: KeptSpans) -> None:
    answer = await api.http.post(EXECUTE, json={})
    assert answer.status_code == 400
    assert kept.named("accept").error == "validation_failed"


async def test_a_failed_attempt_and_the_next_are_of_one_trace(bench: Bench, kept: KeptSpans) -> None:
    bench.script.sending = [REJECTED]
    order = await traced(bench)
    await bench.execute(order.order_id)
    await bench.execute(order.order_id)
    failed = kept.named("attempt_failed")
    assert failed.error is not None
    assert failed.error.startswith("Attempt 1 of 3 failed: ")
    assert [span.facts["attempt"] for span in kept.spans if span.name == "quotes_requested"] == [1, 2]
    assert kept.names()[-1] == "swap_confirmed"
    assert kept.names().count("wait") == 2
    assert len({span.span_id for span in kept.spans}) == len(kept.spans)


async def test_a_step_has_one_span_however_many_take_it_up(bench: Bench, kept: KeptSpans) -> None:
    order = await traced(bench, *SUBMITTED)
    bench.script.reports = [VenueUnavailable("away"), LANDED]
    for _ in range(2):
        await bench.execute(order.order_id)
    wait, confirmed = kept.spans
    assert (wait.name, confirmed.name) == ("wait", "swap_confirmed")
    assert wait.parent_id == confirmed.span_id == (int(SPAN, 16) + order.version + 1).to_bytes(8)
    assert confirmed.parent_id.hex() == SPAN


async def test_a_cancel_ends_the_trace_of_the_order(bench: Bench, kept: KeptSpans) -> None:
    order = await traced(bench)
    cancel = CancelOrder(bench.store, RecordStep(bench.store, bench.feed), bench.clock, RandomIds(), bench.gate)
    await cancel(ANYONE, order.order_id)
    assert kept.names() == ["cancelled"]
    assert (kept.spans[0].trace_id.hex(), kept.spans[0].parent_id.hex()) == (TRACE, SPAN)


async def test_after_a_traced_order_another_is_not(bench: Bench, kept: KeptSpans) -> None:
    order = await bench.order()
    await bench.execute((await traced(bench)).order_id)
    count = len(kept.spans)
    await bench.execute(order.order_id)
    assert len(kept.spans) == count


async def test_a_venue_is_told_of_the_trace_even_where_nobody_traces(bench: Bench) -> None:
    def told() -> None:
        assert tracing.passed_on(tracing.new_call()) == {}
        log.TRACEPARENT.set(TRACEPARENT)
        assert tracing.passed_on(tracing.new_call()) == {"traceparent": TRACEPARENT}

    copy_context().run(told)


async def test_a_store_that_is_away_fails_the_acceptance(kept: KeptSpans) -> None:
    with pytest.raises(StoreUnavailable), tracing.accepting(None, 0.0):
        raise StoreUnavailable("a test")
    assert kept.named("accept").error == "store_unavailable"


async def test_a_venue_over_http_goes_on_with_the_trace(bench: Bench, kept: KeptSpans) -> None:
    order = await traced(bench)
    landed = reply('{"txHash":"tx_1","status":"landed","price":"147.3312"}')
    async with hostile_venue(landed) as venue, client_of(venue) as client:
        observe.order_taken(order)
        await client.lookup(a_transaction(order, tx_hash="tx_1"))
    call = kept.named("lookup Meteora")
    assert f"traceparent: 00-{TRACE}-{call.span_id.hex()}-01" in venue.asked[0]
    assert (call.facts, call.error) == ({"venue": "Meteora", "outcome": "ok"}, None)


async def test_a_venue_that_does_not_answer_is_an_error_in_the_trace(bench: Bench, kept: KeptSpans) -> None:
    order = await traced(bench)
    async with hostile_venue(reply("", "500 Oh")) as venue, client_of(venue) as client:
        observe.order_taken(order)
        with pytest.raises(VenueUnavailable):
            await client.lookup(a_transaction(order))
    assert kept.named("lookup Meteora").error == "bad_answer"
