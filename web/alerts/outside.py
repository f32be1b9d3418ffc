"""Tells a service outside this machine, once a minute, that the alert path works. There its silence is the alarm.

The service takes pings as healthchecks does: a call of the address is success, `/fail` behind it is a failure at once,
and `/log` is only noted. The body says why, for people who get the outside alarm.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import urllib3

from common.clock import Clock
from common.errors import Unavailable
from web.alerts.address import AddressFault, read_address
from web.alerts.heartbeat import SILENT_SECONDS, alert_heartbeat
from web.alerts.inbox import InboxContents
from web.cells import Reading

PING_SECONDS = 60.0
AGAIN_SECONDS = 20.0
"""Pause after a ping that was not accepted or only noted: the outside takes five pings a minute at most."""
TIMEOUT_SECONDS = 10.0
NOT_COMPARED_SECONDS = 60.0
SETTLE_SECONDS = 180.0
"""So long after the start a path that is not proven yet is noted outside, and no failure. It takes two minutes."""
MOST_BODY = 2_000
MOST_READ = 200
IGNORED = re.compile(rb"OK \(([a-z ]{1,40})\)")
"""The answer to a ping that was understood and dropped, with status 200: its check is unknown, or its rate too high."""

Told = Literal["success", "fail", "log"]


@dataclass(frozen=True)
class Accepted:
    """A ping that the outside accepted.

    at: when, UTC.
    told: the kind of the ping.
    reason: why the path is not proven; None with success.
    """

    at: datetime
    told: Told
    reason: str | None


def trouble(inbox: Reading[InboxContents], unheard: bool, now: datetime) -> str | None:
    """Returns the reason why an alert may not reach anybody, or None when the path is proven.

    unheard: true while Prometheus tells Alertmanager nothing.
    """
    contents = inbox.value
    if contents is None or inbox.reason is not None:
        return f"the alert inbox can't be read: {inbox.reason}"
    if unheard:
        return "Prometheus tells Alertmanager nothing, so no new alert can fire"
    heartbeat = alert_heartbeat(contents.heartbeat_at, contents.awaited_since, now)
    if heartbeat.received_at is None:
        return "no heartbeat has come from Alertmanager yet"
    if heartbeat.silent:
        return f"no heartbeat has come from Alertmanager for more than {SILENT_SECONDS:.0f} s"
    compared = contents.confirmed_at
    if compared is None or now - compared > timedelta(seconds=NOT_COMPARED_SECONDS):
        return f"the inbox was not compared with Alertmanager's list for more than {NOT_COMPARED_SECONDS:.0f} s"
    return None


def body_of(inbox: Reading[InboxContents], reason: str | None) -> bytes:
    """Returns the body of a ping: the state of the path, and how many alerts fire. No alert is named outside."""
    lines = ["Spark: the alert path is proven." if reason is None else f"Spark: {reason}."]
    if inbox.value is not None:
        counts = inbox.value.counts
        lines.append(f"firing: {counts['firing']}, unknown: {counts['unknown']}")
    return "\n".join(lines).encode()[:MOST_BODY]


class OutsideHeartbeat:
    """Sends the pings. One thread calls it. The address is read at each ping, so a new one needs no restart."""

    def __init__(self, file: Path, clock: Clock, *, timeout: float = TIMEOUT_SECONDS) -> None:
        self._file, self._clock = file, clock
        self._settles_until = clock.monotonic() + SETTLE_SECONDS
        self._started = self._proven = False
        self._pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(total=timeout))

    def ping(self, inbox: Reading[InboxContents], unheard: bool) -> Accepted:
        """Sends one ping and returns it. The first one only notes the start.

        Raises `Unavailable` when it was not accepted.
        """
        reason = trouble(inbox, unheard, self._clock.now()) if self._started else "the console has just started"
        self._started = True
        told = self._kind(reason)
        self._send(told, body_of(inbox, reason))
        return Accepted(self._clock.now(), told, reason)

    def _kind(self, reason: str | None) -> Told:
        if reason is None:
            self._proven = True
            return "success"
        settling = not self._proven and self._clock.monotonic() < self._settles_until
        return "log" if settling else "fail"

    def _send(self, told: Told, body: bytes) -> None:
        """Posts a body. No error shows the address, and none is chained to one that does."""
        try:
            address = read_address(self._file)
        except AddressFault as fault:
            raise Unavailable(str(fault)) from None
        url = address if told == "success" else f"{address}/{told}"
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        try:
            answer = self._pool.request(
                "POST", url, body=body, headers=headers, redirect=False, preload_content=False, decode_content=False
            )
            try:
                said = answer.read(MOST_READ)
            finally:
                answer.close()
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise Unavailable(f"the outside does not answer ({type(error).__name__})") from None
        if not 200 <= answer.status < 300:
            raise Unavailable(f"the outside answered {answer.status}")
        if (ignored := IGNORED.match(said)) is not None:
            raise Unavailable(f"the outside dropped the ping: {ignored[1].decode()}")
