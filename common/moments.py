"""The span of times that Spark takes from outside. Every one in it can be told in UTC and in any local time. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
RULE = "from 1970 to 2099"


def in_span(moment: datetime) -> bool:
    """Returns true for a time of the span. One without a zone is taken as UTC."""
    return EARLIEST <= _zoned(moment) < LATEST


def bounded(moment: datetime) -> datetime:
    """Returns the time in UTC; the nearest end of the span for one outside it."""
    moment = _zoned(moment)
    return EARLIEST if moment < EARLIEST else min(moment, LATEST).astimezone(UTC)


def _zoned(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
