"""Packages that the canary writes by itself: at every change of the verdict, and every hour."""

from __future__ import annotations

import logging
from datetime import timedelta

from canary.evidence import EvidenceStore
from canary.observer import ProbeRound
from canary.packing import draft_of
from canary.settings import Settings
from canary.verdict import Judgement
from common.clock import Clock

log = logging.getLogger(__name__)

HOUR = timedelta(hours=1)
MOST_IN_AN_HOUR = 8
"""A verdict that flaps writes no more packages within an hour: 192 in a day, whose envelopes take 1 MB of the disk."""


class Keeping:
    """Writes a package when the verdict is another than that of the latest package, or when that is an hour old.

    All that it knows is in the folder, so that a restart, or a canary that starts again and again, writes no more.
    """

    def __init__(self, settings: Settings, evidence: EvidenceStore, clock: Clock) -> None:
        self._settings = settings
        self._evidence = evidence
        self._clock = clock
        self._passed_over: str | None = None

    def keep(self, seen: ProbeRound, judgement: Judgement) -> None:
        """Writes a package of this round if one is due. Raises OSError and CannotSign."""
        now = self._clock.now()
        signed = [one for one in self._evidence.packages() if one.sequence is not None]
        latest = max(signed, key=lambda one: one.sequence or 0, default=None)
        recent = [one for one in signed if abs(now - one.created) < HOUR]
        if latest is not None and latest in recent:
            if latest.verdict == judgement.verdict:
                self._passed_over = None
                return
            if len(recent) >= MOST_IN_AN_HOUR:
                if self._passed_over != judgement.verdict:
                    log.warning("a change of the verdict gets no package", extra={"verdict": judgement.verdict})
                self._passed_over = judgement.verdict
                return
        self._passed_over = None
        path = self._evidence.write(draft_of(seen, judgement, self._settings), now)
        log.info("an evidence package was written", extra={"package": path.name, "verdict": judgement.verdict})
