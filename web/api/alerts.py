"""The alert inbox over HTTP: Alertmanager writes to it, anybody may read it."""

from __future__ import annotations

from flask import Blueprint, Response, request
from prometheus_client import Counter

from common import ops, query, wire
from common.clock import Clock
from web.alertmanager import WebhookCall, alert_of
from web.heartbeat import alert_heartbeat
from web.inbox import AlertInbox

MAX_CALL_BYTES = 1024 * 1024
MAX_LISTED = 1000
DEFAULT_LISTED = 100


def blueprint(market: wire.Market, verifier: str, inbox: AlertInbox, clock: Clock, received: Counter) -> Blueprint:
    """Returns `POST` and `GET /api/alerts`. `received` counts the alerts by their status."""
    routes = Blueprint("alerts", __name__)

    @routes.post("/api/alerts")
    def receive() -> Response:
        ops.require_token(verifier)
        request.max_content_length = MAX_CALL_BYTES
        call = wire.decode(WebhookCall, request.get_data())
        now = clock.now()
        alerts = [alert_of(call.group_key, sent, now) for sent in call.alerts if not sent.is_heartbeat]
        proven = any(sent.is_heartbeat and sent.status == "firing" for sent in call.alerts)
        inbox.store(alerts, heartbeat_at=now if proven else None)
        for alert in alerts:
            received.labels(alert.status).inc()
        return ops.answer({"market": market, "stored": len(alerts)})

    @routes.get("/api/alerts")
    @query.takes("limit")
    def listed() -> Response:
        alerts = inbox.newest(query.whole("limit", DEFAULT_LISTED, at_most=MAX_LISTED))
        heartbeat = alert_heartbeat(inbox.heartbeat_at(), clock.now())
        return ops.answer({"market": market, "heartbeat": heartbeat, "alerts": alerts})

    return routes
