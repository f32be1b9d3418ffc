"""The messages of Alertmanager: calls of its webhook (payload version 4), and answers of its API (version 2)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from web.alerts.heartbeat import ALERT_NAME

Entries = dict[str, str]


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

    status: Literal["firing", "resolved"]
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

    alerts: the alerts.
    """

    alerts: tuple[WebhookAlert, ...]


class ListedStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The state of an alert in Alertmanager's list.

    silenced_by: the silences that hold it back, by their id.
    inhibited_by: the alerts that hold it back, by their fingerprint.
    """

    silenced_by: tuple[str, ...] = msgspec.field(name="silencedBy", default=())
    inhibited_by: tuple[str, ...] = msgspec.field(name="inhibitedBy", default=())


class ListedAlert(msgspec.Struct, frozen=True, kw_only=True):
    """One alert in Alertmanager's list: it fires.

    fingerprint: identifies the alert's set of labels.
    starts_at: when it began to fire.
    updated_at: when Prometheus last told of it.
    generator_url: the address of its expression in Prometheus; may be empty.
    labels: its labels; they identify it.
    annotations: texts for people.
    status: what holds it back.
    """

    fingerprint: str
    starts_at: datetime = msgspec.field(name="startsAt")
    updated_at: datetime = msgspec.field(name="updatedAt")
    generator_url: str = msgspec.field(name="generatorURL", default="")
    labels: Entries = msgspec.field(default_factory=dict)
    annotations: Entries = msgspec.field(default_factory=dict)
    status: ListedStatus = msgspec.field(default_factory=ListedStatus)

    @property
    def is_heartbeat(self) -> bool:
        """True for the alert that always fires."""
        return self.labels.get("alertname") == ALERT_NAME


class AlertmanagerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The state of Alertmanager itself.

    started_at: when it started.
    """

    started_at: datetime = msgspec.field(name="uptime")


class SilenceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a silence in Alertmanager's list.

    state: expired when it has ended, whoever ended it.
    """

    state: Literal["active", "pending", "expired"]


class ListedSilence(msgspec.Struct, frozen=True, kw_only=True):
    """One silence in Alertmanager's list. It keeps those that have ended for days.

    silence_id: its id.
    ends_at: when it ends or ended.
    status: its state.
    """

    silence_id: str = msgspec.field(name="id")
    ends_at: datetime = msgspec.field(name="endsAt")
    status: SilenceStatus


class MadeSilence(msgspec.Struct, frozen=True, kw_only=True):
    """Alertmanager's answer to a new silence.

    silence_id: its id.
    """

    silence_id: str = msgspec.field(name="silenceID")
