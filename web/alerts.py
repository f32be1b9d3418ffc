"""Alertmanager's webhook (payload version 4) into the inbox, and the inbox out again."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import msgspec
from flask import Blueprint, Response, request

from common import ops, wire
from common.errors import InvalidRequest, Unavailable
from web import heartbeat
from web.inbox import Inbox
from web.messages import Alert, Status
from web.metrics import Metrics

MAX_BATCH_BYTES = 1024 * 1024
MAX_ENTRIES = 64
MAX_TEXT = 2048
MAX_LISTED = 1000
REPOSITORY_PATH = re.compile(r"[A-Za-z0-9_.-][A-Za-z0-9_./-]*(#[a-z0-9-]+)?")

Entries = dict[str, str]


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One alert of a batch. Only what makes it one is required."""

    status: Status
    starts_at: datetime = msgspec.field(name="startsAt")
    ends_at: datetime | None = msgspec.field(name="endsAt", default=None)
    fingerprint: str
    generator_url: str = msgspec.field(name="generatorURL", default="")
    labels: Entries = msgspec.field(default_factory=dict)
    annotations: Entries = msgspec.field(default_factory=dict)


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What the console reads of a webhook call; whatever else is there is ignored."""

    group_key: str = msgspec.field(name="groupKey")
    alerts: tuple[Sent, ...]


def blueprint(
    market: wire.Market, token: str, inbox: Inbox, now: Callable[[], datetime], metrics: Metrics
) -> Blueprint:
    """`POST` and `GET /api/alerts`."""
    pages = Blueprint("alerts", __name__)

    @pages.post("/api/alerts")
    def take() -> Response:
        ops.require_token(token)
        request.max_content_length = MAX_BATCH_BYTES
        batch = wire.decode(Batch, request.get_data())
        moment = now()
        news = [sent for sent in batch.alerts if not is_watchdog(sent)]
        beats = any(is_watchdog(sent) and sent.status == "firing" for sent in batch.alerts)
        try:
            alerts = [kept(batch.group_key, sent, moment) for sent in news]
            inbox.store(alerts, heartbeat_at=moment if beats else None)
        except sqlite3.Error as error:
            raise Unavailable(f"the inbox can't be written ({type(error).__name__})") from error
        for sent in news:
            metrics.alert_received(sent.status)
        return ops.answer({"market": market, "stored": len(news)})

    @pages.get("/api/alerts")
    def listed() -> Response:
        alerts = inbox.newest(limit_of(request.args, MAX_LISTED, 100))
        beat = heartbeat.heartbeat(inbox.heartbeat(), now())
        return ops.answer({"market": market, "heartbeat": beat, "alerts": alerts})

    return pages


def is_watchdog(sent: Sent) -> bool:
    """Whether this is the heartbeat. Its name decides, not the receiver: a real alert routed there stays news."""
    return sent.labels.get("alertname") == heartbeat.ALERT_NAME


def limit_of(arguments: Mapping[str, str], at_most: int, default: int) -> int:
    """The `limit` of a listing; raises `InvalidRequest` unless it is a whole number from 1 to `at_most`."""
    text = arguments.get("limit", str(default))
    if text.isascii() and text.isdigit() and len(text) <= 6 and 1 <= int(text) <= at_most:
        return int(text)
    raise InvalidRequest("limit", f"must be a whole number from 1 to {at_most}")


def kept(group_key: str, sent: Sent, moment: datetime) -> Alert:
    """An alert as the inbox keeps it: bounded, in UTC, links only where they lead to a web page."""
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
        updated_at=_utc(moment),
    )


def _bounded(entries: Entries) -> Entries:
    return {name[:MAX_TEXT]: value[:MAX_TEXT] for name, value in sorted(entries.items())[:MAX_ENTRIES]}


def _link(address: str) -> str:
    return address if address.startswith(("http://", "https://")) else ""


def _repository_path(text: str) -> str:
    """A place in the repository, such as `prometheus/runbook.md#watchdog`, which is read and not followed."""
    return text if REPOSITORY_PATH.fullmatch(text) and ".." not in text else ""


def _utc(moment: datetime) -> datetime:
    """A time without a zone is taken as UTC; one that UTC can't hold keeps its own zone."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return moment
