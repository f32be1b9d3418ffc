"""Looks at the console, the canary and the containers all the time, while a fault lasts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import urllib3

from tests.faults.ground import Ground

EVERY_SECONDS = 1.0
NO_ANSWER, SILENT = "no answer", "alerts silent"


class Watch:
    """Everything seen since the beginning. Each kind has a thread, so that one that hangs delays no other.

    console: alerts that fire in the console's inbox, `no answer`, and `alerts silent` for a heartbeat that is missing.
    canary: its verdicts, and `no answer`.
    unsettled_at: the Unix time at which the stack was last seen not healthy; None if never.
    settled_at: the Unix time at which it was first seen healthy after that.
    """

    def __init__(self, ground: Ground) -> None:
        self.console: dict[str, None] = {}
        self.canary: dict[str, None] = {}
        self.unsettled_at: float | None = None
        self.settled_at: float | None = None
        self._ground, self._stop = ground, threading.Event()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Looks until the block is left."""
        threads = [
            threading.Thread(target=self._go_on, args=(look,), daemon=True)
            for look in (self._look_at_console, self._look_at_canary, self._look_at_containers)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(20)

    def settled(self) -> bool:
        """The stack was seen healthy after it was last seen otherwise."""
        return self.settled_at is not None

    def _go_on(self, look: Callable[[], None]) -> None:
        while not self._stop.wait(EVERY_SECONDS):
            look()

    def _look_at_console(self) -> None:
        told = self._ground.ask("web", "/api/alerts?limit=500")
        if told is None:
            self.console[NO_ANSWER] = None
            return
        if told["heartbeat"]["silent"]:
            self.console[SILENT] = None
        for each in told["alerts"]:
            if each["status"] == "firing":
                self.console[each["labels"]["alertname"]] = None

    def _look_at_canary(self) -> None:
        told = self._ground.ask("canary", "/v1/status")
        self.canary[told["verdict"] if told else NO_ANSWER] = None

    def _look_at_containers(self) -> None:
        at, well = time.time(), False
        with suppress(urllib3.exceptions.HTTPError, AssertionError, OSError, ValueError, IndexError, KeyError):
            well = self._ground.stack.settled()
        if not well:
            self.unsettled_at, self.settled_at = at, None
        elif self.settled_at is None:
            self.settled_at = at
