"""Joins the parts of the simulated exchange: the market, its socket server, its REST calls."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from common import ops
from venue import metrics
from venue.api import routes
from venue.market import Market
from venue.server import Pace, VenueServer, anchored_clock
from venue.settings import Settings

MARKET_SILENCE_SECONDS = 5.0


def create_app(settings: Settings, *, server: VenueServer, clock: Callable[[], float]) -> Flask:
    """The REST and operators' side of `server`; starts nothing. `clock` gives unix seconds."""

    def market_moves() -> str | None:
        silence = server.market_silence()
        return None if silence < MARKET_SILENCE_SECONDS else f"the market has not moved for {silence:.0f} s"

    def socket_listens() -> str | None:
        return None if server.listening() else "the WebSocket port is not open"

    app = Flask(__name__)
    identity = ops.Identity("venue", settings.replica, "simulated")
    registry = ops.install(app, identity, {"market": market_moves, "socket": socket_listens})
    metrics.install(registry, server.tally, server.market_silence)
    app.register_blueprint(routes(lambda: server.views, clock))
    return app


def serve() -> Flask:
    """Reads the settings, opens the socket's port, and returns the app for the HTTP server."""
    settings = Settings.from_environment()
    clock = anchored_clock()
    server = VenueServer(
        Market(settings.seed, clock()),
        host=settings.websocket_host,
        port=settings.websocket_port,
        pace=Pace(conflation=settings.conflation_seconds),
        clock=clock,
    )
    server.start()
    return create_app(settings, server=server, clock=clock)
