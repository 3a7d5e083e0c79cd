"""Every release left its tables behind, for all later ones to prove themselves on."""

import re
from pathlib import Path

import pytest

from domain.status import OrderStatus
from tests.integration.releases import Snapshot, as_written, keeps, snapshots

CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"
SNAPSHOTS = snapshots()
# Nothing makes such an order yet.
NOT_YET = {OrderStatus.RESTING}


def test_every_release_has_its_snapshot() -> None:
    released = set(re.findall(r"^## \[(\d[^]]*)\]", CHANGELOG.read_text(), re.MULTILINE))
    assert released - {snapshot.version for snapshot in SNAPSHOTS} == set()


@pytest.mark.parametrize("snapshot", [pytest.param(each, id=each.version) for each in SNAPSHOTS])
def test_a_snapshot_has_orders_in_every_status_and_requests_to_repeat(snapshot: Snapshot) -> None:
    told = [exchange.answer for exchange in snapshot.reads if "orderId" in exchange.answer]
    assert {order["status"] for order in told} >= set(OrderStatus) - NOT_YET
    assert snapshot.moving
    assert len(snapshot.at_rest) > 2  # an order's answer and its events' at least
    assert {exchange.call.key is None for exchange in snapshot.repeats} == {True, False}


def test_a_later_answer_may_add_fields_and_nothing_else() -> None:
    old = as_written('{"a": 1.50, "b": [{"c": null}]}')
    assert keeps(as_written('{"new": 1, "b": [{"c": null, "new": 2}], "a": 1.50}'), old)
    for other in ('{"a": 1.5, "b": [{"c": null}]}', '{"a": "1.50", "b": [{"c": null}]}', '{"a": 1.50, "b": [{}]}'):
        assert not keeps(as_written(other), old)
    for other in ('{"a": 1.50, "b": []}', '{"a": 1.50, "b": [{"c": null}, {}]}', '{"b": [{"c": null}]}', "[]"):
        assert not keeps(as_written(other), old)
