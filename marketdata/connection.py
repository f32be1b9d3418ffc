"""Keeps one socket to a venue alive: dials, backs off, watches for silence. It knows no venue and reads no frame."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import websocket
from websocket import WebSocketApp

from marketdata.inbox import Arrival, Inbox, Kind
from marketdata.limits import Backoff, DialGuard
from marketdata.tally import Tally

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Timings:
    """Seconds. `ping_timeout` must stay below half of `ping_interval`, or the library sees a dead peer far too late.

    `silence` without any frame, pings included, ends a socket; `healthy` is how long data must flow before the
    back-off starts over; `socket` ends a stall inside a frame or an unanswered upgrade.
    """

    ping_interval: float = 15.0
    ping_timeout: float = 7.0
    silence: float = 40.0
    watch: float = 1.0
    healthy: float = 60.0
    socket: float = 10.0


class Connection:
    """One supervised socket. Its reader thread stamps each frame and puts it into the inbox, and does nothing else."""

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
    ) -> None:
        self.url = url
        self.connected = False
        self.last_frame_at = clock()
        self._inbox, self._tally, self._timings = inbox, tally, timings
        self._backoff, self._guard = backoff, guard
        self._clock, self._wall_clock = clock, wall_clock
        self._app: WebSocketApp | None = None
        self._dialled_at = clock()
        self._first_message_at: float | None = None
        self._problem = "not dialled yet"
        self._dropped_for: str | None = None
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name="feed-socket", daemon=True),
            threading.Thread(target=self._watch, name="feed-watchdog", daemon=True),
        ]

    def start(self) -> None:
        """Starts dialling, and goes on until `stop`."""
        websocket.setdefaulttimeout(self._timings.socket)
        logging.getLogger("websocket").setLevel(logging.CRITICAL)  # it would repeat each failure that is told here
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ends the socket and both threads."""
        self._stop.set()
        self._shut()
        for thread in self._threads:
            thread.join(self._timings.socket)

    def send(self, text: str) -> bool:
        """Sends a frame; false when there is no socket that takes it, which then is about to be replaced."""
        app = self._app
        if app is None:
            return False
        try:
            app.send(text)
        except (websocket.WebSocketException, OSError, AttributeError):  # the library lets its socket go meanwhile
            return False
        return True

    def drop(self, reason: str) -> None:
        """Ends the present socket, so that a new one is dialled."""
        log.warning("the socket is dropped", extra={"url": self.url, "reason": reason})
        self._dropped_for = reason
        self._shut()

    def frame_age(self) -> float:
        """Seconds since the last frame; since the start when there was none."""
        return self._clock() - self.last_frame_at

    def trouble(self) -> str | None:
        """Why the connection can't be relied on now, or None."""
        if not self.connected:
            return f"not connected to {self.url}: {self._problem}"
        silence = self._silence()
        return None if silence <= self._timings.silence else f"no frame for {silence:.0f} s"

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._attempt()
            except Exception:
                self._tally.failures["socket"] += 1
                log.exception("an attempt to connect failed unexpectedly")
            delay = self._backoff.delay()
            self._tally.reconnect_delay_seconds = delay
            self._stop.wait(delay)

    def _attempt(self) -> None:
        """One dial and the life of the socket that it gives; a new app each time, since the library keeps state."""
        wait = self._guard.wait(self._clock())
        if wait > 0:
            self._tally.guard_waits += 1
            self._tally.guard_wait_seconds += wait
            self._problem = f"waiting {wait:.0f} s, so as not to dial too often"
        if self._stop.wait(wait):
            return
        self._dialled_at, self._first_message_at, self._dropped_for = self._clock(), None, None
        self._guard.record(self._dialled_at)
        app = self._app = WebSocketApp(
            self.url,
            on_open=self._opened,
            on_message=self._message,
            on_ping=self._heartbeat,
            on_pong=self._heartbeat,
            on_error=self._failed,
        )
        try:
            app.run_forever(
                ping_interval=self._timings.ping_interval,
                ping_timeout=self._timings.ping_timeout,
                skip_utf8_validation=True,
            )
        finally:
            self._app = None
            self._closed()

    def _opened(self, _app: WebSocketApp) -> None:
        self.connected = True
        self._tally.attempts["open"] += 1
        log.info("connected", extra={"url": self.url})
        self._arrived("opened")
        if self._stop.is_set():
            self._shut()

    def _message(self, _app: WebSocketApp, message: bytes | str) -> None:
        self._arrived("frame", message if isinstance(message, bytes) else message.encode())
        if self._first_message_at is None:
            self._first_message_at = self.last_frame_at

    def _heartbeat(self, _app: WebSocketApp, _payload: Any) -> None:
        self._arrived("heartbeat")

    def _arrived(self, kind: Kind, payload: bytes = b"") -> None:
        now = self.last_frame_at = self._clock()
        self._inbox.put(Arrival(kind, now, self._wall_clock(), payload))

    def _failed(self, _app: WebSocketApp, error: Exception) -> None:
        self._problem = self._dropped_for or f"{type(error).__name__}: {str(error)[:200]}"
        if not self.connected:
            self._tally.attempts[_result_of(error)] += 1
        self._shut()  # or the library would wait seconds for the peer to agree to the close

    def _closed(self) -> None:
        if not self.connected:
            log.info("could not connect", extra={"url": self.url, "reason": self._problem})
            return
        self.connected = False
        log.warning("disconnected", extra={"url": self.url, "reason": self._problem})
        self._inbox.put(Arrival("closed", self._clock(), self._wall_clock()))
        first = self._first_message_at
        if first is not None and self.last_frame_at - first >= self._timings.healthy:
            self._backoff.reset()

    def _watch(self) -> None:
        while not self._stop.wait(self._timings.watch):
            try:
                self._end_silence()
            except Exception:
                self._tally.failures["watchdog"] += 1
                log.exception("the watchdog failed unexpectedly")

    def _end_silence(self) -> None:
        if self._app is not None and self._silence() > self._timings.silence:
            self._tally.silences += 1
            self._dialled_at = self._clock()
            self.drop(f"silent for {self._timings.silence:.0f} s")

    def _silence(self) -> float:
        return self._clock() - max(self.last_frame_at, self._dialled_at)

    def _shut(self) -> None:
        """Wakes a reader whatever it waits for. Closing instead would wait for the very peer that is silent."""
        app = self._app
        library_socket = app.sock if app is not None else None
        raw = library_socket.sock if library_socket is not None else None
        if raw is not None:
            with contextlib.suppress(OSError):
                raw.shutdown(socket.SHUT_RDWR)


def _result_of(error: Exception) -> str:
    if isinstance(error, websocket.WebSocketBadStatusException):
        return "rejected"
    if isinstance(error, websocket.WebSocketTimeoutException | TimeoutError):
        return "timeout"
    return "refused" if isinstance(error, OSError) else "error"
