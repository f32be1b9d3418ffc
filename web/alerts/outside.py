"""Tells an address outside this machine, once a minute, that the alert path works; its silence there is the alarm.

The address understands pings as healthchecks does: a call of it is success, `/fail` behind it is a failure at once, and
`/log` is only noted. The body says why, for whoever gets the outside alarm.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

import urllib3

from common.clock import Clock
from common.errors import Unavailable
from web.alerts.heartbeat import SILENT_SECONDS, alert_heartbeat
from web.alerts.inbox import InboxContents
from web.cells import Reading

log = logging.getLogger(__name__)

PING_SECONDS = 60.0
TIMEOUT_SECONDS = 10.0
NOT_COMPARED_SECONDS = 60.0
MOST_BODY = 8_000
"""Bytes of a body: hosts of one's own take 10 kB at most."""
MOST_NAMED = 20
STARTED = "log"
FAILED = "fail"


def trouble(contents: InboxContents | None, reason: str | None, unheard: bool, now: datetime) -> str | None:
    """Returns the reason why an alert may not reach anybody, or None when the path is proven.

    `contents` is the inbox and `reason` why it can't be read; `unheard` is true while Prometheus is silent. The path is
    not proven before the first heartbeat and the first comparison, and that is trouble here: outside a late success is
    better than a false one.
    """
    if contents is None or reason is not None:
        return f"the alert inbox can't be read: {reason or 'not read yet'}"
    if unheard:
        return "Prometheus tells Alertmanager nothing: no new alert can fire"
    heartbeat = alert_heartbeat(contents.heartbeat_at, now)
    if heartbeat.received_at is None:
        return "no heartbeat has come from Alertmanager yet"
    if heartbeat.silent:
        return f"no heartbeat has come from Alertmanager for more than {SILENT_SECONDS:.0f} s"
    compared = contents.confirmed_at
    if compared is None or now - compared > timedelta(seconds=NOT_COMPARED_SECONDS):
        return "the inbox could not be compared with Alertmanager's list for a minute"
    return None


def told(contents: InboxContents | None, reason: str | None) -> bytes:
    """Returns the body of a ping: the state of the path, and what fires."""
    lines = ["Spark: the alert path is proven." if reason is None else f"Spark: {reason}."]
    if contents is not None:
        open_alerts = [alert for alert in contents.alerts if alert.status != "resolved"]
        lines.append(f"firing: {contents.counts['firing']}, unknown: {contents.counts['unknown']}")
        lines += [f"- {one.severity} {one.name} {one.service}: {one.summary}"[:300] for one in open_alerts[:MOST_NAMED]]
    return "\n".join(lines).encode()[:MOST_BODY]


class OutsideHeartbeat:
    """Sends the pings. One thread calls it. The address is a secret: whoever knows it can keep the alarm quiet."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._url = url.rstrip("/")
        self._clock = clock
        self._announced = False
        self._pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(total=TIMEOUT_SECONDS))

    def ping(self, inbox: Reading[InboxContents], unheard: bool) -> str | None:
        """Sends one ping. Returns the trouble that it told, or None for success.

        Raises `Unavailable` when the address did not take it.
        """
        reason = trouble(inbox.value, inbox.reason, unheard, self._clock.now())
        body = told(inbox.value, reason)
        if not self._announced:
            self._send(STARTED, b"Spark: the console has started and watches the alert path.")
            self._announced = True
        self._send("" if reason is None else FAILED, body)
        return reason

    def _send(self, place: str, body: bytes) -> None:
        """Posts a body. No error shows the address."""
        address = f"{self._url}/{place}" if place else self._url
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        try:
            answer = self._pool.request("POST", address, body=body, headers=headers, redirect=False)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unavailable(f"the outside heartbeat's address does not answer ({type(error).__name__})") from error
        if not 200 <= answer.status < 300:
            raise Unavailable(f"the outside heartbeat's address answered {answer.status}")
