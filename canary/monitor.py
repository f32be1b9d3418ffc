"""The canary's rounds: each looks, judges and remembers. The verdict can be asked for at any moment in between."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import msgspec

from canary.evidence import EvidenceStore
from canary.memory import LastPass
from canary.observation import Observation, nothing_seen
from canary.observer import Observer, ProbeRound
from canary.settings import Settings
from canary.verdict import Judgement, Verdict, judge
from common import wire
from common.clock import Clock

log = logging.getLogger(__name__)

STARTING_INTERVAL_SECONDS = 1.0
UNWELL_INTERVAL_SECONDS = 5.0
"""While the verdict is not PASS the canary looks this often, so that it says soon when all is well again."""

Keeper = Callable[[ProbeRound, Judgement], None]
"""Keeps something of a round and its judgement. It is called on the thread of the rounds, after each round."""


class MonitorStatus(wire.Message, frozen=True, kw_only=True):
    """The verdict at one moment.

    judgement: the verdict with its conditions.
    seen: the latest observation; None until the first round has ended.
    last_pass: when a round last gave PASS, UTC; None for never.
    """

    judgement: Judgement
    seen: Observation | None
    last_pass: datetime | None


class Monitor:
    """Keeps the latest observation. One loop runs the rounds; any thread may ask for the status."""

    def __init__(
        self,
        settings: Settings,
        observer: Observer,
        evidence: EvidenceStore,
        memory: LastPass,
        clock: Clock,
        keepers: Sequence[Keeper] = (),
        troubles: Mapping[str, Callable[[], str | None]] | None = None,
    ) -> None:
        """`troubles` has more of the canary's own parts: each tells what is wrong with it, None when nothing is."""
        self._settings = settings
        self._observer = observer
        self._evidence = evidence
        self._memory = memory
        self._keepers = tuple(keepers)
        self._troubles = dict(troubles or {})
        self._clock = clock
        self._last_pass = memory.read()
        self._seen: Observation | None = None
        self._ended_at = clock.monotonic()
        self._passed = False

    def trouble(self) -> str | None:
        """Returns since when no round has ended; None while rounds end in time."""
        silent = self._clock.monotonic() - self._ended_at
        if silent <= self._settings.late_after:
            return None
        return f"no round ended for {silent:.0f} s, limit {self._settings.late_after:g} s"

    def status(self) -> MonitorStatus:
        """Returns the latest observation, judged with the loop's state of now: a stalled loop makes it INCONCLUSIVE."""
        seen, trouble = self._seen, self.trouble()
        if seen is not None:
            seen = msgspec.structs.replace(seen, own={**seen.own, "loop": trouble})
        known = seen or nothing_seen(self._clock.now(), {"loop": trouble or "the first round has not ended yet"})
        return MonitorStatus(judgement=judge(known, self._settings.limits), seen=seen, last_pass=self._last_pass)

    def step(self) -> float:
        """Runs one round and returns the seconds until the next one.

        Rounds begin one interval apart. Until this canary has seen a PASS they follow quickly, so that a stack that
        has just started is proved as soon as it works; and more quickly than usual while the verdict is another one.
        """
        began = self._clock.monotonic()
        verdict = self.run_round()
        interval = UNWELL_INTERVAL_SECONDS if self._passed else STARTING_INTERVAL_SECONDS
        if verdict == "PASS":
            interval = self._settings.interval
        return max(0.0, began + min(interval, self._settings.interval) - self._clock.monotonic())

    def run_round(self) -> Verdict:
        """Looks, judges and remembers. Returns the verdict.

        Raises OSError when the time of a PASS can't be kept, and what a keeper raises.
        """
        before = self._seen and judge(self._seen, self._settings.limits).verdict
        own = {part: trouble() for part, trouble in self._troubles.items()}
        look = self._observer.look({"evidence": self._evidence.trouble(), "loop": None, **own})
        seen = look.observation
        now = judge(seen, self._settings.limits)
        self._seen, self._ended_at = seen, self._clock.monotonic()
        if now.verdict != before:
            log.info("the verdict is now %s", now.verdict, extra={"reasons": now.reasons[:20], "was": before})
        if now.verdict == "PASS":
            self._passed, self._last_pass = True, seen.checked_at
            self._memory.write(seen.checked_at)
        for keep in self._keepers:
            keep(look, now)
        return now.verdict
