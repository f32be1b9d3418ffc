"""The canary's card: the verdict of now with its reason, and each service's state, restarts and uptime."""

from __future__ import annotations

from datetime import datetime

from canary.baseline import RestartBaseline
from canary.history import reads
from canary.history.entries import DAY, microseconds, moment
from canary.history.messages import Uptime, UptimeDay
from canary.history.store import HistoryFile
from canary.history.uptime import totals
from canary.monitor import Monitor
from canary.observation import Observation
from canary.report import PERCENTILE_RULE
from canary.restarts import ContainerRestarts, restarts_of
from canary.verdict import Verdict
from canary.words import reason_of
from common import wire
from common.errors import Unavailable

CARD_DAYS = 30


class ServiceCard(wire.Message, frozen=True, kw_only=True):
    """One service.

    service: its compose service.
    ok: true when all its checks are met, and its containers are up and not unhealthy.
    reason: the first check and condition that is not met; None when all are.
    metrics_bytes: the size of its /metrics; None when it has none or was not asked.
    containers: its containers with state, health and restarts; empty when the engine can't be asked.
    uptime_today: its uptime on this day, UTC; None when nothing is known.
    uptime_30_days: its uptime on the last 30 days, this one among them; None when nothing is known.
    """

    service: str
    ok: bool
    reason: str | None
    metrics_bytes: int | None
    containers: tuple[ContainerRestarts, ...]
    uptime_today: Uptime | None
    uptime_30_days: Uptime | None


class CanaryAnswer(wire.Message, frozen=True, kw_only=True):
    """The body of `GET /v1/canary`.

    market: the market that the stack runs on.
    verdict: PASS, FAIL or INCONCLUSIVE.
    reason: the first reasons in words, on one line.
    reasons: every condition that keeps the verdict from PASS, failed ones first.
    since: when the rounds' verdict last changed, UTC; None when that is not known.
    p95_seconds: the 95th percentile over all targets; None without samples.
    samples: how many durations the percentile is computed from.
    percentile_rule: a sentence about how the percentile is computed.
    last_pass: when a round last gave PASS, UTC; None for never.
    checked_at: when the latest round ended, UTC; None before the first one.
    baseline: the moment from which restarts are judged; None when nobody has set one.
    services: one row for each service.
    history_problem: a sentence about why the history can't be read; None when it can.
    """

    market: wire.Market
    verdict: Verdict
    reason: str
    reasons: tuple[str, ...]
    since: datetime | None
    p95_seconds: float | None
    samples: int
    percentile_rule: str
    last_pass: datetime | None
    checked_at: datetime | None
    baseline: RestartBaseline | None
    services: tuple[ServiceCard, ...]
    history_problem: str | None


def card_of(market: wire.Market, monitor: Monitor, history: HistoryFile, now: datetime) -> CanaryAnswer:
    """Returns the card of now. Without a history it has no uptime, and says why."""
    status, at = monitor.status(), microseconds(now)
    read, problem = None, None
    try:
        read = history.read(lambda file: (reads.uptime(file, at, CARD_DAYS), reads.last_change(file)))
    except Unavailable as error:
        problem = error.message
    days, changed_at = read or ((), None)
    judgement, seen = status.judgement, status.seen
    return CanaryAnswer(
        market=market,
        verdict=judgement.verdict,
        reason=reason_of(judgement),
        reasons=judgement.reasons,
        since=None if changed_at is None else moment(changed_at),
        p95_seconds=judgement.p95_seconds,
        samples=judgement.samples,
        percentile_rule=PERCENTILE_RULE,
        last_pass=status.last_pass,
        checked_at=seen.checked_at if seen else None,
        baseline=seen.baseline if seen else None,
        services=_services(seen, days, at // DAY) if seen else (),
        history_problem=problem,
    )


def _services(seen: Observation, days: tuple[UptimeDay, ...], today: int) -> tuple[ServiceCard, ...]:
    names = dict.fromkeys([check.target for check in seen.checks] + [one.service for one in seen.containers or ()])
    of_today = {one.service: one for one in totals([day for day in days if _number(day) == today])}
    of_all = {one.service: one for one in totals(days)}
    return tuple(_service(name, seen, of_today.get(name), of_all.get(name)) for name in sorted(names))


def _number(day: UptimeDay) -> int:
    """Returns whole days since 1970."""
    return day.day.toordinal() - moment(0).toordinal()


def _service(name: str, seen: Observation, today: Uptime | None, in_30_days: Uptime | None) -> ServiceCard:
    checks = [check for check in seen.checks if check.target == name]
    containers = [one for one in seen.containers or () if one.service == name]
    bad = next((check for check in checks if not check.ok), None)
    down = next((one for one in containers if not one.up or one.health == "unhealthy"), None)
    reason = f"{bad.check}: {bad.reason}" if bad else None
    if reason is None and down is not None:
        reason = f"container {down.name}: {down.state}, {down.health or 'no health check'}"
    return ServiceCard(
        service=name,
        ok=reason is None,
        reason=reason,
        metrics_bytes=next((check.size for check in checks if check.kind == "metrics"), None),
        containers=tuple(one for one in restarts_of(seen) if one.service == name),
        uptime_today=today,
        uptime_30_days=in_30_days,
    )
