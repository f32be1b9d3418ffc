"""One dial and the life of the socket that it gives. What it means that it ended is for the connection to say."""

from __future__ import annotations

import contextlib
import functools
import socket
import ssl
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import websocket
from websocket import WebSocketApp

from marketdata.failures import Verdict, of_close, of_upgrade

ANSWERS_KEPT = 5

Event = Literal["opened", "frame", "heartbeat"]


@dataclass(frozen=True)
class Timings:
    """Seconds. `ping_timeout` must stay below half of `ping_interval`, or the library sees a dead peer far too late.

    `silence` without any frame ends a socket. Every whole frame counts as life: data, the peer's pings and closes, and
    its pongs to our pings; bytes of an unfinished frame or upgrade don't. `healthy` is how long data must flow before
    the back-off starts over; `socket` ends a stall inside a frame or an unanswered upgrade; `starved` without answering
    a ping makes a close our fault; `heartbeat` is the pause between the application's own heartbeats, where it has any.
    """

    ping_interval: float = 15.0
    ping_timeout: float = 7.0
    silence: float = 40.0
    watch: float = 1.0
    healthy: float = 60.0
    socket: float = 10.0
    starved: float = 30.0
    heartbeat: float = 15.0


class Dial:
    """One attempt: a `WebSocketApp` of its own, since the library keeps state from one use to the next.

    `heard(event, payload)` is called from the reader's thread, and must be quick.
    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        timings: Timings,
        heard: Callable[[Event, bytes], None],
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
    ) -> None:
        self.opened = False
        self.reason: str | None = None
        self.verdict = Verdict("error")
        self.alive_at = clock()
        self._dropped: Literal["dropped", "silence"] | None = None
        self._headers, self._timings, self._heard = headers, timings, heard
        self._clock, self._wall_clock = clock, wall_clock
        self._first_data_at: float | None = None
        self._answered: deque[float] = deque(maxlen=ANSWERS_KEPT)
        self._library_socket: websocket.WebSocket | None = None
        self._app = WebSocketApp(
            url,
            header=self._before_the_upgrade,
            on_open=self._on_open,
            on_message=self._on_message,
            on_ping=self._on_ping,
            on_pong=self._on_pong,
            on_error=self._on_error,
        )

    def run(self) -> None:
        """Dials, reads until the socket ends, and leaves in `verdict` and `reason` how it did."""
        try:
            self._app.run_forever(
                ping_interval=self._timings.ping_interval,
                ping_timeout=self._timings.ping_timeout,
                skip_utf8_validation=True,
            )
        finally:
            raw = self._raw_socket()
            if raw is not None:  # after some ends the library leaves it open
                raw.close()
        if self._dropped is not None:
            unopened = "timeout" if self._dropped == "silence" else "error"
            self.verdict = Verdict(self._dropped if self.opened else unopened)

    def send(self, text: str) -> bool:
        """Sends a text frame; false when there is no socket that takes it."""
        try:
            self._app.send(text)
        except (websocket.WebSocketException, OSError, AttributeError):  # the library lets its socket go meanwhile
            return False
        return True

    def drop(self, cause: Literal["dropped", "silence"], reason: str) -> bool:
        """Ends the socket; false when it has already got a reason to end, which then is kept."""
        first = self.reason is None
        if first:
            self._dropped, self.reason = cause, reason
        self._shut()
        return first

    def was_healthy(self) -> bool:
        """Whether data flowed for long enough to take the venue for well again."""
        return self._first_data_at is not None and self.alive_at - self._first_data_at >= self._timings.healthy

    def _shut(self) -> None:
        """Wakes the reader whatever it waits for. Closing instead would wait for the very peer that is silent."""
        raw = self._raw_socket()
        if raw is not None:
            with contextlib.suppress(OSError):
                raw.shutdown(socket.SHUT_RDWR)

    def _raw_socket(self) -> socket.socket | None:
        return self._library_socket.sock if self._library_socket is not None else None

    def _before_the_upgrade(self) -> dict[str, str]:
        # The library follows redirects by itself: each would be a dial that no guard counted, and would hand our
        # headers to another host.
        library_socket: Any = self._app.sock
        self._library_socket = library_socket
        library_socket.settimeout(self._timings.socket)
        library_socket.connect = functools.partial(library_socket.connect, redirect_limit=0)
        return dict(self._headers)

    def _on_open(self, _app: WebSocketApp) -> None:
        if self.reason is not None:  # dropped while there was no socket yet to shut
            self._shut()
            return
        self.opened, self.alive_at = True, self._clock()
        self._answered.append(self.alive_at)
        self._heard("opened", b"")

    def _on_message(self, _app: WebSocketApp, message: bytes | str) -> None:
        self._alive("frame", message if isinstance(message, bytes) else message.encode())
        if self._first_data_at is None:
            self._first_data_at = self.alive_at

    def _on_ping(self, _app: WebSocketApp, _payload: Any) -> None:
        self._alive("heartbeat")
        self._answered.append(self.alive_at)  # the library has answered it by now

    def _on_pong(self, _app: WebSocketApp, _payload: Any) -> None:
        self._alive("heartbeat")

    def _alive(self, event: Event, payload: bytes = b"") -> None:
        self.alive_at = self._clock()
        self._heard(event, payload)

    def _on_error(self, _app: WebSocketApp, error: Exception) -> None:
        if self.reason is None:  # the first error is the cause, what comes after it are its consequences
            self.reason = f"{type(error).__name__}: {str(error)[:200]}"
            self.verdict = self._verdict_on_end(error) if self.opened else self._verdict_on_dial(error)
        self._shut()  # or the library would wait seconds for the peer to agree to the close

    def _verdict_on_dial(self, error: Exception) -> Verdict:
        if isinstance(error, websocket.WebSocketBadStatusException):
            headers = error.resp_headers or {}
            self.reason = f"the upgrade was answered with {error.status_code}"
            return of_upgrade(error.status_code, headers.get("retry-after"), self._wall_clock())
        status = self._library_socket.getstatus() if self._library_socket is not None else None
        if status is not None and status != 101:
            self.reason = f"the upgrade was answered with {status}"
            return of_upgrade(status, None, self._wall_clock())
        return Verdict(_network_cause(error, "refused"))

    def _verdict_on_end(self, error: Exception) -> Verdict:
        if hasattr(error, "status_code"):  # the peer closed, with or without a code
            answered, starved = tuple(self._answered), self._timings.starved
            cause = of_close(error.status_code, answered=answered, closed=self._clock(), starved=starved)
            return Verdict(cause)
        if isinstance(error, websocket.WebSocketConnectionClosedException):
            return Verdict("lost")
        if isinstance(error, websocket.WebSocketProtocolException | websocket.WebSocketPayloadException):
            return Verdict("protocol")
        return Verdict(_network_cause(error, "reset"))


def _network_cause(error: Exception, other: str) -> str:
    if isinstance(error, websocket.WebSocketTimeoutException | TimeoutError):
        return "timeout"
    if isinstance(error, websocket.WebSocketAddressException | socket.gaierror):
        return "dns"
    if isinstance(error, ssl.SSLError):
        return "tls"
    return other if isinstance(error, OSError) else "error"
