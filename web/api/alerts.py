"""The alert inbox over HTTP: Alertmanager writes to it, anybody may read it."""

from __future__ import annotations

from flask import Blueprint, Response, request

from common import ops, query, wire
from common.clock import Clock
from web.alerts.answers import Linking
from web.alerts.desk import AlertDesk
from web.alerts.heartbeat import alert_heartbeat
from web.alerts.sent import WebhookCall
from web.metrics import ConsoleCounters

MAX_CALL_BYTES = 1024 * 1024
MAX_LISTED = 1000
DEFAULT_LISTED = 100


def blueprint(
    market: wire.Market, verifier: str, desk: AlertDesk, clock: Clock, counters: ConsoleCounters, linking: Linking
) -> Blueprint:
    """Returns `POST` and `GET /api/alerts`, and one alert with its history. The counters count what was taken."""
    routes = Blueprint("alerts", __name__)
    inbox = desk.inbox

    @routes.post("/api/alerts")
    def receive() -> Response:
        ops.require_token(verifier, "alerts")
        request.max_content_length = MAX_CALL_BYTES
        stored, dropped = desk.receive(wire.decode(WebhookCall, request.get_data()))
        for status in stored:
            counters.alerts_received.labels(status).inc()
        counters.count_dropped(dropped)
        full = {"dropped": len(dropped)} if dropped else {}
        return ops.answer({"market": market, "stored": len(stored), **full})

    @routes.get("/api/alerts")
    @query.takes("limit")
    def listed() -> Response:
        alerts = inbox.newest(query.whole("limit", DEFAULT_LISTED, at_most=MAX_LISTED))
        heartbeat = alert_heartbeat(*inbox.heard(), clock.now())
        answers = [linking.answer(each) for each in alerts]
        return ops.answer({"market": market, "heartbeat": heartbeat, "alerts": answers})

    @routes.get("/api/alerts/<fingerprint>")
    def one(fingerprint: str) -> Response:
        return ops.answer(linking.whole(inbox.one(fingerprint), market))

    return routes
