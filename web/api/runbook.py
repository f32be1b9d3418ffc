"""The runbook's pages: what to do about an alert, and the alert as Prometheus and the inbox have it now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template

from common import VERSION, texts, wire
from common.clock import Clock
from common.errors import Unavailable
from web.alerts.inbox import AlertInbox
from web.charts import Charts
from web.related import Relations
from web.runbook import Chapter

MOST_ROWS = 50
MOST_NAME = 80


@dataclass(frozen=True)
class RunbookSources:
    """Everything that a page of the runbook is made of.

    chapters: the texts, by the name of their alert.
    inbox: the alerts as they are now.
    charts: the values of the alerts.
    relations: which alerts hold each other back, by name.
    """

    chapters: Mapping[str, Chapter]
    inbox: AlertInbox
    charts: Charts
    relations: Mapping[str, Relations]


def blueprint(market: wire.Market, sources: RunbookSources, clock: Clock) -> Blueprint:
    """Returns `GET /runbook/<alert>`; an alert that the runbook does not have is 404, with the names that it has."""
    routes = Blueprint("runbook", __name__)

    @routes.get("/runbook/<alert>")
    def chapter(alert: str) -> str | tuple[str, int]:
        frame = {"market": market, "version": VERSION, "now": clock.now()}
        found = sources.chapters.get(alert)
        if found is None:
            named = texts.shown(alert, MOST_NAME)
            return render_template("missing.html", alert=named, names=sorted(sources.chapters), **frame), 404
        told, related = sources.charts.of(alert), sources.relations[alert]
        state = _state(sources.inbox, alert)
        return render_template("runbook.html", chapter=found, told=told, related=related, **state, **frame)

    return routes


def _state(inbox: AlertInbox, alert: str) -> dict[str, Any]:
    """Returns the alerts of a name, or why they can't be told: the text helps without them too."""
    try:
        named = inbox.named(alert, MOST_ROWS)
    except Unavailable as failure:
        return {"trouble": failure.message}
    return {"named": named, "places": {each.fingerprint: each.place for each, _ in named.alerts}}
