"""Quantiles of many latencies in little memory."""

import math

import pytest

from entrypoints.load.latency import Latencies


def of(*seconds: float) -> Latencies:
    latencies = Latencies()
    for each in seconds:
        latencies.add(each)
    return latencies


@pytest.mark.parametrize("share", [0.5, 0.95, 0.99, 1.0])
def test_quantiles_are_right_to_half_a_percent(share: float) -> None:
    latencies = of(*(index / 1000 for index in range(1, 10_001)))
    assert latencies.quantile(share) == pytest.approx(share * 10, rel=0.0051)


def test_one_latency_is_every_quantile_and_none_exceeds_the_longest() -> None:
    one = of(0.1234)
    assert [one.quantile(share) for share in (0.01, 0.5, 0.99)] == [pytest.approx(0.1234, rel=0.005)] * 3
    assert one.longest == 0.1234
    assert one.quantile(1) <= one.longest


def test_without_any_there_is_no_quantile() -> None:
    assert math.isnan(of().quantile(0.5))


def test_extremes_count() -> None:
    latencies = of(0.0, -1.0, 86_400.0)
    assert (latencies.count, latencies.longest) == (3, 86_400.0)
    assert latencies.quantile(0.5) <= 1e-6


def test_a_million_take_a_few_buckets() -> None:
    latencies = of(*(1e-6 * 1.001**power for power in range(25_000)))
    assert len(latencies._buckets) < 2_600  # noqa: SLF001 - its memory is what this is about
