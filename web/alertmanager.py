"""Alertmanager's webhook: what it sends (payload version 4), and the alert that the inbox keeps of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Literal

import msgspec

from common import wire
from web.heartbeat import ALERT_NAME

AlertStatus = Literal["firing", "resolved"]
STATUSES: tuple[AlertStatus, ...] = ("firing", "resolved")
Entries = dict[str, str]

MAX_ENTRIES = 64
MAX_TEXT = 2048
REPOSITORY_PATH = re.compile(r"[A-Za-z0-9_.-][A-Za-z0-9_./-]*(#[a-z0-9-]+)?")


class WebhookAlert(msgspec.Struct, frozen=True, kw_only=True):
    """One alert in a call of the webhook.

    status: firing or resolved.
    starts_at: when it began to fire.
    ends_at: when it ended; without meaning while it fires.
    fingerprint: identifies the alert's set of labels.
    generator_url: the address of its expression in Prometheus; may be empty.
    labels: its labels; they identify it.
    annotations: texts for people.
    """

    status: AlertStatus
    starts_at: datetime = msgspec.field(name="startsAt")
    ends_at: datetime | None = msgspec.field(name="endsAt", default=None)
    fingerprint: str
    generator_url: str = msgspec.field(name="generatorURL", default="")
    labels: Entries = msgspec.field(default_factory=dict)
    annotations: Entries = msgspec.field(default_factory=dict)

    @property
    def is_heartbeat(self) -> bool:
        """True for the alert that always fires. Its name decides, not the receiver that it came by."""
        return self.labels.get("alertname") == ALERT_NAME


class WebhookCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call of the webhook. Other fields are ignored.

    group_key: identifies the group of the alerts.
    alerts: the alerts.
    """

    group_key: str = msgspec.field(name="groupKey")
    alerts: tuple[WebhookAlert, ...]


class Alert(wire.Message, frozen=True, kw_only=True):
    """One alert in the inbox, as Alertmanager last sent it. Texts are empty where it sent none.

    group_key, fingerprint, starts_at: identify the alert.
    status: firing or resolved.
    name, severity, service: the labels of these meanings.
    summary, description: the annotations of these names.
    runbook_url: the address of the runbook, when that is a web page.
    generator_url: the address of the alert's expression in Prometheus.
    labels, annotations: all of them.
    ends_at: when it ended, UTC; None while it fires.
    updated_at: when it came, UTC.
    runbook_path: the place of the runbook in the repository, when it is not a web page.
    """

    group_key: str
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


def alert_of(group_key: str, sent: WebhookAlert, received_at: datetime) -> Alert:
    """Returns the alert as the inbox keeps it: texts bounded, times in UTC, links only to web pages."""
    labels, annotations = _bounded(sent.labels), _bounded(sent.annotations)
    return Alert(
        group_key=group_key[:MAX_TEXT],
        fingerprint=sent.fingerprint[:MAX_TEXT],
        status=sent.status,
        name=labels.get("alertname", "(no name)"),
        severity=labels.get("severity", ""),
        service=labels.get("service", ""),
        summary=annotations.get("summary", ""),
        description=annotations.get("description", ""),
        runbook_url=_link(annotations.get("runbook_url", "")),
        runbook_path=_repository_path(annotations.get("runbook_url", "")),
        generator_url=_link(sent.generator_url[:MAX_TEXT]),
        labels=labels,
        annotations=annotations,
        starts_at=_utc(sent.starts_at),
        ends_at=_utc(sent.ends_at) if sent.ends_at and sent.status == "resolved" else None,
        updated_at=_utc(received_at),
    )


def _bounded(entries: Entries) -> Entries:
    return {name[:MAX_TEXT]: value[:MAX_TEXT] for name, value in sorted(entries.items())[:MAX_ENTRIES]}


def _link(address: str) -> str:
    return address if address.startswith(("http://", "https://")) else ""


def _repository_path(text: str) -> str:
    """Returns a place in the repository, such as `prometheus/runbook.md#watchdog`, or an empty text."""
    return text if REPOSITORY_PATH.fullmatch(text) and ".." not in text else ""


def _utc(moment: datetime) -> datetime:
    """Returns the time in UTC. One without a zone is taken as UTC; one that UTC can't hold keeps its own zone."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return moment
