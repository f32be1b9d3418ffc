"""The trading hours of Borsa Istanbul, as the feed needs them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from common.bist import rules
from common.wire import Phase


@dataclass(frozen=True)
class Hours:
    """The exchange's hours.

    unix: returns the time in unix seconds.
    always_open: true when the exchange never closes, as the simulated one may.
    """

    unix: Callable[[], float]
    always_open: bool = False

    def now(self) -> datetime:
        """Returns the time in Istanbul."""
        return self.local(self.unix())

    def local(self, unix: float) -> datetime:
        """Returns the time in Istanbul at some unix seconds."""
        return datetime.fromtimestamp(unix, rules.ISTANBUL)

    def phase_at(self, moment: datetime) -> Phase:
        """Returns the exchange's phase at a time."""
        return "continuous" if self.always_open else rules.phase_at(moment)

    def trouble(self) -> str | None:
        """Returns why the calendar does not cover today, or None."""
        day = self.now().date()
        return None if rules.CALENDAR_BEGINS <= day <= rules.CALENDAR_ENDS else rules.calendar_trouble(day)
