"""The one place where steps are recorded: stored first, then published, and nothing else does either."""

import ast
from pathlib import Path

import pytest

from adapters.memory.order_store import InMemoryOrderStore
from adapters.memory.update_feed import InMemoryUpdateFeed
from application.frames import Frame
from application.ports.errors import StaleOrder
from application.record_step import RecordStep
from tests.builders import QUOTES, ROUTING, VENUES, a_stamp, an_order
from tests.clock import ManualClock

ROOT = Path(__file__).parents[2]


async def test_steps_are_stored_then_published_in_order() -> None:
    store, feed = InMemoryOrderStore(ManualClock()), InMemoryUpdateFeed()
    record_step, order = RecordStep(store, feed), an_order()
    await store.add(order)
    published: list[Frame] = []
    async with feed.subscribe_all(published.append):
        asking = await record_step(order, order.request_quotes(a_stamp(), VENUES))
        routed = asking.choose_route(a_stamp(), QUOTES, QUOTES[1], ROUTING)
        building = await record_step(asking, routed, routed[0].start_building(a_stamp()))
    assert (building.version, building.status) == (3, "building")
    assert published == list(await store.events(order.order_id, 0))


async def test_what_is_not_stored_is_not_published() -> None:
    feed, order = InMemoryUpdateFeed(), an_order()
    published: list[Frame] = []
    async with feed.subscribe_all(published.append):
        with pytest.raises(StaleOrder):
            await RecordStep(InMemoryOrderStore(ManualClock()), feed)(order, order.request_quotes(a_stamp(), VENUES))
    assert published == []


def test_no_other_use_case_appends_or_publishes_steps() -> None:
    callers: dict[str, set[str]] = {"append": set(), "publish": set()}
    for path in (ROOT / "application").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in callers:
                owner = node.func.value
                if isinstance(owner, ast.Attribute) and owner.attr in ("store", "feed"):
                    callers[node.func.attr].add(path.name)
    # A birth is no step: it is added, and published where it is.
    assert callers == {"append": {"record_step.py"}, "publish": {"record_step.py", "submit_order.py"}}
