"""The acts of people on alerts over HTTP: acknowledge, silence, and end either. Each needs the operator's token."""

from __future__ import annotations

from typing import TypeVar

from flask import Blueprint, Response, request

from common import ops, wire
from web.alerts.acts import AcknowledgeRequest, KeptSilence, SilenceRequest, WithdrawRequest
from web.alerts.answers import Linking
from web.alerts.desk import AlertDesk

T = TypeVar("T")


def blueprint(market: wire.Market, verifier: str, desk: AlertDesk, linking: Linking) -> Blueprint:
    """Returns `POST` and `DELETE /api/alerts/<fingerprint>/acknowledge`, `POST /api/alerts/<fingerprint>/silence` and
    `DELETE /api/silences/<silence_id>`. The list of alerts is asked for soon after each act on a silence."""
    routes = Blueprint("acts", __name__)
    acts = desk.acts

    def asked(kind: type[T]) -> T:
        ops.require_token(verifier)
        return wire.decode(kind, request.get_data())

    def alert(fingerprint: str, silence: KeptSilence | None = None) -> Response:
        return ops.answer(linking.whole(desk.inbox.one(fingerprint), market, silence))

    @routes.post("/api/alerts/<fingerprint>/acknowledge")
    def acknowledge(fingerprint: str) -> Response:
        acts.acknowledge(fingerprint, asked(AcknowledgeRequest))
        return alert(fingerprint)

    @routes.delete("/api/alerts/<fingerprint>/acknowledge")
    def unacknowledge(fingerprint: str) -> Response:
        acts.unacknowledge(fingerprint, asked(WithdrawRequest))
        return alert(fingerprint)

    @routes.post("/api/alerts/<fingerprint>/silence")
    def silence(fingerprint: str) -> Response:
        made = acts.silence(fingerprint, asked(SilenceRequest))
        desk.look_soon()
        return alert(fingerprint, made)

    @routes.delete("/api/silences/<silence_id>")
    def expire(silence_id: str) -> Response:
        acts.expire(silence_id, asked(WithdrawRequest))
        desk.look_soon()
        return ops.answer({"market": market, "silence_id": silence_id, "expired": True})

    return routes
