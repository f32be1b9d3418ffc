"""The acts of people on alerts: acknowledgements and silences, and the rules that they must keep. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from common import texts, wire
from common.errors import InvalidRequest, NotFound, ServiceError
from web.alerts.alert import Acknowledgement, Alert
from web.alerts.history import HistoryEntry
from web.alerts.sent import Entries

DEFAULT_SECONDS = 4 * 3600
LEAST_SECONDS = 60
MOST_SECONDS = 7 * 86_400
MOST_NAME = 64
MOST_REASON = 500
MOST_SILENCES = 200
"""So many silences that were made here may hold at once."""
OF_THE_UNHEEDED = "CriticalNotAcknowledged"
"""The alert that fires when a critical one waits too long for somebody."""
MOST_LABEL = 60
"""The longest value of a metric's label, in characters. Prometheus drops a whole scrape with one above 256 bytes."""
_SILENCE_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class AlertOver(ServiceError):
    """The alert has ended, so nobody can acknowledge it."""

    status = 409
    code = "ALERT_RESOLVED"


class LabelsUnknown(ServiceError):
    """The alert's labels are not kept as they were sent, so a silence of all of them would not match."""

    status = 409
    code = "LABELS_UNKNOWN"


class TooManySilences(ServiceError):
    """`MOST_SILENCES` that were made here hold already."""

    status = 409
    code = "TOO_MANY_SILENCES"


class AcknowledgeRequest(wire.Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request to acknowledge an alert.

    by: the name of the person.
    reason: a sentence for people; may be empty.
    seconds: so long the acknowledgement holds, if the alert does not end before; from 60 to 604,800 (7 days).
    """

    by: str
    reason: str = ""
    seconds: int = DEFAULT_SECONDS


class SilenceRequest(wire.Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request to silence an alert.

    by: the name of the person.
    reason: a sentence for people.
    seconds: so long the silence holds, also when the alert ends and fires again; from 60 to 604,800 (7 days).
    """

    by: str
    reason: str
    seconds: int


class WithdrawRequest(wire.Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request to end an acknowledgement or a silence.

    by: the name of the person.
    reason: a sentence for people; may be empty.
    """

    by: str
    reason: str = ""


class KeptSilence(wire.Message, frozen=True, kw_only=True):
    """A silence that was made here.

    silence_id: Alertmanager's id of it; empty before it is made, another one after it was lost and made again.
    fingerprint: the alert that it was made for.
    labels: the labels that an alert must have, all of them, to be silenced.
    by: the name of the person.
    reason: a sentence for people.
    starts_at, ends_at: when it begins and ends, UTC.
    expired: true when somebody ended it before.
    """

    silence_id: str
    fingerprint: str
    labels: Entries
    by: str
    reason: str
    starts_at: datetime
    ends_at: datetime
    expired: bool = False


Change = tuple[Alert, list[HistoryEntry]]
"""The new state of an alert, and what is added to its history."""


def acknowledgement(asked: AcknowledgeRequest, now: datetime) -> Acknowledgement:
    """Returns the acknowledgement that a request asks for. Raises `InvalidRequest`."""
    until = now + timedelta(seconds=_seconds(asked.seconds))
    return Acknowledgement(by=_name(asked.by), reason=_reason(asked.reason), at=now, until=until)


def withdrawal(asked: WithdrawRequest) -> WithdrawRequest:
    """Returns the request with its texts as they are kept. Raises `InvalidRequest`."""
    return WithdrawRequest(by=_name(asked.by), reason=_reason(asked.reason))


def silence_of(alert: Alert, asked: SilenceRequest, now: datetime) -> KeptSilence:
    """Returns the silence that a request asks for; Alertmanager has not made it yet.

    Raises `InvalidRequest`, and `LabelsUnknown` for an alert whose labels are not all known.
    """
    by, reason = _name(asked.by), _reason(asked.reason)
    if not reason:
        raise InvalidRequest("reason", "must not be empty: it is kept with the silence")
    until = now + timedelta(seconds=_seconds(asked.seconds))
    if "labels" in alert.bounded or "body" in alert.bounded or not alert.labels:
        raise LabelsUnknown("the labels of this alert are not kept as they were sent: silence it in Alertmanager")
    return KeptSilence(
        silence_id="",
        fingerprint=alert.fingerprint,
        labels=alert.labels,
        by=by,
        reason=reason,
        starts_at=now,
        ends_at=until,
    )


def silence_id(text: str) -> str:
    """Returns the id of a silence. Raises `InvalidRequest` for what can't be one."""
    if not _SILENCE_ID.fullmatch(text):
        raise InvalidRequest("silence_id", "must be a silence's id, as in 5b4f3c2e-0d1a-4e5f-8a9b-0c1d2e3f4a5b")
    return text


def acknowledged(alert: Alert, given: Acknowledgement) -> Change:
    """Returns the alert with the acknowledgement. Raises `AlertOver`, and `NotFound` for one that can't be read."""
    if "body" in alert.bounded:
        raise NotFound("this alert of the inbox can't be read, so nothing can be noted about it")
    if alert.status == "resolved":
        raise AlertOver("the alert has ended: there is nothing to acknowledge")
    note = _until(given.until, given.reason)
    entry = HistoryEntry(at=given.at, what="acknowledged", by=given.by, note=note)
    return msgspec.structs.replace(alert, acknowledged=given, updated_at=given.at), [entry]


def unacknowledged(alert: Alert, asked: WithdrawRequest, now: datetime) -> Change:
    """Returns the alert without its acknowledgement; nothing changes where there is none."""
    if alert.acknowledged is None:
        return alert, []
    entry = HistoryEntry(at=now, what="unacknowledged", by=asked.by, note=asked.reason)
    return msgspec.structs.replace(alert, acknowledged=None, updated_at=now), [entry]


def silenced(alert: Alert, made: KeptSilence, now: datetime, lost: str = "") -> Change:
    """Returns the alert with a silence. `lost` is the id that it had before Alertmanager lost it; empty for a new one.

    An alert that has ended is silenced for when it fires again.
    """
    again = "made again after Alertmanager lost it, " if lost else ""
    note = f"{made.silence_id}, {again}{_until(made.ends_at, made.reason)}"
    entry = HistoryEntry(at=now, what="silenced", by=made.by, note=note)
    if alert.status == "resolved":
        return alert, [entry]
    held = tuple(sorted({*alert.silenced_by, made.silence_id} - {lost}))
    return msgspec.structs.replace(alert, silenced_by=held, updated_at=now), [entry]


def unsilenced(alert: Alert, ended: str, asked: WithdrawRequest, now: datetime) -> Change:
    """Returns the alert without a silence that was ended by somebody; nothing changes where it has no such silence."""
    if ended not in alert.silenced_by:
        return alert, []
    note = f"{ended}: {asked.reason}" if asked.reason else ended
    entry = HistoryEntry(at=now, what="unsilenced", by=asked.by, note=note)
    left = tuple(each for each in alert.silenced_by if each != ended)
    return msgspec.structs.replace(alert, silenced_by=left, updated_at=now), [entry]


def unheeded(alerts: Iterable[Alert], now: datetime) -> list[tuple[tuple[str, str], float]]:
    """Returns how many seconds the alerts of each name and service have fired that wait for somebody, longest first.

    The alert about such alerts does not count, so that it can't be about itself.
    """
    found: dict[tuple[str, str], float] = {}
    for alert in alerts:
        if _is_unheeded(alert, now) and alert.name != OF_THE_UNHEEDED:
            named = texts.shown(alert.name, MOST_LABEL), texts.shown(alert.service, MOST_LABEL)
            found[named] = max(found.get(named, 0.0), (now - alert.starts_at).total_seconds())
    return sorted(found.items(), key=lambda each: (-each[1], each[0]))


def _is_unheeded(alert: Alert, now: datetime) -> bool:
    """Returns true for a critical alert that fires while nobody has acknowledged or silenced it.

    One that another alert holds back does not count: that one is told in its place.
    """
    held = alert.silenced_by or alert.inhibited or (alert.acknowledged is not None and alert.acknowledged.until > now)
    return alert.status == "firing" and alert.severity == "critical" and not held


def _until(moment: datetime, reason: str) -> str:
    until = f"until {moment:%Y-%m-%d %H:%M} UTC"
    return f"{until}: {reason}" if reason else until


def _name(text: str) -> str:
    name = _sentence("by", text, MOST_NAME)
    if not name:
        raise InvalidRequest("by", "must be the name of the person who does this")
    return name


def _reason(text: str) -> str:
    return _sentence("reason", text, MOST_REASON)


def _sentence(field: str, text: str, most: int) -> str:
    kept = text.strip()
    if len(kept) > most:
        raise InvalidRequest(field, f"must be at most {most} characters, not {len(kept)}")
    if not kept.isprintable():
        raise InvalidRequest(field, "must be one line without control characters")
    return kept


def _seconds(seconds: int) -> int:
    if not LEAST_SECONDS <= seconds <= MOST_SECONDS:
        raise InvalidRequest("seconds", f"must be from {LEAST_SECONDS} to {MOST_SECONDS} (7 days), not {seconds}")
    return seconds
