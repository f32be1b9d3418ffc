"""The HTTP side of the simulated venues: their REST calls, the admin's calls, and the operators' endpoints."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from common import ops, service
from venue import metrics
from venue.algolab import admin as algolab_admin
from venue.algolab import api as algolab_api
from venue.algolab.server import AlgoLabServer
from venue.btcturk import admin as btcturk_admin
from venue.btcturk import api as btcturk_api
from venue.btcturk import chart_api
from venue.btcturk.server import BtcturkServer
from venue.parts import Parts
from venue.replay import api as replay_api
from venue.settings import Settings

MARKET_SILENCE_SECONDS = 5.0


def create_app(settings: Settings, parts: Parts) -> Flask:
    """Returns the Flask side of the parts; starts nothing."""
    app = Flask(__name__)
    servers: dict[str, BtcturkServer | AlgoLabServer] = {"btcturk": parts.btcturk}
    blueprints = [btcturk_api.routes(parts.btcturk), chart_api.routes(parts.btcturk)]
    admin = [btcturk_admin.routes(parts.btcturk)]
    if parts.algolab is not None:
        servers["algolab"] = parts.algolab
        blueprints.append(algolab_api.routes(parts.algolab))
        admin.append(algolab_admin.routes(parts.algolab))
    readiness: dict[str, Callable[[], str | None]] = {}
    for venue, server in servers.items():
        readiness[f"{venue}_market"] = _market_moves(server)
        readiness[f"{venue}_socket"] = _socket_listens(server)
    registry = ops.install(app, settings.service, readiness, parts.loops)
    registry.register(metrics.ServerCollector(servers))
    if parts.replay is not None:
        replay_api.install(app, parts.replay)
    for blueprint in (*blueprints, *(admin if settings.admin else ())):
        app.register_blueprint(blueprint)
    return app


def serve() -> Flask:
    """Starts the service; the HTTP server calls this."""
    return service.serve(Settings.from_environment, Parts.build, create_app)


def _market_moves(server: BtcturkServer | AlgoLabServer) -> Callable[[], str | None]:
    def trouble() -> str | None:
        silence = server.market_silence()
        return None if silence < MARKET_SILENCE_SECONDS else f"the market has not moved for {silence:.0f} s"

    return trouble


def _socket_listens(server: BtcturkServer | AlgoLabServer) -> Callable[[], str | None]:
    return lambda: None if server.listening() else "the WebSocket port is not open"
