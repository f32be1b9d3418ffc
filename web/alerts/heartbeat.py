"""The heartbeat of the alert path: an alert that always fires, so that its silence tells of a broken path."""

from __future__ import annotations

from datetime import datetime

from common import wire

ALERT_NAME = "Watchdog"
SILENT_SECONDS = 180.0
"""Alertmanager repeats the alert about once a minute, so three in a row are missing above this. A restart may lose one,
and a second may be late; a third has no harmless reason."""


class AlertHeartbeat(wire.Message, frozen=True, kw_only=True):
    """The state of the alert path.

    received_at: when an alert last proved the path from Prometheus to the console, UTC; None before the first.
    age_seconds: how long ago that was; None before the first.
    silent: true when that is more than `SILENT_SECONDS` ago, or when the first one has been awaited for longer.
    """

    received_at: datetime | None
    age_seconds: float | None
    silent: bool


def alert_heartbeat(received_at: datetime | None, awaited_since: datetime | None, now: datetime) -> AlertHeartbeat:
    """Returns the state as of `now`. `awaited_since` is when the first heartbeat began to be awaited.

    The age is measured by the time of day: the last arrival outlives the process, and no monotonic clock does.
    """
    waited = seconds_unheard(received_at or awaited_since, now)
    silent = waited is not None and waited > SILENT_SECONDS
    return AlertHeartbeat(received_at=received_at, age_seconds=waited if received_at else None, silent=silent)


def seconds_unheard(since: datetime | None, now: datetime) -> float | None:
    """Returns the seconds since the last heartbeat, or since the first one is awaited."""
    return None if since is None else max(0.0, (now - since).total_seconds())
