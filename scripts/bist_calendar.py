"""Writes common/bist/data/calendar.json from the calendar XIST of exchange-calendars.

Usage: `python scripts/bist_calendar.py`, in an environment that has the package exchange-calendars.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import exchange_calendars  # type: ignore[import-untyped]

FIRST, LAST = date(2024, 1, 1), date(2027, 12, 31)
FILE = Path(__file__).parents[1] / "common/bist/data/calendar.json"
NOTE = (
    "Weekdays without trading, and days that close at 12:30, from the calendar XIST of exchange-calendars. "
    "The exchange announces a year's days late in the year before. scripts/bist_calendar.py writes this file anew."
)


def calendar() -> dict[str, object]:
    """Returns the content of the file."""
    known = exchange_calendars.get_calendar("XIST", start=FIRST.isoformat(), end=LAST.isoformat())
    sessions = {session.date() for session in known.sessions}
    days = (FIRST + timedelta(days=count) for count in range((LAST - FIRST).days + 1))
    return {
        "note": NOTE,
        "first": FIRST.isoformat(),
        "last": LAST.isoformat(),
        "holidays": [day.isoformat() for day in days if day.weekday() < 5 and day not in sessions],
        "half_days": sorted(session.date().isoformat() for session in known.early_closes),
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(calendar(), indent=2) + "\n", encoding="utf-8")
