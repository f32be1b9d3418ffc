"""Every count that a venue's parts keep is told by a metric, and by one alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from types import SimpleNamespace
from typing import TypeVar

import pytest

from marketdata.counters import Counters
from marketdata.metric_table import MetricRow, MetricTable
from marketdata.metrics import COUNTS
from marketdata.venues.algolab.counters import AlgolabCounters
from marketdata.venues.algolab.metrics import ROWS

C = TypeVar("C", bound=Counters)
COMMON = {field.name for field in fields(Counters)}


def _numbered(counters: C) -> tuple[C, dict[str, float]]:
    """Returns the counters with a number of its own in each field, and those numbers by field."""
    numbers: dict[str, float] = {}
    for number, field in enumerate(fields(counters), 1_000):
        numbers[field.name] = float(number)
        setattr(counters, field.name, Counter(some=number) if field.type.startswith("Counter") else float(number))
    return counters, numbers


def _told(rows: tuple[MetricRow, ...], owner: object, labels: tuple[str, ...] = ()) -> list[float]:
    families = MetricTable(rows, [(labels, owner)]).collect()
    return [sample.value for family in families for sample in family.samples]


def test_every_count_that_all_venues_have_is_a_metric() -> None:
    counters, numbers = _numbered(Counters())
    assert sorted(_told(COUNTS, counters, ("BTCTURK",))) == sorted(numbers.values())


def test_every_count_of_the_broker_is_a_metric() -> None:
    counters, numbers = _numbered(AlgolabCounters())
    told = _told(ROWS, SimpleNamespace(counters=counters, session=SimpleNamespace(trouble=lambda: None)))
    own = [number for name, number in numbers.items() if name not in COMMON]
    assert sorted(told) == sorted([1.0, *own])


@pytest.mark.parametrize(
    ("value", "samples"),
    [
        (2, {("V",): 2.0}),
        ({"a": 1, "b": 0}, {("V", "a"): 1.0, ("V", "b"): 0.0}),
        ({("a", "b"): 3}, {("V", "a", "b"): 3.0}),
    ],
)
def test_a_row_tells_one_number_or_one_for_each_value_of_its_labels(
    value: object, samples: dict[tuple[str, ...], float]
) -> None:
    names = ("venue", "first", "second")[: len(next(iter(samples)))]
    table = MetricTable([COUNTS[0]._replace(labels=names, read=lambda _owner: value)], [(("V",), object())])
    found = [sample for family in table.collect() for sample in family.samples]
    assert {tuple(sample.labels[name] for name in names): sample.value for sample in found} == samples
