"""Decides what follows when a dial is refused or a socket ends: back-off, wait, retreat, or no more dials. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from marketdata.refusals import PASSING, THROTTLED, asked_wait, of_credentials, wait_seconds

FAILED_DIALS = ("refused", "timeout", "dns", "tls", "unauthorized", "throttled", "rejected", "error")
CLOSES = (
    *("normal", "pong_starvation", "going_away", "restart", "other_code"),
    *("lost", "reset", "timeout", "protocol", "error", "silence", "dropped"),
)
_CLOSE_CODES = {1000: "normal", 1001: "going_away", 1012: "restart"}
SHUTTING_OUT, OF_APPLICATIONS = frozenset({1008, 1013}), 4_000
"""The codes of a policy and of "try again later", and the first of a thousand codes of applications' own."""

Step = Literal["back_off", "wait", "retreat", "stop"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The consequence of an attempt's end.

    cause: one of `FAILED_DIALS` or `CLOSES`, for the counters.
    step: `back_off` before the next dial; `wait` for `seconds` first; `retreat`, which is a much longer back-off of at
        least `seconds`; or `stop` until the connection is resumed.
    seconds: the wait that was asked for; 0 when none was.
    """

    cause: str
    step: Step = "back_off"
    seconds: float = 0.0


def of_upgrade(status: int, headers: Mapping[str, str], now: float, *, credentials: bool = False) -> Verdict:
    """Returns the verdict on an upgrade that was answered with another HTTP status than 101; `now` is unix seconds.

    `headers` are the answer's, with names in small letters. Only a dial that showed a person's credentials stops: no
    person can mend the refusal of a public feed, which ends by itself.
    """
    if credentials and of_credentials(status, headers):
        return Verdict("unauthorized", "stop")
    if status in THROTTLED:
        return Verdict("throttled", "wait", wait_seconds(headers.get("retry-after"), now))
    if status >= 500 or status in PASSING:
        return Verdict("rejected")
    return Verdict("rejected", "retreat", asked_wait(headers.get("retry-after"), now))


def of_proxy(status: int) -> Verdict:
    """Returns the verdict on a proxy's answer to CONNECT. A refusal asks for more patience than a broken proxy."""
    return Verdict("rejected", "back_off" if status >= 500 or status in PASSING else "retreat")


def of_end(cause: str, code: int | None) -> Verdict:
    """Returns the verdict on a close of that cause and code. Some codes refuse the caller, as a status does."""
    shuts_out = code is not None and (code in SHUTTING_OUT or OF_APPLICATIONS <= code < OF_APPLICATIONS + 1_000)
    return Verdict(cause, "retreat" if shuts_out else "back_off")


def of_close(code: int | None, *, answered: Sequence[float], closed: float, starved: float) -> str:
    """Returns the cause of a close that the peer began, from its code and the times at which its pings were answered.

    A venue that gets no pongs closes with 1000, which otherwise means that all is well. A stretch of `starved` seconds
    without an answered ping tells the two apart. A peer that never pinged counts as starved only while it could have
    pinged no more than a few times. `answered` begins with the opening, and may hold only the newest times. `closed` is
    the end. All are seconds of the monotonic clock.
    """
    if code != 1000:
        return _CLOSE_CODES.get(code or 0, "other_code")
    longest = max(later - earlier for earlier, later in itertools.pairwise([*answered, closed]))
    pings_expected = len(answered) > 1 or longest <= 2 * starved
    return "pong_starvation" if longest >= starved and pings_expected else "normal"
