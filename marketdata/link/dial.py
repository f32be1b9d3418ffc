"""One dial, and the socket that it opens until that ends. The connection decides what follows from the end."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import struct
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import websocket
from websocket import ABNF

from common.clock import Clock
from marketdata.link.failures import Verdict, of_close, of_end, of_proxy, of_upgrade
from marketdata.link.readahead import ReadAhead
from marketdata.outbound import Access

ANSWERS_KEPT = 5
_CONNECT_STATUS = re.compile(r"status: (\d{3})\b")
"""The library tells a proxy's answer to CONNECT in the text of its exception alone."""

NO_HOST = "no.host.invalid"
"""A host that is never asked. The library reads the environment unless it is told some proxy and some exemption."""

DialEvent = Literal["opened", "frame", "heartbeat"]
Heard = Callable[[DialEvent, Sequence[bytes]], None]
DropCause = Literal["dropped", "silence", "timeout"]


@dataclass(frozen=True)
class LinkTimings:
    """The times of a socket, in seconds. Every whole frame counts as life: data, the peer's pings and its pongs. Bytes
    of an unfinished frame or upgrade don't.

    ping_interval: the pause between our pings.
    ping_timeout: a socket ends when nothing at all is heard for so long after a ping.
    silence: a socket ends when no frame comes for so long; its upgrade counts too.
    watch: the pause between two looks at all this.
    healthy: data must flow for so long before the back-off starts over.
    socket: the longest stall inside a frame, and the longest wait for an upgrade's answer.
    starved: a close is our own fault when no ping was answered for so long.
    heartbeat: the pause between the application's own heartbeats, where the venue wants any.
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
    """One attempt, with a socket of its own, since the library keeps state from one use to the next.

    The reader's thread calls `heard(event, payloads)`, which must be quick. The payloads are all whole frames that have
    come; for another event it is one empty payload. Another thread calls `look` again and again.

    opened: true from the moment the upgrade succeeded.
    reason: why the socket ended, for people; None while it has not.
    verdict: what the end means.
    alive_at: when a whole frame last came, in seconds of the monotonic clock.
    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        access: Access,
        timings: LinkTimings,
        heard: Heard,
        clock: Clock,
    ) -> None:
        self.opened = False
        self.reason: str | None = None
        self.verdict = Verdict("error")
        self.alive_at = self._pinged_at = clock.monotonic()
        self._url, self._headers, self._timings, self._heard = url, dict(headers), timings, heard
        self._credentials, self._proxy = access.credentials, access.proxies.of(url)
        self._monotonic, self._unix = clock.monotonic, clock.unix
        self._dropped: DropCause | None = None
        self._first_data_at: float | None = None
        self._answered: deque[float] = deque(maxlen=ANSWERS_KEPT)
        self._socket = ReadAhead()

    def run(self) -> None:
        """Dials, and reads until the socket ends. Sets `verdict` and `reason`."""
        try:
            self._open()
            while self.reason is None:
                self._read()
        except Exception as error:
            self._failed(error)
        finally:
            raw = self._socket.sock
            if raw is not None:  # after some ends the library leaves it open
                raw.close()
        if self._dropped is not None:
            unopened = "error" if self._dropped == "dropped" else "timeout"
            self.verdict = Verdict(self._dropped if self.opened else unopened)

    def send(self, text: str) -> bool:
        """Sends a text frame; returns false when no socket takes it."""
        return self.opened and self._send(text, ABNF.OPCODE_TEXT)

    def drop(self, cause: DropCause, reason: str) -> bool:
        """Ends the socket; returns false when it has a reason to end already. That reason is kept."""
        first = self.reason is None
        if first:
            self._dropped, self.reason = cause, reason
        self._shut()
        return first

    def look(self) -> bool:
        """Pings when it is time, and ends a socket that is silent or does not answer.

        Returns true when silence ended it.
        """
        now, timings = self._monotonic(), self._timings
        if now - self.alive_at > timings.silence:
            return self.drop("silence", f"silent for {timings.silence:.0f} s")
        if self.opened and self.alive_at < self._pinged_at:
            if now - self._pinged_at > timings.ping_timeout:
                self.drop("timeout", f"nothing heard for {timings.ping_timeout:g} s after a ping")
        elif self.opened and now - self._pinged_at >= timings.ping_interval:
            self._pinged_at = now
            self._send("", ABNF.OPCODE_PING)
        return False

    def was_healthy(self) -> bool:
        """Returns true when data flowed for at least `LinkTimings.healthy` seconds."""
        return self._first_data_at is not None and self.alive_at - self._first_data_at >= self._timings.healthy

    def _open(self) -> None:
        # Redirects are not followed: each would be a dial that no guard counted, and would hand our headers to others.
        connect: Callable[..., None] = self._socket.connect
        connect(self._url, header=self._headers, redirect_limit=0, timeout=self._timings.socket, **self._way())
        if self.reason is not None:  # dropped while there was no socket yet to shut
            return
        self.alive_at = self._pinged_at = self._monotonic()
        self.opened = True
        self._answered.append(self.alive_at)
        self._heard("opened", (b"",))

    def _way(self) -> dict[str, object]:
        """Returns the library's options for the proxy on the way, or for none at all."""
        proxy = self._proxy
        if proxy is None:
            return {"http_proxy_host": NO_HOST, "http_proxy_port": 1, "http_no_proxy": ["*"]}
        told = {"http_proxy_host": proxy.host, "http_proxy_port": proxy.port, "http_no_proxy": [NO_HOST]}
        if proxy.username and not proxy.password:  # the library leaves out the colon that must stand there too
            return {**told, "http_proxy_auth": (f"{proxy.username}:", "")}
        return {**told, "http_proxy_auth": (proxy.username, proxy.password)}

    def _read(self) -> None:
        """Waits for the next frames: all text frames that have come, or one frame of another kind."""
        texts = self._socket.texts()
        if texts:
            self._heard_texts(texts)
            return
        opcode, frame = self._socket.recv_data_frame(control_frame=True)
        if opcode == ABNF.OPCODE_CLOSE:
            self._closed(frame.data)
        elif opcode in (ABNF.OPCODE_PING, ABNF.OPCODE_PONG):
            self.alive_at = self._monotonic()
            if opcode == ABNF.OPCODE_PING:
                self._answered.append(self.alive_at)  # the library has answered it by now
            self._heard("heartbeat", (b"",))
        else:
            self._heard_texts([frame.data])

    def _heard_texts(self, payloads: Sequence[bytes]) -> None:
        self.alive_at = self._monotonic()
        self._heard("frame", payloads)
        if self._first_data_at is None:
            self._first_data_at = self.alive_at

    def _closed(self, body: bytes) -> None:
        code = struct.unpack("!H", body[:2])[0] if len(body) >= 2 else None
        if self.reason is not None:
            return
        words = "".join(each for each in body[2:].decode(errors="replace") if each.isprintable())
        self.reason = f"the venue closed with {code or 'no code'}{f': {words}' if words else ''}"
        answered, starved = tuple(self._answered), self._timings.starved
        self.verdict = of_end(of_close(code, answered=answered, closed=self._monotonic(), starved=starved), code)

    def _failed(self, error: Exception) -> None:
        if self.reason is None:  # what comes after the first cause are its consequences
            self.reason = f"{type(error).__name__}: {str(error)[:200]}"
            self.verdict = _verdict_on_end(error) if self.opened else self._verdict_on_dial(error)

    def _send(self, text: str, opcode: int) -> bool:
        try:
            self._socket.send(text, opcode)
        except (websocket.WebSocketException, OSError, AttributeError):  # the library lets its socket go meanwhile
            return False
        return True

    def _shut(self) -> None:
        """Wakes the reader from any wait. Closing instead would wait for the peer that is silent."""
        raw = self._socket.sock
        if raw is not None:
            with contextlib.suppress(OSError):
                raw.shutdown(socket.SHUT_RDWR)

    def _verdict_on_dial(self, error: Exception) -> Verdict:
        if isinstance(error, websocket.WebSocketBadStatusException):
            return self._refused(error.status_code, error.resp_headers or {})
        status = self._socket.getstatus()
        if status is not None and status != 101:
            return self._refused(status, {})
        if isinstance(error, websocket.WebSocketProxyException):
            return self._refused_on_the_way(error)
        return Verdict(_network_cause(error, "refused"))

    def _refused(self, status: int, headers: Mapping[str, str]) -> Verdict:
        self.reason = f"the upgrade was answered with {status}"
        return of_upgrade(status, headers, self._unix(), credentials=self._credentials)

    def _refused_on_the_way(self, error: Exception) -> Verdict:
        found = _CONNECT_STATUS.search(str(error))
        if found is None:
            return Verdict("error")
        self.reason = f"the proxy answered CONNECT with {found[1]}"
        return of_proxy(int(found[1]))


def _verdict_on_end(error: Exception) -> Verdict:
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
