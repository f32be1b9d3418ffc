"""The canary's loop: looks every interval, judges, remembers; and tells how things stand at any moment."""

from __future__ import annotations

import logging
import threading
from datetime import datetime

import msgspec

from canary.evidence import EvidenceStore
from canary.memory import LastPass
from canary.observation import Observation
from canary.observer import Observer
from canary.probes.fetch import Clock
from canary.settings import Settings
from canary.verdict import Judgement, judge
from common import wire

log = logging.getLogger(__name__)

_LONGEST_BACK_OFF = 60.0
_STARTING_INTERVAL = 2.0


class Status(wire.Message, frozen=True, kw_only=True):
    """How things stand. `seen` is None until the first round has ended."""

    judgement: Judgement
    seen: Observation | None
    last_pass: datetime | None


class Watch:
    """Owns the latest observation. One thread runs the loop; any thread may ask for the status."""

    def __init__(
        self, settings: Settings, *, observer: Observer, evidence: EvidenceStore, last_pass: LastPass, clock: Clock
    ) -> None:
        self._settings = settings
        self._observer = observer
        self._evidence = evidence
        self._memory = last_pass
        self._clock = clock
        self._last_pass = last_pass.read()
        self._seen: Observation | None = None
        self._ended = clock.monotonic()
        self._passed = False
        self.errors = 0

    def loop_problem(self) -> str | None:
        """None while rounds end in time, else since when none did."""
        silent = self._clock.monotonic() - self._ended
        if silent <= self._settings.late_after:
            return None
        return f"no round ended for {silent:.0f} s, limit {self._settings.late_after:g} s"

    def status(self) -> Status:
        """The latest observation, judged with how the canary itself is now: a stalled loop has no opinion."""
        seen = self._seen
        if seen is None:
            nothing = Observation(
                checked_at=self._clock.now(),
                checks=(),
                samples=(),
                containers=None,
                containers_problem=None,
                own={"loop": self.loop_problem() or "the first round has not ended yet"},
            )
            return Status(judgement=judge(nothing, self._settings.limits), seen=None, last_pass=self._last_pass)
        now = msgspec.structs.replace(seen, own={**seen.own, "loop": self.loop_problem()})
        return Status(judgement=judge(now, self._settings.limits), seen=now, last_pass=self._last_pass)

    def run_once(self) -> Status:
        """One round: looks, judges and remembers."""
        seen = self._observer.look({"evidence": self._evidence.problem(), "loop": None}).observation
        before = self._seen and judge(self._seen, self._settings.limits).verdict
        verdict = judge(seen, self._settings.limits)
        self._seen, self._ended = seen, self._clock.monotonic()
        if verdict.verdict != before:
            log.info("the verdict is now %s", verdict.verdict, extra={"reasons": verdict.reasons[:20], "was": before})
        if verdict.verdict == "PASS":
            self._passed = True
            try:
                self._memory.write(seen.checked_at)
            finally:
                self._last_pass = seen.checked_at
        return self.status()

    def run(self, stop: threading.Event) -> None:
        """Rounds until `stop` is set. A round that fails unexpectedly is logged and counted, and tried again later."""
        failures = 0
        while not stop.is_set():
            begin = self._clock.monotonic()
            try:
                self.run_once()
                failures = 0
            except Exception:
                log.exception("a round failed unexpectedly")
                self.errors += 1
                failures += 1
            stop.wait(max(0.0, begin + self._pause(failures) - self._clock.monotonic()))

    def _pause(self, failures: int) -> float:
        """Seconds from one round's start to the next: short until this canary has seen a PASS, so that a stack that
        just started is proved as soon as it works; longer and longer while rounds fail unexpectedly."""
        interval = self._settings.interval
        if failures:
            return min(interval * 2.0 ** min(failures, 8), max(_LONGEST_BACK_OFF, interval))
        return interval if self._passed else min(interval, _STARTING_INTERVAL)
