"""The last mark of each symbol, for what has no quote any more."""

from __future__ import annotations

import threading

from executor.valuation import Mark, Marks


class KeptMarks:
    """Keeps the last mark of every symbol for as long as the process runs. Any thread may call it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[str, tuple[Mark, float]] = {}

    def note(self, marks: Marks, now: float) -> None:
        """Keeps the marks of the moment `now`."""
        with self._lock:
            for symbol, mark in marks.by_symbol.items():
                self._last[symbol] = mark, now - mark.age_seconds

    def filled(self, marks: Marks, now: float) -> Marks:
        """Returns the marks of the moment `now`, and for every other symbol its last one, as old as it is by then."""
        self.note(marks, now)
        with self._lock:
            if len(self._last) == len(marks.by_symbol):
                return marks
            missing = {
                symbol: mark._replace(age_seconds=round(now - at, 3), stale=True, closed=False, kept=True)
                for symbol, (mark, at) in self._last.items()
                if symbol not in marks.by_symbol
            }
        return Marks({**marks.by_symbol, **missing}, marks.absence)
