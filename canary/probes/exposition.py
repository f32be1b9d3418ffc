"""Metrics in Prometheus' text form, and the counters that fell between two answers (pure)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from io import StringIO

from prometheus_client.parser import text_fd_to_metric_families

from canary.conditions import printable
from canary.observation import FallenCounter
from canary.probes.metric_text import PlainSample, plain_samples

MOST_FALLEN = 20
_STARTED = "process_start_time_seconds"
_COUNTS = ("counter", "histogram")


@dataclass(frozen=True)
class Exposition:
    """The samples of one answer.

    values: the value of each series, by its name and labels as the page spells them.
    counters: the series that only a new start may set back.
    """

    values: Mapping[str, float]
    counters: frozenset[str]


@lru_cache(maxsize=64)
def read_exposition(text: str) -> Exposition:
    """Returns the samples. Raises ValueError with a phrase about the first line that can't be read."""
    samples = plain_samples(text)
    if samples is None:
        samples = _by_the_library(text)
    return Exposition(
        {one.series: one.value for one in samples}, frozenset(one.series for one in samples if one.of_counter)
    )


def _by_the_library(text: str) -> list[PlainSample]:
    try:
        return [
            PlainSample(
                _series(sample.name, sample.labels),
                sample.value,
                family.type in _COUNTS and not sample.name.endswith("_created"),
            )
            for family in text_fd_to_metric_families(StringIO(text))
            for sample in family.samples
        ]
    except Exception as error:
        # The parser's failures on a broken text are of many kinds; for a probe they are one.
        raise ValueError(printable(f"{type(error).__name__}: {error}")) from error


def fallen(before: str, now: str) -> tuple[FallenCounter, ...]:
    """Returns the counters that have less in `now` than in `before`, two answers of one target.

    There are none when either can't be read, or when the process was started anew, or does not tell when it was.
    """
    try:
        old, new = read_exposition(before), read_exposition(now)
    except ValueError:
        return ()
    started = old.values.get(_STARTED)
    if started is None or new.values.get(_STARTED) != started:
        return ()
    less = [
        FallenCounter(series=series, before=old.values[series], after=new.values[series])
        for series in sorted(old.counters & new.counters)
        if math.isfinite(old.values[series]) and new.values[series] < old.values[series]
    ]
    return tuple(less[:MOST_FALLEN])


def _series(name: str, labels: Mapping[str, str]) -> str:
    inside = ",".join(f'{label}="{value}"' for label, value in sorted(labels.items()))
    return f"{name}{{{inside}}}" if inside else name
