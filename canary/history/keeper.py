"""Keeps each round in the history. No fault of the file ends a round; the canary tells it as its own trouble."""

from __future__ import annotations

import logging
import sqlite3

from canary.history.entries import RoundEntry, entry_of
from canary.history.store import FIRST_NOTE, DamagedHistory, HistoryFile
from canary.history.writes import Kept
from canary.observer import ProbeRound
from canary.verdict import Judgement, Verdict

log = logging.getLogger(__name__)


class HistoryKeeper:
    """Writes rounds into the history. The rounds' thread calls `keep`; any thread may read the rest.

    failures: rounds whose write found the file damaged, or failed.
    verdict_changes: changes of the verdict since this process began.
    uptime_today: the uptime of each service on the day of the latest round, from 0 to 1.
    """

    def __init__(self, file: HistoryFile, longest_seconds: float) -> None:
        """`longest_seconds` is the longest time between two rounds that the later one stands for."""
        self.failures = 0
        self.verdict_changes = 0
        self.uptime_today: dict[str, float] = {}
        self._file = file
        self._longest = longest_seconds
        self._note = FIRST_NOTE
        self._trouble: str | None = None
        self._before: Verdict | None = None

    def trouble(self) -> str | None:
        """Returns what was wrong with the file at the latest round; None when nothing was."""
        return self._trouble

    def keep(self, look: ProbeRound, judgement: Judgement) -> None:
        """Writes one round. Damage and a failed write are logged, counted and told by `trouble`, never raised."""
        entry = entry_of(look.observation, judgement)
        before, trouble = self._before, None
        try:
            kept, trouble = self._written(entry)
            before = before or kept.before
            self.uptime_today = kept.uptime_today
        except (sqlite3.Error, OSError, DamagedHistory) as error:
            trouble = f"the history can't be written ({error})"
        if trouble is not None:
            self.failures += 1
            if trouble != self._trouble:
                log.error("the history is not well", extra={"reason": trouble})
        elif self._trouble is not None:
            log.info("the history is well again")
        self._trouble = trouble
        self.verdict_changes += before is not None and before != entry.verdict
        self._before = entry.verdict

    def _written(self, entry: RoundEntry) -> tuple[Kept, str | None]:
        """Returns what the write gave, and a sentence about damage that was found; None when there was none."""
        try:
            kept, told = self._file.write(entry, self._longest, self._note), None
        except DamagedHistory as damage:
            name = self._file.set_aside()
            log.warning("a damaged history was put aside", extra={"file": name, "reason": str(damage)})
            # On a full disk the new history begins with a later round: the sentence waits for it.
            self._note = told = f"the history was damaged ({damage}) and is now {name}; a new one begins"
            kept = self._file.write(entry, self._longest, told)
        self._note = FIRST_NOTE
        return kept, told
