"""The calendar in the repository is the library's, day by day."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from types import ModuleType

import pytest

from common.bist import rules

# The library's own use of pandas, not ours.
pytestmark = pytest.mark.filterwarnings("ignore:Series.values:Warning")

FILE = Path(__file__).parents[2] / "common/bist/data/calendar.json"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The script that writes the file; the library behind it takes a second to import."""
    from scripts import bist_calendar

    return bist_calendar


def test_the_file_is_what_the_script_writes(script: ModuleType) -> None:
    assert json.loads(FILE.read_text()) == script.calendar()


def test_every_day_is_a_session_exactly_when_the_library_says_so(script: ModuleType) -> None:
    first, last = rules.CALENDAR_BEGINS, rules.CALENDAR_ENDS
    known = script.exchange_calendars.get_calendar("XIST", start=first.isoformat(), end=last.isoformat())
    sessions = {session.date() for session in known.sessions}
    assert len(sessions) > 900
    for count in range((last - first).days + 1):
        day: date = first + timedelta(days=count)
        assert rules.is_session(day) == (day in sessions), day


def test_continuous_trading_opens_and_closes_with_the_library(script: ModuleType) -> None:
    first, last = rules.CALENDAR_BEGINS, rules.CALENDAR_ENDS
    known = script.exchange_calendars.get_calendar("XIST", start=first.isoformat(), end=last.isoformat())
    for opens, closes in zip(known.opens, known.closes, strict=True):
        begins, ends = opens.to_pydatetime(), closes.to_pydatetime()
        assert rules.phase_at(begins) == rules.phase_at(ends - timedelta(seconds=1)) == "continuous"
        assert rules.phase_at(begins - timedelta(seconds=1)) == "opening_auction"
        assert rules.phase_at(ends) == "closing_auction"
