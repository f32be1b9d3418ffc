"""The alert inbox over HTTP: Alertmanager writes to it, anybody may read it."""

from __future__ import annotations

from flask import Blueprint, Response, request

from common import ops, query, wire
from common.clock import Clock
from web.alertmanager import STATUSES, WebhookCall, alert_of
from web.heartbeat import alert_heartbeat
from web.inbox import AlertInbox
from web.metrics import ConsoleCounters

MAX_CALL_BYTES = 1024 * 1024
MAX_LISTED = 1000
DEFAULT_LISTED = 100


def blueprint(
    market: wire.Market, verifier: str, inbox: AlertInbox, clock: Clock, counters: ConsoleCounters
) -> Blueprint:
    """Returns `POST` and `GET /api/alerts`. The console's counters count what was taken and dropped."""
    routes = Blueprint("alerts", __name__)

    @routes.post("/api/alerts")
    def receive() -> Response:
        ops.require_token(verifier, "alerts")
        request.max_content_length = MAX_CALL_BYTES
        call = wire.decode(WebhookCall, request.get_data())
        now = clock.now()
        alerts = [alert_of(call.group_key, sent, now) for sent in call.alerts if not sent.is_heartbeat]
        proven = any(sent.is_heartbeat and sent.status == "firing" for sent in call.alerts)
        dropped = inbox.store(alerts, heartbeat_at=now if proven else None)
        for alert in alerts:
            counters.alerts_received.labels(alert.status).inc()
        for status in dropped:
            counters.alerts_dropped.labels(status if status in STATUSES else "firing").inc()
        full = {"dropped": len(dropped)} if dropped else {}
        return ops.answer({"market": market, "stored": len(alerts), **full})

    @routes.get("/api/alerts")
    @query.takes("limit")
    def listed() -> Response:
        alerts = inbox.newest(query.whole("limit", DEFAULT_LISTED, at_most=MAX_LISTED))
        heartbeat = alert_heartbeat(inbox.heartbeat_at(), clock.now())
        return ops.answer({"market": market, "heartbeat": heartbeat, "alerts": alerts})

    return routes
