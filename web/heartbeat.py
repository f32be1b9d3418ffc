"""The dead man's switch: an alert that always fires, so that its silence tells of a broken path for all alerts."""

from __future__ import annotations

from datetime import datetime

from common import wire

ALERT_NAME = "Watchdog"
SILENT_SECONDS = 180.0
"""Alertmanager repeats it with every group interval, 1 minute: above this, three in a row are missing. One may be lost
to a restart and a second be late; the third has no innocent reason."""


class Heartbeat(wire.Message, frozen=True, kw_only=True):
    """When an alert last proved the way from Prometheus to here, and whether that is too long ago."""

    received_at: datetime | None
    age_seconds: float | None
    silent: bool


def heartbeat(received_at: datetime | None, now: datetime) -> Heartbeat:
    """The state as of `now`; before the first arrival nothing is proven, and nothing is known to be broken either.

    The age is told by the time of day: no monotonic clock outlives the process, and the last arrival does.
    """
    if received_at is None:
        return Heartbeat(received_at=None, age_seconds=None, silent=False)
    age = max(0.0, (now - received_at).total_seconds())
    return Heartbeat(received_at=received_at, age_seconds=age, silent=age > SILENT_SECONDS)
