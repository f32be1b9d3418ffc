"""Reads the rows of an open history as messages. Each raises ValueError for a row that can't be."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from canary.history import tables
from canary.history.entries import DAY, HOUR, moment
from canary.history.messages import Beginning, HourSummary, RunRow, UptimeDay
from canary.history.uptime import UptimeRow, by_day
from canary.verdict import VERDICTS, Verdict


@dataclass(frozen=True)
class RunFilter:
    """The rounds that a reader wants.

    verdict: those with this verdict; None for all.
    changed: true for those alone that changed the verdict.
    """

    verdict: Verdict | None = None
    changed: bool = False


def runs(
    database: sqlite3.Connection, wanted: RunFilter, before: int, limit: int
) -> tuple[tuple[RunRow, ...], int | None]:
    """Returns at most `limit` rounds before a place, newest first; and the place of the next ones, None at the end."""
    asked = {"before": before, "verdict": wanted.verdict, "changed": int(wanted.changed), "limit": limit + 1}
    found = database.execute(tables.RUNS, asked).fetchall()
    return tuple(_run(row[1:]) for row in found[:limit]), found[limit - 1][0] if len(found) > limit else None


def hours(database: sqlite3.Connection, before: int, limit: int) -> tuple[tuple[HourSummary, ...], int | None]:
    """Returns at most `limit` hours before a place, newest first; and the place of the next ones, None at the end."""
    found = database.execute(tables.HOURS, (before, limit + 1)).fetchall()
    return tuple(_hour(row) for row in found[:limit]), found[limit - 1][0] if len(found) > limit else None


def uptime(database: sqlite3.Connection, now: int, days: int) -> tuple[UptimeDay, ...]:
    """Returns a row for each service and each of the last `days` days, newest first. now: microseconds since 1970."""
    began = database.execute(tables.BEGAN).fetchone()
    rows = [UptimeRow(*row) for row in database.execute(tables.UPTIME, (now // DAY - days, now // DAY))]
    return by_day(rows, began[0], now, days) if began else ()


def beginning(database: sqlite3.Connection) -> Beginning | None:
    """Returns the beginning of the history; None before its first round."""
    found = database.execute(tables.BEGAN).fetchone()
    return Beginning(at=moment(found[0]), note=found[1]) if found else None


def last_change(database: sqlite3.Connection) -> int | None:
    """Returns when the verdict last changed, in microseconds since 1970; None before the first round."""
    found = database.execute(tables.LAST_CHANGE).fetchone()
    return found[0] if found else None


def _run(row: Sequence[Any]) -> RunRow:
    at, verdict, changed, was, reasons, more, p95, samples = row
    fields = {
        "at": moment(at),
        "verdict": verdict,
        "changed": bool(changed),
        "was": was,
        "reasons": msgspec.json.decode(reasons, type=tuple[str, ...]),
        "more_reasons": more,
        "p95_seconds": p95,
        "samples": samples,
    }
    return msgspec.convert(fields, RunRow)


def _hour(row: Sequence[Any]) -> HourSummary:
    hour, *counts, worst, median, sizes, restarts = row
    fields = {
        "hour": moment(hour * HOUR),
        "rounds": dict(zip(VERDICTS, counts, strict=True)),
        "p95_worst_seconds": worst,
        "p95_median_seconds": median,
        "metrics_bytes": msgspec.json.decode(sizes, type=dict[str, int]),
        "restarts": msgspec.json.decode(restarts, type=dict[str, int]),
    }
    return msgspec.convert(fields, HourSummary)
