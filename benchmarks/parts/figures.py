"""Figures whose limit is on the value itself, with the reference beside it to tell how the machine was."""

import statistics
from collections.abc import Sequence

from attrs import evolve

from benchmarks.report import Figure


def within(
    name: str, unit: str, values: Sequence[float], reference_name: str, references: Sequence[float], most: float
) -> Figure:
    """Make a figure that is met when the median of `values` is at most `most`, whatever the ratio."""
    figure = Figure.beside(name, unit, values, reference_name, references)
    return evolve(figure, target=f"<= {most:g} {unit}", ok=statistics.median(values) <= most)


def everything(
    name: str, unit: str, values: Sequence[float], reference_name: str, references: Sequence[float]
) -> Figure:
    """Make a figure that is met when each round's value is all that the reference counted."""
    figure = Figure.beside(name, unit, values, reference_name, references)
    return evolve(figure, target="all, in every round", ok=all(v == r for v, r in zip(values, references, strict=True)))


def small(name: str, unit: str, values: Sequence[float], reference_name: str, references: Sequence[float]) -> Figure:
    """Make a figure of what may be too little to be measured, and so without a ratio."""
    return Figure(name, statistics.median(values), unit, reference_name, statistics.median(references))
