"""The history of an alert: what happened to it, when, and by whom. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from common import wire
from web.alerts.alert import Alert

What = Literal[
    "fired",
    "unheard",
    "heard",
    "resolved",
    "acknowledged",
    "unacknowledged",
    "silenced",
    "unsilenced",
    "inhibited",
    "uninhibited",
]
WORDS: dict[What, str] = {
    "fired": "began to fire",
    "unheard": "unknown: Prometheus fell silent",
    "heard": "still fires: Prometheus is heard again",
    "resolved": "resolved",
    "acknowledged": "acknowledged",
    "unacknowledged": "no longer acknowledged",
    "silenced": "silenced",
    "unsilenced": "no longer silenced",
    "inhibited": "held back by another alert",
    "uninhibited": "no longer held back",
}
MAX_ENTRIES = 30
"""So many entries of an alert are kept, the latest ones."""


class HistoryEntry(wire.Message, frozen=True, kw_only=True):
    """One thing that happened to an alert.

    at: when the inbox learned of it, UTC.
    what: it fired; Prometheus fell silent while it fired (unheard), and told of it again (heard); it was resolved; its
        messages are held back by a silence or by another alert, or no longer; a person looks after it, or no longer.
    by: who did it; empty for what happened by itself.
    note: what is to be added, such as the silence's id; may be empty.
    """

    at: datetime
    what: What
    by: str = ""
    note: str = ""


def happened(entry: HistoryEntry) -> str:
    """Returns what happened, in words for people."""
    return WORDS[entry.what]


def entries(old: Alert | None, new: Alert) -> list[HistoryEntry]:
    """Returns what happened between the two states of an alert."""
    at = new.updated_at
    found = []
    if old is None or old.status != new.status:
        found.append(HistoryEntry(at=at, what=_turn(old, new)))
    if new.status == "resolved":
        return found
    if old is not None and old.acknowledged is not None and new.acknowledged is None:
        found.append(HistoryEntry(at=at, what="unacknowledged", note="its time is over"))
    before = set(old.silenced_by) if old else set[str]()
    found += [HistoryEntry(at=at, what="silenced", note=each) for each in new.silenced_by if each not in before]
    found += [HistoryEntry(at=at, what="unsilenced", note=each) for each in sorted(before - set(new.silenced_by))]
    if new.inhibited != (old is not None and old.inhibited):
        found.append(HistoryEntry(at=at, what="inhibited" if new.inhibited else "uninhibited"))
    return found


def _turn(old: Alert | None, new: Alert) -> What:
    if new.status == "resolved":
        return "resolved"
    if new.status == "unknown":
        return "unheard"
    return "heard" if old is not None and old.status == "unknown" else "fired"
