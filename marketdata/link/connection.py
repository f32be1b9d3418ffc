"""Keeps one socket to a venue alive: dials, backs off, watches for silence. It knows no venue and reads no frame."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from marketdata.link.dial import Dial, Event, Timings
from marketdata.link.inbox import Arrival, Inbox
from marketdata.link.dial_limits import Backoff, DialGuard
from marketdata.counters import Tally

__all__ = ["Condition", "Connection", "NotReady", "State", "Timings"]

log = logging.getLogger(__name__)

State = Literal["waiting", "dialling", "open", "backing_off", "blocked", "stopped"]


@dataclass(frozen=True, slots=True)
class Condition:
    """What a connection is doing, and why. `blocked_until` (unix seconds) is set while the venue told it to keep away.

    `waiting`: not to be dialled yet; `backing_off`: before the next dial, or held up by the guard; `blocked`: 429 or
    503 at the upgrade; `stopped`: 401 or 403, it dials again only after `resume`.
    """

    state: State
    reason: str = ""
    blocked_until: float | None = None


class NotReady(Exception):
    """Raised by the provider of headers: there is nothing to dial with yet. `Connection.wake` asks it again."""


class Connection:
    """One supervised socket. Its reader thread stamps each frame and puts it into the inbox, and does nothing else.

    `guard` is shared by all connections to one host. `headers` is asked before each dial; `heartbeat` gives the text
    that the venue wants to hear every `timings.heartbeat` seconds; `first_delay` seconds pass before the first dial.
    """

    def __init__(
        self,
        url: str,
        *,
        inbox: Inbox,
        tally: Tally,
        timings: Timings,
        backoff: Backoff,
        guard: DialGuard,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
        headers: Callable[[], Mapping[str, str]] | None = None,
        heartbeat: Callable[[], str] | None = None,
        first_delay: float = 0.0,
    ) -> None:
        self.url = url
        self.last_frame_at = clock()
        self._inbox, self._tally, self._timings = inbox, tally, timings
        self._backoff, self._guard = backoff, guard
        self._clock, self._wall_clock = clock, wall_clock
        self._headers: Callable[[], Mapping[str, str]] = headers or dict
        self._first_delay = first_delay
        self._dial: Dial | None = None
        self._condition = Condition("waiting", "not dialled yet")
        self._stop, self._woken, self._resumed = threading.Event(), threading.Event(), threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name="feed-socket", daemon=True),
            threading.Thread(target=self._watch, name="feed-watchdog", daemon=True),
        ]
        if heartbeat is not None:
            beat = threading.Thread(target=self._beat, args=(heartbeat,), name="feed-heartbeat", daemon=True)
            self._threads.append(beat)

    @property
    def connected(self) -> bool:
        """Whether a socket is open."""
        dial = self._dial
        return dial is not None and dial.opened and dial.reason is None

    def start(self) -> None:
        """Starts dialling, and goes on until `stop`."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ends the socket and the threads; for good."""
        self._stop.set()
        self._woken.set()
        self._resumed.set()
        self._drop("stopped")
        for thread in self._threads:
            if thread.is_alive():
                thread.join(self._timings.socket)

    def wake(self) -> None:
        """Asks for the headers again, after they were not ready."""
        self._woken.set()

    def resume(self) -> None:
        """Dials again after a refusal that stopped it: somebody has given it other credentials."""
        self._resumed.set()

    def condition(self) -> Condition:
        """What it is doing now."""
        dial, condition = self._dial, self._condition
        if condition.state == "open" and dial is not None and dial.reason is not None:
            return Condition("backing_off", dial.reason)
        return condition

    def send(self, text: str) -> bool:
        """Sends a frame; false when there is no socket that takes it, which then is about to be replaced."""
        dial = self._dial
        return dial is not None and dial.send(text)

    def drop(self, reason: str) -> None:
        """Ends the present socket, so that a new one is dialled."""
        log.warning("the socket is dropped", extra={"url": self.url, "reason": reason})
        self._drop(reason)

    def frame_age(self) -> float:
        """Seconds since the last frame; since the start when there was none."""
        return self._clock() - self.last_frame_at

    def trouble(self) -> str | None:
        """Why the connection can't be relied on now, or None."""
        if not self.connected:
            condition = self.condition()
            return f"not connected to {self.url}: {condition.state}, {condition.reason}"
        silence = self.frame_age()
        return None if silence <= self._timings.silence else f"no frame for {silence:.0f} s"

    def _run(self) -> None:
        self._stop.wait(self._first_delay)
        while not self._stop.is_set():
            try:
                self._attempt()
            except Exception as error:
                self._tally.failures["socket"] += 1
                log.exception("an attempt to connect failed unexpectedly")
                self._back_off(f"{type(error).__name__}: {error}")
        self._condition = Condition("stopped", "told to stop")

    def _attempt(self) -> None:
        headers = self._headers_to_dial_with()
        if headers is None or self._stop.is_set():
            return
        self._condition = Condition("dialling")
        dial = self._dial = Dial(
            self.url, headers, timings=self._timings, heard=self._heard, clock=self._clock, wall_clock=self._wall_clock
        )
        try:
            dial.run()
        finally:
            self._condition = Condition("backing_off", _reason(dial))
            self._dial = None
            self._closed(dial)
        self._follow(dial)

    def _headers_to_dial_with(self) -> Mapping[str, str] | None:
        """Headers for a dial that may be made now, and is counted; None when there was something to wait for first."""
        self._woken.clear()
        self._resumed.clear()
        try:
            headers = self._headers()
        except NotReady as reason:
            self._condition = Condition("waiting", str(reason))
            if not self._stop.is_set():
                self._woken.wait()
            return None
        wait = self._guard.take(self._clock())
        if wait <= 0:
            return headers
        self._tally.guard_waits += 1
        self._tally.guard_wait_seconds += wait
        self._condition = Condition("backing_off", f"waiting {wait:.0f} s, so as not to dial too often")
        self._stop.wait(wait)
        return None

    def _heard(self, event: Event, payloads: Sequence[bytes]) -> None:
        now, received = self._clock(), self._wall_clock()
        self.last_frame_at = now
        if event == "opened":
            self._tally.attempts["open"] += 1
            self._condition = Condition("open")
            log.info("connected", extra={"url": self.url})
            if self._stop.is_set():
                self._drop("stopped")
        self._inbox.put([Arrival(event, now, received, payload) for payload in payloads])

    def _closed(self, dial: Dial) -> None:
        seen = {"url": self.url, "cause": dial.verdict.cause, "reason": dial.reason}
        if not dial.opened:
            self._tally.attempts[dial.verdict.cause] += 1
            log.info("could not connect", extra=seen)
            return
        self._tally.closes[dial.verdict.cause] += 1
        log.warning("disconnected", extra=seen)
        self._inbox.put([Arrival("closed", self._clock(), self._wall_clock())])
        if dial.was_healthy():
            self._backoff.reset()

    def _follow(self, dial: Dial) -> None:
        """Does what the end of a dial asks for, until it is time for the next one."""
        verdict, reason = dial.verdict, _reason(dial)
        if verdict.step == "stop":
            log.error("refused; not dialled again until resumed", extra={"url": self.url, "reason": reason})
            self._condition = Condition("stopped", reason)
            self._resumed.wait()
            self._backoff.reset()
            return
        if verdict.step == "wait":
            self._guard.hold(self._clock() + verdict.seconds)
            self._tally.blocked_seconds += verdict.seconds
            self._condition = Condition("blocked", reason, self._wall_clock() + verdict.seconds)
            self._stop.wait(verdict.seconds)
        self._back_off(reason)

    def _back_off(self, reason: str) -> None:
        delay = self._tally.reconnect_delay_seconds = self._backoff.delay()
        self._condition = Condition("backing_off", reason)
        self._stop.wait(delay)

    def _watch(self) -> None:
        while not self._stop.wait(self._timings.watch):
            try:
                dial = self._dial
                if dial is not None:
                    self._tally.silences += dial.look()
            except Exception:
                self._tally.failures["watchdog"] += 1
                log.exception("the watchdog failed unexpectedly")

    def _beat(self, heartbeat: Callable[[], str]) -> None:
        while not self._stop.wait(self._timings.heartbeat):
            try:
                if self.connected:
                    self.send(heartbeat())
            except Exception:
                self._tally.failures["heartbeat"] += 1
                log.exception("the heartbeat failed unexpectedly")

    def _drop(self, reason: str) -> None:
        dial = self._dial
        if dial is not None:
            dial.drop("dropped", reason)


def _reason(dial: Dial) -> str:
    return dial.reason or "it ended without telling why"
