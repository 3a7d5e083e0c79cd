"""Counters, gauges and histograms in a row of cells, alone and shared by several processes."""

from bisect import bisect_left
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.observe.meters import Kind, Meters, furthest
from entrypoints.processes.shared_meters import MetersFile, SharedMeters

BOUNDS = (0.1, 1.0, 10.0)


@pytest.fixture
def meters() -> Meters:
    return Meters("test_")


def declare(meters: Meters) -> None:
    """Declare what a release of the engine declares."""
    meters.counters("orders_total", "Orders", "status", "reason")
    meters.gauges("open", "Open", "kind")
    meters.histograms("seconds", "Seconds", BOUNDS, "step")


@pytest.fixture
def file() -> Iterator[MetersFile]:
    with closing(MetersFile(slots=3)) as file:
        yield file


def on_slot(file: MetersFile, slot: int) -> Meters:
    """Return the meters of a process that starts in a slot; its family's keys are found by name."""
    meters = Meters("test_")
    declare(meters)
    meters.move_to(SharedMeters(file.fd, slot))
    return meters


def test_counting(meters: Meters) -> None:
    counter = meters.counter("orders_total", "Orders")
    counter.add()
    counter.add(2)
    gauge = meters.gauge("open", "Open")
    gauge.set(5)
    gauge.add(-1)
    assert meters.totals() == {"test_orders_total": {(): [3]}, "test_open": {(): [4]}}


def test_a_series_for_each_label(meters: Meters) -> None:
    orders = meters.counters("orders_total", "Orders", "status", "reason")
    orders["failed", "expired"].add()
    orders["confirmed", ""].add(2)
    assert orders["failed", "expired"] is orders["failed", "expired"]
    assert meters.totals()["test_orders_total"] == {("failed", "expired"): [1], ("confirmed", ""): [2]}


def test_labels_of_enumerations_are_their_values(meters: Meters) -> None:
    family = meters.counters("kinds_total", "Kinds", "kind")
    family[Kind.GAUGE].add()
    family["gauge"].add()
    assert meters.totals()["test_kinds_total"] == {("gauge",): [2]}


@given(st.lists(st.floats(0, 100)))
def test_every_value_is_in_its_bucket(values: list[float]) -> None:
    meters = Meters("test_")
    histogram = meters.histograms("seconds", "Seconds", BOUNDS, "step")["swap"]
    for value in values:
        histogram.observe(value)
    total, *counts = meters.totals()["test_seconds"]["swap",]
    assert total == pytest.approx(sum(values))
    assert counts == [sum(bisect_left(BOUNDS, value) == n for value in values) for n in range(4)]


def test_a_name_is_declared_once(meters: Meters) -> None:
    meters.counter("orders_total", "Orders")
    with pytest.raises(ValueError, match="test_orders_total is declared twice"):
        meters.counter("orders_total", "Orders again")


def test_processes_add_up_from_wherever_they_are_asked(file: MetersFile) -> None:
    processes = [on_slot(file, slot) for slot in range(3)]
    for number, meters in enumerate(processes, 1):
        meters.families["test_orders_total"]["confirmed", ""].add(number)
        meters.families["test_open"]["order"].set(number)
        meters.families["test_seconds"]["swap"].observe(0.5 * number)
    for meters in processes:
        assert meters.totals() == {
            "test_orders_total": {("confirmed", ""): [6]},
            "test_open": {("order",): [6]},
            "test_seconds": {("swap",): [3, 0, 2, 1, 0]},
        }


def test_a_gauge_may_be_the_furthest_of_all_processes(file: MetersFile) -> None:
    processes = [Meters("test_") for _ in range(3)]
    for slot, meters in enumerate(processes):
        gauge = meters.gauge("ahead", "Ahead", of_all=furthest)
        meters.move_to(SharedMeters(file.fd, slot))
        gauge.set((0.1, -3, 2)[slot])
    assert processes[0].totals() == {"test_ahead": {(): [-3]}}


def test_what_was_counted_before_moves_along(file: MetersFile, meters: Meters) -> None:
    counter, gauge = meters.counter("orders_total", "Orders"), meters.gauge("open", "Open")
    counter.add(2)
    gauge.set(3)
    meters.move_to(SharedMeters(file.fd, 1))
    counter.add()
    gauge.add()
    assert meters.totals() == {"test_orders_total": {(): [3]}, "test_open": {(): [4]}}


def test_who_takes_a_dead_processes_slot_counts_on(file: MetersFile) -> None:
    other, first = on_slot(file, 0), on_slot(file, 1)
    first.families["test_orders_total"]["confirmed", ""].add(5)
    first.families["test_open"]["order"].set(7)
    first.families["test_seconds"]["swap"].observe(0.5)
    file.vacate(1)
    assert other.totals()["test_orders_total"] == {("confirmed", ""): [5]}
    assert other.totals()["test_open"] == {}  # its sockets are gone
    assert list(other.storage.processes()) == ["0"]
    second = on_slot(file, 1)
    assert second.totals()["test_orders_total"] == {("confirmed", ""): [5]}
    second.families["test_orders_total"]["confirmed", ""].add()
    second.families["test_open"]["order"].add()
    second.families["test_seconds"]["swap"].observe(0.5)
    assert other.totals() == {
        "test_orders_total": {("confirmed", ""): [6]},
        "test_open": {("order",): [1]},
        "test_seconds": {("swap",): [1, 0, 2, 0, 0]},
    }
    assert list(other.storage.processes()) == ["0", "1"]


def test_another_releases_bounds_do_not_mix(file: MetersFile, meters: Meters) -> None:
    on_slot(file, 0).families["test_seconds"]["swap"].observe(0.5)
    seconds = meters.histograms("seconds", "Seconds", (1.0, 2.0), "step")
    meters.move_to(SharedMeters(file.fd, 0))
    seconds["swap"].observe(0.5)
    assert meters.totals()["test_seconds"] == {("swap",): [0.5, 1, 0, 0]}


def test_more_series_than_there_is_room_for_are_no_error(file: MetersFile) -> None:
    meters, other = on_slot(file, 0), on_slot(file, 1)
    for number in range(5000):
        meters.families["test_seconds"][f"step {number}"].observe(1)
    other.families["test_seconds"]["swap"].observe(1)
    shown = other.totals()["test_seconds"]
    assert 1000 < len(shown) < 5000
    assert {tuple(numbers) for numbers in shown.values()} == {(1, 0, 1, 0, 0)}
