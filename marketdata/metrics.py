"""Market data's own figures for /metrics, read from its parts at each scrape."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from marketdata.tally import Tally


@dataclass(frozen=True)
class Readings:
    """Where the figures of one feed are read; `venue` is the label's value."""

    venue: str
    tally: Tally
    symbols: Sequence[str]
    connected: Callable[[], bool]
    frame_age: Callable[[], float]
    queue_depth: Callable[[], int]
    quote_age: Callable[[str], float]
    not_live: Callable[[], Collection[str]]
    streams_open: Callable[[], int]
    streams_refused: Callable[[], int]


class FeedCollector(Collector):
    """Makes the metrics of one feed."""

    def __init__(self, readings: Readings) -> None:
        self._readings, self._tally = readings, readings.tally

    def collect(self) -> Iterator[Metric]:
        yield from self._connection()
        yield from self._dials()
        yield from self._frames()
        yield from self._books()
        yield from self._streams()

    def _connection(self) -> Iterator[Metric]:
        readings, one = self._readings, self._one
        connected = GaugeMetricFamily("marketdata_connected", "1 while the venue's socket is open", labels=["venue"])
        yield one(connected, float(readings.connected()))
        age = GaugeMetricFamily(
            "marketdata_last_frame_age_seconds", "Since the last frame, pings included", labels=["venue"]
        )
        yield one(age, readings.frame_age())
        depth = GaugeMetricFamily("marketdata_queue_depth", "Frames that wait for the worker", labels=["venue"])
        yield one(depth, readings.queue_depth())
        silences = CounterMetricFamily("marketdata_silences", "Sockets ended because nothing came", labels=["venue"])
        yield one(silences, self._tally.silences)
        failures = CounterMetricFamily(
            "marketdata_loop_failures", "Exceptions that a loop survived", labels=["venue", "loop"]
        )
        yield self._each(failures, self._tally.failures)

    def _dials(self) -> Iterator[Metric]:
        tally, one = self._tally, self._one
        attempts = CounterMetricFamily(
            "marketdata_connect_attempts", "Dials, by how they ended", labels=["venue", "result"]
        )
        yield self._each(attempts, tally.attempts)
        delay = GaugeMetricFamily("marketdata_reconnect_delay_seconds", "The latest back-off", labels=["venue"])
        yield one(delay, tally.reconnect_delay_seconds)
        waits = CounterMetricFamily("marketdata_dial_guard_waits", "Dials that the guard made wait", labels=["venue"])
        yield one(waits, tally.guard_waits)
        waited = CounterMetricFamily(
            "marketdata_dial_guard_wait_seconds", "Time that dials waited for the guard", labels=["venue"]
        )
        yield one(waited, tally.guard_wait_seconds)

    def _frames(self) -> Iterator[Metric]:
        tally, one = self._tally, self._one
        frames = CounterMetricFamily("marketdata_frames", "Frames, by the venue's type", labels=["venue", "type"])
        yield self._each(frames, tally.frames)
        errors = CounterMetricFamily(
            "marketdata_decode_errors", "Frames that could not be used", labels=["venue", "reason"]
        )
        yield self._each(errors, tally.decode_errors)
        dropped = CounterMetricFamily(
            "marketdata_dropped", "Frames dropped because the queue was full", labels=["venue"]
        )
        yield one(dropped, tally.dropped)
        refused = CounterMetricFamily(
            "marketdata_refused_joins", "Subscriptions that the venue refused", labels=["venue"]
        )
        yield one(refused, tally.refused_joins)

    def _books(self) -> Iterator[Metric]:
        not_live = set(self._readings.not_live())
        age = GaugeMetricFamily("marketdata_quote_age_seconds", "Since the feed proved the quote", labels=["symbol"])
        stale = GaugeMetricFamily("marketdata_book_stale", "1 while the book is not live", labels=["symbol"])
        for symbol in self._readings.symbols:
            age.add_metric([symbol], self._readings.quote_age(symbol))
            stale.add_metric([symbol], float(symbol in not_live))
        yield age
        yield stale
        gaps = CounterMetricFamily("marketdata_book_gaps", "Gaps in a book's sequence", labels=["venue"])
        yield self._one(gaps, self._tally.book_gaps)
        resyncs = CounterMetricFamily("marketdata_resyncs", "Books asked for again", labels=["venue", "reason"])
        yield self._each(resyncs, self._tally.resyncs)

    def _streams(self) -> Iterator[Metric]:
        readings = self._readings
        yield GaugeMetricFamily("marketdata_streams_open", "Streams that are open", value=readings.streams_open())
        yield CounterMetricFamily(
            "marketdata_streams_refused", "Streams refused: all were taken", value=readings.streams_refused()
        )

    def _one(self, family: GaugeMetricFamily | CounterMetricFamily, value: float) -> Metric:
        family.add_metric([self._readings.venue], value)
        return family

    def _each(self, family: CounterMetricFamily, counts: Mapping[str, int]) -> Metric:
        for value, count in counts.items():
            family.add_metric([self._readings.venue, value], count)
        return family


def install(registry: CollectorRegistry, readings: Readings) -> None:
    """Adds the feed's metrics to the app's registry."""
    registry.register(FeedCollector(readings))
