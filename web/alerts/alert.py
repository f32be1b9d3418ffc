"""An alert as the inbox keeps it: texts, times and links bounded, whoever sent it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Literal

import msgspec

from common import moments, texts, wire
from web.alerts.sent import Entries, ListedAlert, WebhookAlert

AlertStatus = Literal["firing", "unknown", "resolved"]
"""unknown: it fired, and since then Prometheus has told Alertmanager nothing, so nobody knows whether it still does."""
STATUSES: tuple[AlertStatus, ...] = ("firing", "unknown", "resolved")

MAX_ENTRIES = 64
MAX_TEXT = 2048
MAX_ALERT_TEXT = 16 * 1024
"""The characters of all labels of an alert, and of all its annotations."""
SHOWN_ENTRIES = ("alertname", "severity", "service", "instance", "summary", "description", "runbook_url")
"""The labels and annotations that the console shows. They are kept before all others."""
MOST_PLACE = 160
COMMON_LABELS = ("alertname", "severity", "service", "job", "replica")
REPOSITORY_PATH = re.compile(r"[A-Za-z0-9_.-][A-Za-z0-9_./-]*(#[a-z0-9-]+)?")


class Acknowledgement(wire.Message, frozen=True, kw_only=True):
    """The word of a person who looks after an alert. It ends with the alert, or before.

    by: the name of the person.
    reason: a sentence for people; may be empty.
    at: when it was given, UTC.
    until: when it ends if the alert does not end before, UTC.
    """

    by: str
    reason: str
    at: datetime
    until: datetime


class Alert(wire.Message, frozen=True, kw_only=True):
    """One alert in the inbox, as Alertmanager last told of it. Texts are empty where it told none.

    fingerprint: identifies the alert: it is of the labels alone.
    status: firing, unknown or resolved.
    name, severity, service: the labels of these meanings.
    summary, description: the annotations of these names.
    runbook_url: the address of the runbook, when that is a web page.
    generator_url: the address of the alert's expression in Prometheus.
    labels, annotations: all of them.
    starts_at: when it began to fire, UTC; the earliest that was told while it fired without an end.
    ends_at: when it ended, UTC; None while it fires or may fire.
    updated_at: when the inbox last changed the alert, UTC.
    runbook_path: the place of the runbook in the repository, when it is not a web page.
    bounded: the fields that could not be kept as they were sent, or that can't be read any more.
    silenced_by: the silences that hold back its messages, by their id.
    inhibited: true when another alert holds back its messages.
    acknowledged: the word of the person who looks after it; None where nobody does.
    """

    fingerprint: str
    status: AlertStatus
    name: str
    severity: str
    service: str
    summary: str
    description: str
    runbook_url: str
    generator_url: str
    labels: Entries
    annotations: Entries
    starts_at: datetime
    ends_at: datetime | None
    updated_at: datetime
    runbook_path: str = ""
    bounded: tuple[str, ...] = ()
    silenced_by: tuple[str, ...] = ()
    inhibited: bool = False
    acknowledged: Acknowledgement | None = None

    @property
    def place(self) -> str:
        """The labels that part it from other alerts of its name and service, such as its instance; may be empty."""
        parts = (f"{name} {value}" for name, value in self.labels.items() if name not in COMMON_LABELS)
        return texts.shown(", ".join(parts), MOST_PLACE)


def alert_of(sent: WebhookAlert | ListedAlert, received_at: datetime) -> Alert:
    """Returns the alert as the inbox keeps it: texts and times bounded, links only to web pages."""
    labels, annotations = _kept(sent.labels), _kept(sent.annotations)
    ends_at: datetime | None = None
    silenced_by: tuple[str, ...] = ()
    inhibited = False
    if isinstance(sent, ListedAlert):
        silenced_by = tuple(texts.shown(each, MAX_TEXT) for each in sorted(sent.status.silenced_by)[:MAX_ENTRIES])
        inhibited = bool(sent.status.inhibited_by)
    elif sent.status == "resolved":
        ends_at = sent.ends_at or received_at
    whole = {
        "startsAt": moments.in_span(sent.starts_at),
        "endsAt": ends_at is None or moments.in_span(ends_at),
        "labels": labels == sent.labels,
        "annotations": annotations == sent.annotations,
    }
    return Alert(
        fingerprint=texts.shown(sent.fingerprint, MAX_TEXT),
        status="firing" if ends_at is None else "resolved",
        name=labels.get("alertname", "(no name)"),
        severity=labels.get("severity", ""),
        service=labels.get("service", ""),
        summary=annotations.get("summary", ""),
        description=annotations.get("description", ""),
        runbook_url=_link(annotations.get("runbook_url", "")),
        runbook_path=_repository_path(annotations.get("runbook_url", "")),
        generator_url=_link(texts.shown(sent.generator_url, MAX_TEXT)),
        labels=labels,
        annotations=annotations,
        starts_at=moments.bounded(sent.starts_at),
        ends_at=None if ends_at is None else moments.bounded(ends_at),
        updated_at=moments.bounded(received_at),
        bounded=tuple(name for name, kept in whole.items() if not kept),
        silenced_by=silenced_by,
        inhibited=inhibited,
    )


def healed(kept: Alert) -> Alert:
    """Returns an alert of the inbox whose times can all be told; an earlier version kept any."""
    wrong = {
        "startsAt": not moments.in_span(kept.starts_at),
        "endsAt": kept.ends_at is not None and not moments.in_span(kept.ends_at),
        "updatedAt": not moments.in_span(kept.updated_at),
    }
    if not any(wrong.values()):
        return kept
    return msgspec.structs.replace(
        kept,
        starts_at=moments.bounded(kept.starts_at),
        ends_at=None if kept.ends_at is None else moments.bounded(kept.ends_at),
        updated_at=moments.bounded(kept.updated_at),
        bounded=(*kept.bounded, *(name for name, is_wrong in wrong.items() if is_wrong)),
    )


def unreadable(fingerprint: str, status: str, reason: str) -> Alert:
    """Returns what stands for a row of the inbox that can't be read. It fires unless it is known to be over."""
    return Alert(
        fingerprint=texts.shown(fingerprint, MAX_TEXT),
        status="resolved" if status == "resolved" else "firing",
        name="(unreadable)",
        severity="",
        service="",
        summary=texts.shown(f"This alert of the inbox can't be read: {reason}", MAX_TEXT),
        description="",
        runbook_url="",
        generator_url="",
        labels={},
        annotations={},
        starts_at=moments.EARLIEST,
        ends_at=None,
        updated_at=moments.EARLIEST,
        bounded=("body",),
    )


def _kept(entries: Entries) -> Entries:
    """Returns the entries that fit, by name, those that are shown before all others."""
    room, kept = MAX_ALERT_TEXT, dict[str, str]()
    for name in sorted(entries, key=lambda name: (name not in SHOWN_ENTRIES, name)):
        entry = texts.shown(name, MAX_TEXT), texts.shown(entries[name], MAX_TEXT)
        room -= len(entry[0]) + len(entry[1])
        if room < 0 or len(kept) >= MAX_ENTRIES:
            break
        kept[entry[0]] = entry[1]
    return dict(sorted(kept.items()))


def _link(address: str) -> str:
    return address if address.startswith(("http://", "https://")) else ""


def _repository_path(text: str) -> str:
    """Returns a place in the repository, such as `prometheus/runbook.md#watchdog`, or an empty text."""
    return text if REPOSITORY_PATH.fullmatch(text) and ".." not in text else ""
