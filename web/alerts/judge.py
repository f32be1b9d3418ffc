"""Judges an alert of the inbox by a message about it, or by Alertmanager's list. Pure but for `Hearing`.

An alert that is missing in the list has ended only when Prometheus still speaks: when it falls silent, Alertmanager
calls everything resolved, two minutes later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from web.alerts.alert import Alert
from web.alerts.sent import AlertmanagerStatus, ListedAlert

SILENT_SECONDS = 60.0
"""An alert that always fires and was last told of so long ago proves that Prometheus is not heard. Prometheus tells of
each alert every 30 to 35 s, and Alertmanager takes one for ended two minutes after it was told of."""
COMPLETE_SECONDS = 45.0
"""So long after its start Alertmanager has been told of every alert that fires, and so long after its return Prometheus
has told of each."""

Missing = Literal["resolved", "unknown", "undecided"]
"""The meaning of an alert's absence in the list. undecided: it may come again within the next seconds."""


class Hearing:
    """Knows from the lists so far whether Prometheus is heard. One thread calls it."""

    def __init__(self) -> None:
        self._silent_at: datetime | None = None

    def missing(self, status: AlertmanagerStatus, listed: Iterable[ListedAlert], now: datetime) -> Missing:
        """Returns what it means that an alert is missing in this list."""
        if now - status.started_at < timedelta(seconds=COMPLETE_SECONDS):
            return "undecided"
        told = [each.updated_at for each in listed if each.is_heartbeat]
        if not told or now - max(told) > timedelta(seconds=SILENT_SECONDS):
            self._silent_at = now
            return "unknown"
        if self._silent_at is not None and now - self._silent_at < timedelta(seconds=COMPLETE_SECONDS):
            return "undecided"
        return "resolved"


def after_message(kept: Alert | None, sent: Alert, missing: Missing) -> Alert | None:
    """Returns the alert after a message about it, or None when the message says nothing new. Late ones say nothing."""
    if kept is None:
        return sent
    if sent.status == "firing":
        return _after_firing(kept, sent, missing)
    if kept.status == "resolved" or _is_of_before(sent, kept):
        return None
    if missing == "unknown":
        return None if kept.status == "unknown" else _unheard(kept, sent.updated_at)
    return _still(kept, sent)


def _is_of_before(sent: Alert, kept: Alert) -> bool:
    """Returns true for the late end of an occurrence before the present one."""
    return sent.starts_at < kept.starts_at and sent.ends_at is not None and sent.ends_at < kept.starts_at


def _after_firing(kept: Alert, sent: Alert, missing: Missing) -> Alert | None:
    if kept.status == "resolved":
        return sent if kept.ends_at is None or sent.starts_at > kept.ends_at else None
    if kept.status == "unknown" and missing == "unknown":
        return None
    still = _still(kept, msgspec.structs.replace(sent, silenced_by=kept.silenced_by, inhibited=kept.inhibited))
    return None if _same(kept, still) else still


def after_list(kept: Sequence[Alert], listed: Sequence[Alert], missing: Missing, asked_at: datetime) -> list[Alert]:
    """Returns the alerts that are other than before after a list that was asked for then.

    An alert that changed since the question is left as it is; the next list tells of it.
    """
    fires = {each.fingerprint: each for each in listed}
    changed = []
    for old in kept:
        new = fires.pop(old.fingerprint, None)
        if old.updated_at > asked_at:
            continue
        if new is None:
            changed += _ended(old, missing, asked_at)
        elif old.status == "resolved":
            changed.append(new)
        elif not _same(old, still := _still(old, new)):
            changed.append(still)
    return changed + list(fires.values())


def _ended(old: Alert, missing: Missing, now: datetime) -> list[Alert]:
    if old.status == "firing" and missing == "unknown":
        return [_unheard(old, now)]
    if old.status != "resolved" and missing == "resolved":
        ended = {"status": "resolved", "ends_at": now, "silenced_by": (), "inhibited": False, "acknowledged": None}
        return [msgspec.structs.replace(old, updated_at=now, **ended)]
    return []


def _unheard(old: Alert, now: datetime) -> Alert:
    return msgspec.structs.replace(old, status="unknown", updated_at=now, silenced_by=(), inhibited=False)


def _still(old: Alert, new: Alert) -> Alert:
    """Returns the new state of an alert that goes on or ends now: it began when it was first told of."""
    acknowledged = None if new.status == "resolved" else old.acknowledged
    return msgspec.structs.replace(new, starts_at=min(old.starts_at, new.starts_at), acknowledged=acknowledged)


def unexpired(kept: Alert, now: datetime) -> Alert:
    """Returns the alert without an acknowledgement whose time is over."""
    if kept.acknowledged is None or kept.acknowledged.until > now:
        return kept
    return msgspec.structs.replace(kept, acknowledged=None, updated_at=now)


def _same(old: Alert, new: Alert) -> bool:
    return msgspec.structs.replace(old, updated_at=new.updated_at) == new
