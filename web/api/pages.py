"""The console's page, painted whole on the server, and the evidence packages that it links to."""

from __future__ import annotations

import re
from collections.abc import Callable

from flask import Blueprint, Response, current_app, render_template

from common import VERSION, wire
from common.errors import InvalidRequest
from web import panels, view
from web.alerts.history import happened
from web.clients import Canary
from web.panels import Painter
from web.state import ConsoleState

PACKAGE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_+-]*(\.[A-Za-z0-9_+-]+)*\.zip")
MAX_NAME = 128
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
FILTERS: dict[str, Callable[..., object]] = {
    "number": view.number,
    "money": view.money,
    "price": view.price,
    "signed": view.signed,
    "figure": view.figure,
    "age": view.age,
    "size": view.bytes_of,
    "clock": view.clock,
    "moment": view.day_and_clock,
    "trend": view.trend_of,
    "pair": view.pair_of,
    "places": view.places_of,
    "happened": happened,
}


def blueprint(
    market: wire.Market, painter: Painter, state: ConsoleState, canary: Canary, quote_stale_seconds: float
) -> Blueprint:
    """Returns `GET /` and `GET /api/evidence/<name>`; every answer of the console gets the security headers."""
    routes = Blueprint("pages", __name__)

    @routes.get("/")
    def console() -> str:
        return render_template(
            "console.html",
            market=market,
            version=VERSION,
            now=state.clock.now(),
            quotes=painter.quotes(),
            quotes_reason=state.quotes.reason,
            quote_stale_seconds=quote_stale_seconds,
            panels={panel.name: panel for panel in painter.panels()},
            stale_seconds=panels.STALE_SECONDS,
        )

    @routes.get("/favicon.ico")
    def favicon() -> Response:
        return current_app.send_static_file("favicon.svg")

    @routes.get("/api/evidence/<name>")
    def evidence(name: str) -> Response:
        if len(name) > MAX_NAME or not PACKAGE_NAME.fullmatch(name):
            raise InvalidRequest("name", "must be the name of an evidence package, such as canary_0.1.0_<time>.zip")
        response = Response(canary.evidence(name), content_type="application/zip")
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response

    @routes.after_app_request
    def secure(response: Response) -> Response:
        response.headers.update(SECURITY_HEADERS)
        return response

    return routes
