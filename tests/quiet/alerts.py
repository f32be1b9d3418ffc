"""The alerts that Prometheus has while a stack is watched: those that fire, and those that were on their way."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import urllib3

ALWAYS = "Watchdog"
PAUSE_SECONDS = 5.0
TOLD_SECONDS = 60.0

Alerts = Callable[[], Sequence[dict[str, Any]]]
"""Returns Prometheus' list of alerts, as `/api/v1/alerts` has it."""


@dataclass
class Watch:
    """The looks of one watch.

    looks: how many there were.
    silent: looks at which Prometheus gave no list, or no `Watchdog` that fires: they prove nothing.
    fired: names of alerts that fired, with the labels that tell which, each once.
    pending: the same of alerts whose condition held, but not for long enough.
    """

    looks: int = 0
    silent: int = 0
    fired: dict[str, float] = field(default_factory=dict)
    pending: dict[str, float] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """True when there were looks, all of them proved something, and nothing fired."""
        return self.looks > 0 and not self.silent and not self.fired

    def look(self, alerts: Sequence[dict[str, Any]], seconds: float) -> None:
        """Notes what one list says, at so many seconds of the watch."""
        self.looks += 1
        firing = {each["labels"]["alertname"] for each in alerts if each["state"] == "firing"}
        self.silent += ALWAYS not in firing
        for each in alerts:
            if each["labels"]["alertname"] != ALWAYS:
                noted = self.fired if each["state"] == "firing" else self.pending
                noted.setdefault(named(each["labels"]), seconds)


def named(labels: dict[str, str]) -> str:
    """Returns the name of an alert with the labels that tell which one it is."""
    which = [labels[name] for name in ("service", "instance", "venue", "symbol") if name in labels]
    return f"{labels['alertname']}({', '.join(which)})"


def watch(alerts: Alerts, minutes: float, told: Callable[[str], None]) -> Watch:
    """Looks at the alerts every 5 s for so many minutes; tells of its progress each minute."""
    found, began, next_word = Watch(), time.monotonic(), TOLD_SECONDS
    while (seconds := time.monotonic() - began) < minutes * 60:
        try:
            found.look(alerts(), seconds)
        except (urllib3.exceptions.HTTPError, AssertionError, OSError):
            found.looks, found.silent = found.looks + 1, found.silent + 1
        if seconds >= next_word:
            next_word += TOLD_SECONDS
            told(f"{seconds / 60:.0f} of {minutes:g} minutes: {len(found.fired)} fired, {len(found.pending)} pending")
        time.sleep(PAUSE_SECONDS)
    return found
