"""Uptime by service and day, and over several days. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from canary.history.entries import DAY
from canary.history.messages import Uptime, UptimeDay

_FIRST = date(1970, 1, 1)


@dataclass(frozen=True)
class UptimeRow:
    """One row of the table `uptime`.

    day: whole days since 1970, UTC.
    service: the compose service.
    rounds, rounds_up: the rounds that saw it, and those in which everything was met.
    observed, up: the seconds that these rounds stand for.
    """

    day: int
    service: str
    rounds: int
    rounds_up: int
    observed: float
    up: float


def by_day(rows: Iterable[UptimeRow], began: int, now: int, days: int) -> tuple[UptimeDay, ...]:
    """Returns a row for each service and each of the last `days` days since the history began, newest first.

    A day on which nobody looked has a row too. began, now: microseconds since 1970.
    """
    known = {(row.day, row.service): row for row in rows}
    services = sorted({service for _, service in known})
    first = max(now // DAY - days + 1, began // DAY)
    return tuple(
        _day(known.get((day, service), UptimeRow(day, service, 0, 0, 0.0, 0.0)), began, now)
        for day in range(now // DAY, first - 1, -1)
        for service in services
    )


def totals(rows: Sequence[UptimeDay]) -> tuple[Uptime, ...]:
    """Returns a row for each service over all days of `rows`, by service."""
    of_service: dict[str, list[UptimeDay]] = {}
    for row in rows:
        of_service.setdefault(row.service, []).append(row)
    return tuple(_total(service, of_service[service]) for service in sorted(of_service))


def _total(service: str, rows: Sequence[UptimeDay]) -> Uptime:
    rounds, up = sum(row.rounds for row in rows), sum(row.rounds_up for row in rows)
    return Uptime(
        service=service,
        ratio=up / rounds if rounds else None,
        rounds=rounds,
        rounds_up=up,
        observed_seconds=round(sum(row.observed_seconds for row in rows), 3),
        up_seconds=round(sum(row.up_seconds for row in rows), 3),
        unobserved_seconds=round(sum(row.unobserved_seconds for row in rows), 3),
    )


def _day(row: UptimeRow, began: int, now: int) -> UptimeDay:
    elapsed = (min(now, (row.day + 1) * DAY) - max(began, row.day * DAY)) / 10**6
    return UptimeDay(
        service=row.service,
        ratio=row.rounds_up / row.rounds if row.rounds else None,
        rounds=row.rounds,
        rounds_up=row.rounds_up,
        observed_seconds=round(row.observed, 3),
        up_seconds=round(row.up, 3),
        unobserved_seconds=round(max(0.0, elapsed - row.observed), 3),
        day=_FIRST + timedelta(days=row.day),
    )
