"""Reading what `/metrics` tells."""

from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families

Sample = tuple[str, frozenset[tuple[str, str]]]
Samples = Mapping[Sample, float]


def read(text: str) -> Samples:
    """Return all samples by name, without the prefix, and labels."""
    return {
        (sample.name.removeprefix("order_engine_"), frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def key(name: str, **labels: str) -> Sample:
    """Return what a sample is found by."""
    return name, frozenset(labels.items())
