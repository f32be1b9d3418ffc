"""Tables of metrics. A row says what a metric is and how it is read; a collector reads a whole table at each scrape."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


class MetricRow(NamedTuple):
    """One metric.

    family: its type.
    name, text: its name and its help.
    labels: its labels; the labels of the owner come first.
    read: returns the value of an owner. A mapping has one value for each value of the last label, or of the last ones.
    """

    family: type[GaugeMetricFamily | CounterMetricFamily]
    name: str
    text: str
    labels: Sequence[str]
    read: Callable[[Any], Any]


def gauge(name: str, text: str, labels: Sequence[str], read: str | Callable[[Any], Any]) -> MetricRow:
    """Returns the row of a gauge. `read` may be the path of an attribute of the owner."""
    return MetricRow(GaugeMetricFamily, name, text, labels, attrgetter(read) if isinstance(read, str) else read)


def counter(name: str, text: str, labels: Sequence[str], read: str | Callable[[Any], Any]) -> MetricRow:
    """Returns the row of a counter. `read` may be the path of an attribute of the owner."""
    return MetricRow(CounterMetricFamily, name, text, labels, attrgetter(read) if isinstance(read, str) else read)


class MetricTable(Collector):
    """Reads every row of a table from each owner. `owners` has the values of an owner's labels, and the owner."""

    def __init__(self, rows: Sequence[MetricRow], owners: Sequence[tuple[Sequence[str], object]]) -> None:
        self._rows, self._owners = rows, owners

    def collect(self) -> Iterator[Metric]:
        """Yields one family for each row."""
        for family_of, name, text, labels, read in self._rows:
            family = family_of(name, text, labels=labels)
            for owner_labels, owner in self._owners:
                values = read(owner)
                for key, value in values.items() if isinstance(values, Mapping) else (((), values),):
                    family.add_metric([*owner_labels, *((key,) if isinstance(key, str) else key)], value)
            yield family
