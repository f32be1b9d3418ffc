"""The rows of the history as messages. Pure."""

from __future__ import annotations

from datetime import date, datetime

from canary.verdict import Verdict
from common import wire


class RunRow(wire.Message, frozen=True, kw_only=True):
    """One round of the canary.

    at: when the round ended, UTC.
    verdict: its verdict.
    changed: true when the round before it had another verdict, or there was none before it.
    was: the verdict before; None unless `changed`, and None for the first round of a history.
    reasons: its first reasons, each at most 240 bytes; at most three, or eight when `changed`.
    more_reasons: how many reasons were left out.
    p95_seconds: the 95th percentile over all targets; None without samples.
    samples: how many durations the percentile is computed from.
    """

    at: datetime
    verdict: Verdict
    changed: bool
    was: Verdict | None
    reasons: tuple[str, ...]
    more_reasons: int
    p95_seconds: float | None
    samples: int


class HourSummary(wire.Message, frozen=True, kw_only=True):
    """The rounds of one hour.

    hour: when the hour begins, UTC.
    rounds: how many rounds ended in it, by verdict.
    p95_worst_seconds: the largest 95th percentile of its rounds; None without samples.
    p95_median_seconds: the median of the 95th percentiles, by nearest rank; None without samples.
    metrics_bytes: the size of each target's /metrics in its last round.
    restarts: the restarts of each service's containers in all, in its last round.
    """

    hour: datetime
    rounds: dict[Verdict, int]
    p95_worst_seconds: float | None
    p95_median_seconds: float | None
    metrics_bytes: dict[str, int]
    restarts: dict[str, int]


class Uptime(wire.Message, frozen=True, kw_only=True):
    """The uptime of one service.

    service: its compose service.
    ratio: rounds in which all of its checks and its container were met, of the rounds that saw it; None without one.
    rounds: the rounds that saw it. A round that can't tell, as without the engine, is none.
    rounds_up: those in which everything was met.
    observed_seconds: the time that these rounds stand for: each stands for the time since the round before it.
    up_seconds: the part of it that `rounds_up` stand for.
    unobserved_seconds: the time in which nobody looked. It is not up.
    """

    service: str
    ratio: float | None
    rounds: int
    rounds_up: int
    observed_seconds: float
    up_seconds: float
    unobserved_seconds: float


class UptimeDay(Uptime, frozen=True, kw_only=True):
    """The uptime of one service on one day.

    day: the day, in UTC.
    """

    day: date


class Beginning(wire.Message, frozen=True, kw_only=True):
    """The beginning of the history.

    at: when its first round ended, UTC.
    note: a sentence about why it begins there.
    """

    at: datetime
    note: str
