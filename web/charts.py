"""The charts of the runbook's pages: an alert's values against its limit over the last hour, as Prometheus has them.

An answer is kept for some seconds and is the same for all readers. One thread asks at a time: however many pages are
open, Prometheus meets one question of the console at once.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from common import texts
from common.clock import Clock
from common.errors import Unavailable
from web.expressions import AlertCondition, conditions
from web.plot import Plot, Span, TimeFrame, plot, spans
from web.prometheus import Prometheus
from web.prometheus_answers import ValueSeries

WINDOW_SECONDS = 3600
STEP_SECONDS = 30
KEEP_SECONDS = 15.0
WAIT_SECONDS = 3.0
FAILED_SECONDS = 5.0
"""Prometheus that did not answer is asked again after so long."""
MOST_PLOTS = 3
MOST_ERROR = 300


@dataclass(frozen=True)
class AlertChart:
    """An alert as Prometheus knows it.

    query: the expression of its rule.
    duration: seconds for which it must hold before the alert fires.
    last_error: why the rule could not be evaluated last; empty when it could.
    begin, end: the time that is drawn, UTC.
    plots: its conditions that compare a value, drawn; a bounded number.
    others: its conditions that are not drawn.
    spans: when it was pending and when it fired.
    """

    query: str
    duration: float
    last_error: str
    begin: datetime
    end: datetime
    plots: tuple[Plot, ...]
    others: tuple[AlertCondition, ...]
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class KeptChart:
    """The last chart of an alert.

    chart: the chart; None before the first.
    at: when it was asked for, UTC; None before the first.
    reason: why there is no newer one; empty where there is.
    """

    chart: AlertChart | None = None
    at: datetime | None = None
    reason: str = ""


class Charts:
    """Asks for the charts, and keeps them. Any thread may call it, with names of the runbook's alerts only.

    wait_seconds: so long a page waits for another page's question, and begins further questions of its own.
    """

    def __init__(self, prometheus: Prometheus, clock: Clock, *, wait_seconds: float = WAIT_SECONDS) -> None:
        self._prometheus = prometheus
        self._clock = clock
        self._wait_seconds = wait_seconds
        self._asking = threading.Lock()
        self._kept: dict[str, tuple[float, KeptChart]] = {}
        self._failed: tuple[float, str] | None = None

    def of(self, alert: str) -> KeptChart:
        """Returns the chart of an alert, asked for when the one that is kept is too old. A failure is kept too."""
        if (kept := self._fresh(alert)) is not None:
            return kept
        if not self._asking.acquire(timeout=self._wait_seconds):
            return replace(self._last(alert), reason="another chart is being asked for, and that takes long")
        try:
            return self._fresh(alert) or self._ask(alert)
        finally:
            self._asking.release()

    def _last(self, alert: str) -> KeptChart:
        return self._kept.get(alert, (0.0, KeptChart()))[1]

    def _fresh(self, alert: str) -> KeptChart | None:
        """Returns what is kept and still good; Prometheus that has just failed one page is asked for no other."""
        now = self._clock.monotonic()
        if alert in self._kept and now - self._kept[alert][0] < KEEP_SECONDS:
            return self._kept[alert][1]
        if self._failed is not None and now - self._failed[0] < FAILED_SECONDS:
            return replace(self._last(alert), reason=self._failed[1])
        return None

    def _ask(self, alert: str) -> KeptChart:
        try:
            chart = self._chart(alert)
        except Unavailable as failure:
            self._failed = self._clock.monotonic(), failure.message
            return replace(self._last(alert), reason=failure.message)
        told = KeptChart(chart, self._clock.now(), "" if chart else "Prometheus has no rule of this name")
        self._kept[alert] = (self._clock.monotonic(), told)
        return told

    def _chart(self, alert: str) -> AlertChart | None:
        give_up = self._clock.monotonic() + self._wait_seconds
        if (rule := self._prometheus.rule(alert)) is None:
            return None
        end = self._clock.unix() // STEP_SECONDS * STEP_SECONDS
        frame = TimeFrame(end - WINDOW_SECONDS, end, STEP_SECONDS)
        told = conditions(rule.query)
        drawn = [each for each in told if each.value][:MOST_PLOTS]
        return AlertChart(
            query=rule.query,
            duration=rule.duration,
            last_error=texts.shown(rule.last_error, MOST_ERROR),
            begin=datetime.fromtimestamp(frame.begin, UTC),
            end=datetime.fromtimestamp(frame.end, UTC),
            plots=tuple(plot(each, self._values(each.value, frame, give_up), frame) for each in drawn),
            others=tuple(each for each in told if each not in drawn),
            spans=spans(self._values(f'ALERTS{{alertname="{alert}"}}', frame, give_up), frame),
        )

    def _values(self, query: str, frame: TimeFrame, give_up: float) -> tuple[ValueSeries, ...]:
        if self._clock.monotonic() > give_up:
            raise Unavailable("Prometheus answers too slowly")
        return self._prometheus.values(query, frame.begin, frame.end, frame.step)
