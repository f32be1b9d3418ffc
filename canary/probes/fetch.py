"""The requests of one probe, within one deadline, and the answer that they make."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urljoin, urlsplit

from canary.observation import AnswerPart, ProbeAnswer
from canary.probes.exchange import Came, HttpReply, ask, part_of
from canary.probes.plan import Probe
from canary.probes.round_trip import round_trip
from common.clock import Clock

MOST_ASSETS = 40
_ASSET = re.compile(r"<(?:script|link|img)\b[^>]*?\b(?:src|href)=\"(/[\x21\x23-\x7e]{1,300})\"", re.IGNORECASE)
_IMPORT = re.compile(
    r"^\s*(?:import|export)\b[^\"';]*[\"'](\.{0,2}/[\x21\x23-\x26\x28-\x7e]{1,300})[\"']", re.MULTILINE
)
_MOST_TRIES = 5


@dataclass(frozen=True)
class RawAnswer:
    """An answer with its body as it came.

    answer: the answer; its body is text.
    raw: the body's bytes, empty when there was none.
    """

    answer: ProbeAnswer
    raw: bytes


def fetch(probe: Probe, timeout: float, clock: Clock, key: str = "") -> RawAnswer:
    """Sends one probe and returns its answer within `timeout` seconds. A failure of the network is an answer too.

    `key` is the token that an order is placed with; empty where there is none.
    """
    asked_at, begin = clock.now(), clock.monotonic()
    end = begin + timeout
    if probe.declared.kind == "order":
        came = round_trip(probe, asked_at, key, lambda url, sent: ask(url, end, timeout, clock, sent))
    else:
        came = _with_parts(probe, ask(probe.url, end, timeout, clock), end, clock)
    return _raw_answer(probe, asked_at, clock.monotonic() - begin, came)


def no_answer(probe: Probe, asked_at: datetime, seconds: float, *, asked: bool) -> RawAnswer:
    """Returns the entry of a probe whose answer had not come after `seconds`, or that was not sent in time."""
    if asked:
        return _raw_answer(probe, asked_at, seconds, Came(None, "timed_out", f"no whole answer within {seconds:g} s"))
    return _raw_answer(probe, asked_at, 0.0, Came(None, "not_asked", "the canary did not get to ask it in time"))


def _with_parts(probe: Probe, came: Came, end: float, clock: Clock) -> Came:
    """Sends the further requests of a probe whose first one was answered with 200."""
    reply = came.reply
    if reply is not None and reply.status == 200 and probe.declared.kind == "assets":
        return replace(came, parts=tuple(_assets(probe.url, reply.raw, end, clock)))
    if reply is not None and reply.status == 200 and probe.declared.kind == "agreement":
        reply, part = _both(probe, reply, end, clock)
        return replace(came, reply=reply, parts=(part,))
    return came


def _both(probe: Probe, first: HttpReply, end: float, clock: Clock) -> tuple[HttpReply, AnswerPart]:
    """Asks the other target too, and both anew while they differ: what changes in between is no disagreement."""
    reply = first
    for _ in range(_MOST_TRIES):
        other = _asked_too(probe.other, end, clock)
        if other.reply is None or other.reply.raw == reply.raw:
            break
        reply = _asked_too(probe.url, end, clock).reply or reply
        if reply.raw == other.reply.raw:
            break
    return reply, part_of(probe.other, other, keeps_body=True)


def _asked_too(url: str, end: float, clock: Clock) -> Came:
    return ask(url, end, round(max(0.001, end - clock.monotonic()), 3), clock)


def _assets(page: str, html: bytes, end: float, clock: Clock) -> Iterator[AnswerPart]:
    """Asks for the files of a page that the same server has: those that it names, and those that its modules import."""
    site = urlsplit(page)._replace(path="", query="").geturl()
    named = [path.replace("&amp;", "&") for path in _ASSET.findall(html.decode("utf-8", "replace"))]
    waiting = list(dict.fromkeys(path for path in named if not path.startswith("//")))
    for place in range(MOST_ASSETS):
        if place == len(waiting):
            return
        path = waiting[place]
        came = _asked_too(site + path, end, clock)
        yield part_of(path, came)
        if came.reply is not None and path.endswith(".js"):
            imported = [urljoin(path, name) for name in _IMPORT.findall(came.reply.raw.decode("utf-8", "replace"))]
            waiting += [name for name in dict.fromkeys(imported) if name not in waiting]


def _raw_answer(probe: Probe, asked_at: datetime, seconds: float, came: Came) -> RawAnswer:
    reply = came.reply
    raw = reply.raw if reply else b""
    answer = ProbeAnswer(
        target=probe.target,
        check=probe.check,
        kind=probe.declared.kind,
        url=probe.url,
        asked_at=asked_at,
        seconds=round(seconds, 6),
        outcome=came.outcome,
        problem=came.problem,
        status=reply.status if reply else None,
        headers=reply.headers if reply else {},
        size=len(raw),
        body=raw.decode("utf-8", "replace"),
        parts=came.parts,
    )
    return RawAnswer(answer, raw)
