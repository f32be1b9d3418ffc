"""The runbook's pages: what to do about an alert, and the alert as the inbox has it now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, render_template

from common import VERSION, texts, wire
from common.clock import Clock
from common.errors import Unavailable
from web.alerts.inbox import AlertInbox
from web.runbook import Chapter

MOST_ROWS = 50
MOST_NAME = 80


def blueprint(market: wire.Market, runbook: Mapping[str, Chapter], inbox: AlertInbox, clock: Clock) -> Blueprint:
    """Returns `GET /runbook/<alert>`; an alert that the runbook does not have is 404, with the names that it has."""
    routes = Blueprint("runbook", __name__)

    @routes.get("/runbook/<alert>")
    def chapter(alert: str) -> str | tuple[str, int]:
        frame = {"market": market, "version": VERSION, "now": clock.now()}
        found = runbook.get(alert)
        if found is None:
            named = texts.shown(alert, MOST_NAME)
            return render_template("missing.html", alert=named, names=sorted(runbook), **frame), 404
        return render_template("runbook.html", chapter=found, **_state(inbox, alert), **frame)

    return routes


def _state(inbox: AlertInbox, alert: str) -> dict[str, Any]:
    """Returns the alerts of a name, or why they can't be told: the text helps without them too."""
    try:
        alerts, silences = inbox.named(alert, MOST_ROWS)
    except Unavailable as failure:
        return {"trouble": failure.message}
    return {"alerts": alerts, "silences": silences}
