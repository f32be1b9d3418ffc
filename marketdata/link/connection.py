"""Keeps one socket to a venue alive: dials, backs off, watches for silence. It knows no venue and reads no frame."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from common.clock import Clock
from common.loop import Loop, Stop
from marketdata.counters import Counters
from marketdata.link.dial import Dial, DialEvent, LinkTimings
from marketdata.link.dial_limits import DialLimits
from marketdata.link.failures import Verdict
from marketdata.link.inbox import Arrival, Inbox
from marketdata.outbound import USER_AGENT, Access
from marketdata.tape.taps import SocketTap

log = logging.getLogger(__name__)

ConnectionState = Literal["waiting", "dialling", "open", "backing_off", "blocked", "rejected", "stopped", "ended"]
"""waiting: may not be dialled yet. backing_off: before the next dial, or held up by the guard. blocked: the venue
answered 429 or 503. rejected: the venue, or a proxy on the way, refused the dial; the next one comes much later.
stopped: the venue refused a person's credentials; only `resume` dials again. ended: the service stops."""

WATCHDOG_SILENT_SECONDS = 30.0
SHUT_OUT_ALLOWED = 2
"""Closes in a row that refuse the caller, and are taken for accidents."""


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """The state of a connection.

    state: one of the states above.
    reason: a sentence for people; empty while all is well.
    blocked_until: the unix time until which a blocked or rejected connection is not dialled; None for the others.
    """

    state: ConnectionState
    reason: str = ""
    blocked_until: float | None = None


class NotReady(Exception):
    """Nothing to dial with is there yet. The provider of headers raises it, and `wake` has it called again."""


@dataclass(frozen=True)
class VenueSocket:
    """The address of a venue's socket, and everything that the venue wants sent to it.

    name: the first part of its loops' names.
    url: the address to dial.
    headers: called before each dial; returns the headers of the upgrade, or raises `NotReady`.
    heartbeat: returns the frame that the venue wants every `LinkTimings.heartbeat` seconds; None for a venue that wants
        none.
    access: the way to the venue, and if the headers show a person's credentials.
    tap: hears all that comes and goes; None when nothing is recorded.
    """

    name: str
    url: str
    headers: Callable[[], Mapping[str, str]] = dict
    heartbeat: Callable[[], str] | None = None
    access: Access = field(default_factory=Access)
    tap: SocketTap | None = None


class VenueConnection:
    """One supervised socket. Its reader stamps each frame and puts it into the inbox, and does nothing else.

    loops: the reader, the watchdog and, where the venue wants one, the heartbeat.
    last_frame_at: when the last frame came, in seconds of the monotonic clock; the start when none came.
    """

    def __init__(
        self,
        socket: VenueSocket,
        *,
        inbox: Inbox,
        counters: Counters,
        timings: LinkTimings,
        limits: DialLimits,
        clock: Clock,
        stop: Stop,
    ) -> None:
        self.url = socket.url
        self.last_frame_at = clock.monotonic()
        self._socket, self._inbox, self._counters, self._timings = socket, inbox, counters, timings
        self._backoff, self._retreat, self._guard, self._stop = limits.backoff, limits.retreat, limits.guard, stop
        self._clock, self._monotonic, self._unix = clock, clock.monotonic, clock.unix
        self._dial: Dial | None = None
        self._status = ConnectionStatus("waiting", "not dialled yet")
        self._first_at = self._dial_at = self._monotonic() + limits.first_delay
        self._refused = self._resumed = False
        self._shut_out = 0
        self._reader = Loop(f"{socket.name}-socket", self._step, retry=(0.0, 0.0), on_failure=self._attempt_failed)
        self.loops = (self._reader, *self._timers(socket.heartbeat))
        stop.on_set(lambda: self._drop("stopped"))

    @property
    def connected(self) -> bool:
        """True while a socket is open."""
        dial = self._dial
        return dial is not None and dial.opened and dial.reason is None

    def wake(self) -> None:
        """Asks for the headers again, after they were not ready."""
        self._reader.wake()

    def resume(self) -> None:
        """Dials at once, as far as the guard allows: a person says so, or there are other credentials now."""
        if not self.connected:
            self._resumed = True
            self._reader.wake()

    def status(self) -> ConnectionStatus:
        """Returns the present state."""
        dial, status = self._dial, self._status
        if self._stop.is_set() and not self.connected:
            return ConnectionStatus("ended", "the service stops")
        if status.state == "open" and dial is not None and dial.reason is not None:
            return ConnectionStatus("backing_off", dial.reason)
        if status.blocked_until is not None and self._unix() >= status.blocked_until:
            return ConnectionStatus("backing_off", status.reason)
        return status

    def send(self, text: str) -> bool:
        """Sends a frame; returns false when no socket takes it. That socket is about to be replaced."""
        dial, tap = self._dial, self._socket.tap
        if dial is not None and tap is not None:
            tap.sent(text)  # first, so that no answer stands before it
        return dial is not None and dial.send(text)

    def drop(self, reason: str) -> None:
        """Ends the present socket, so that a new one is dialled."""
        log.warning("the socket is dropped", extra={"url": self.url, "reason": reason})
        self._drop(reason)

    def frame_age(self) -> float:
        """Returns the seconds since the last frame; since the start when there was none."""
        return self._monotonic() - self.last_frame_at

    def trouble(self) -> str | None:
        """Returns why the connection can't be relied on now, or None."""
        if not self.connected:
            status = self.status()
            return f"not connected to {self.url}: {status.state}, {status.reason}"
        silence = self.frame_age()
        return None if silence <= self._timings.silence else f"no frame for {silence:.0f} s"

    def _timers(self, heartbeat: Callable[[], str] | None) -> tuple[Loop, ...]:
        def watch() -> None:
            dial = self._dial
            if dial is not None:
                self._counters.silences += dial.look()

        def beat() -> None:
            if heartbeat is not None and self.connected:
                self.send(heartbeat())

        name, timings, silent = self._socket.name, self._timings, WATCHDOG_SILENT_SECONDS
        watchdog = Loop(f"{name}-watchdog", watch, every=timings.watch, silent_after=silent, retry=(1.0, 1.0))
        if heartbeat is None:
            return (watchdog,)
        return watchdog, Loop(f"{name}-heartbeat", beat, every=timings.heartbeat, silent_after=silent, retry=(1.0, 1.0))

    def _step(self) -> float:
        """Dials and reads until the socket ends. Returns the seconds until the next dial; infinity until woken."""
        now = self._monotonic()
        if now < self._first_at:
            return self._first_at - now
        resumed, self._resumed = self._resumed, False
        if resumed:
            self._start_over()
        elif now < self._dial_at:
            return self._dial_at - now
        elif self._refused:
            return math.inf
        self._refused = False
        try:
            headers = self._socket.headers()
        except NotReady as reason:
            self._status = ConnectionStatus("waiting", str(reason))
            return math.inf
        wait = self._guard.acquire(self._monotonic())
        if wait > 0:
            self._counters.guard_waits += 1
            self._counters.guard_wait_seconds += wait
            self._status = ConnectionStatus("backing_off", f"waiting {wait:.0f} s, so as not to dial too often")
            return self._pause(wait)
        return self._attempt(headers)

    def _attempt(self, headers: Mapping[str, str]) -> float:
        self._status = ConnectionStatus("dialling")
        sent = {"User-Agent": USER_AGENT, **headers}
        access, timings = self._socket.access, self._timings
        dial = self._dial = Dial(self.url, sent, access=access, timings=timings, heard=self._heard, clock=self._clock)
        if self._stop.is_set():
            dial.drop("dropped", "stopped")
        try:
            dial.run()
        finally:
            self._status = ConnectionStatus("backing_off", _reason(dial))
            self._dial = None
            self._closed(dial)
        return self._follow(dial)

    def _heard(self, event: DialEvent, payloads: Sequence[bytes]) -> None:
        now, received = self._monotonic(), self._unix()
        self.last_frame_at = now
        if event == "opened":
            self._counters.attempts["open"] += 1
            self._resumed, self._status = False, ConnectionStatus("open")
            log.info("connected", extra={"url": self.url})
        if self._socket.tap is not None:
            self._socket.tap.came(event, now, received, payloads)
        self._inbox.put([Arrival(event, now, received, payload) for payload in payloads])

    def _closed(self, dial: Dial) -> None:
        seen = {"url": self.url, "cause": dial.verdict.cause, "reason": dial.reason}
        if self._socket.tap is not None:
            self._socket.tap.ended(_reason(dial))
        if not dial.opened:
            self._counters.attempts[dial.verdict.cause] += 1
            log.info("could not connect", extra=seen)
            return
        self._counters.closes[dial.verdict.cause] += 1
        log.warning("disconnected", extra=seen)
        self._inbox.put([Arrival("closed", self._monotonic(), self._unix())])
        if dial.was_healthy():
            self._start_over()

    def _follow(self, dial: Dial) -> float:
        """Does what the end of a dial asks for. Returns the seconds until the next one; infinity until `resume`."""
        verdict, reason = dial.verdict, _reason(dial)
        if verdict.step == "stop":
            log.error("refused; not dialled again until resumed", extra={"url": self.url, "reason": reason})
            self._status, self._refused = ConnectionStatus("stopped", reason), True
            self._backoff.reset()
            return math.inf
        if verdict.step == "retreat" and not self._is_accident(dial):
            return self._keep_away(verdict, reason)
        if verdict.step == "wait":
            self._guard.hold(self._monotonic() + verdict.seconds)
            self._counters.blocked_seconds += verdict.seconds
            self._status = ConnectionStatus("blocked", reason, self._unix() + verdict.seconds)
        return self._back_off(verdict.seconds)

    def _start_over(self) -> None:
        self._backoff.reset()
        self._retreat.reset()
        self._shut_out = 0

    def _is_accident(self, dial: Dial) -> bool:
        """Returns true for a refusing close after an opening, unless it follows others of its kind."""
        if not dial.opened:
            return False
        self._shut_out += 1
        return self._shut_out <= SHUT_OUT_ALLOWED

    def _keep_away(self, verdict: Verdict, reason: str) -> float:
        """Retreats after a refusal that no person has to mend. `resume` ends it early."""
        delay = self._counters.reconnect_delay_seconds = max(self._retreat.delay(), verdict.seconds)
        until = self._unix() + delay
        again = datetime.fromtimestamp(until, UTC)
        self._status = ConnectionStatus("rejected", f"{reason}; dialled again at {again:%H:%M:%S} UTC", until)
        log.warning("refused; dialled again much later", extra={"url": self.url, "reason": reason, "seconds": delay})
        return self._pause(delay)

    def _back_off(self, before: float = 0.0) -> float:
        delay = self._counters.reconnect_delay_seconds = self._backoff.delay()
        return self._pause(before + delay)

    def _pause(self, seconds: float) -> float:
        """Allows no dial for some seconds; a wake before that only looks at the clock again."""
        self._dial_at = self._monotonic() + seconds
        return seconds

    def _attempt_failed(self, error: Exception) -> None:
        self._status = ConnectionStatus("backing_off", f"{type(error).__name__}: {error}")
        self._back_off()

    def _drop(self, reason: str) -> None:
        dial = self._dial
        if dial is not None:
            dial.drop("dropped", reason)


def _reason(dial: Dial) -> str:
    return dial.reason or "it ended without telling why"
