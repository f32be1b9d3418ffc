"""Joins the parts of the simulated exchange: the markets, their socket servers, their REST calls."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Flask

from common import ops
from venue import admin, api, graph, metrics
from venue.bist import admin as bist_admin
from venue.bist import api as bist_api
from venue.bist import metrics as bist_metrics
from venue.bist.accounts import Accounts
from venue.bist.exchange import Exchange
from venue.bist.faults import Faults
from venue.bist.server import AlgoLabServer
from venue.market import Market
from venue.ratelimits import Rules
from venue.server import Pace, VenueServer, anchored_clock
from venue.settings import Settings

MARKET_SILENCE_SECONDS = 5.0


def create_app(
    settings: Settings, *, server: VenueServer, clock: Callable[[], float], algolab: AlgoLabServer | None = None
) -> Flask:
    """The REST and operators' side of the servers; starts nothing. `clock` gives unix seconds."""
    app = Flask(__name__)
    identity = ops.Identity("venue", settings.replica, "simulated")
    readiness = {"market": _market_moves(server), "socket": _socket_listens(server)}
    if algolab is not None:
        readiness |= {"algolab_market": _market_moves(algolab), "algolab_socket": _socket_listens(algolab)}
    registry = ops.install(app, identity, readiness)
    metrics.install(registry, server)
    blueprints = _blueprints(settings, server, clock)
    if algolab is not None:
        bist_metrics.install(registry, algolab)
        blueprints.append(bist_api.routes(algolab))
        if settings.admin:
            blueprints.append(bist_admin.routes(algolab))
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    return app


def _market_moves(server: VenueServer | AlgoLabServer) -> Callable[[], str | None]:
    def check() -> str | None:
        silence = server.market_silence()
        return None if silence < MARKET_SILENCE_SECONDS else f"the market has not moved for {silence:.0f} s"

    return check


def _socket_listens(server: VenueServer | AlgoLabServer) -> Callable[[], str | None]:
    return lambda: None if server.listening() else "the WebSocket port is not open"


def _blueprints(settings: Settings, server: VenueServer, clock: Callable[[], float]) -> list[Blueprint]:
    """Everything that is answered over HTTP, one blueprint per host that is simulated, and the admin's."""
    blueprints = [api.routes(server, clock), graph.routes(server, clock)]
    if settings.admin:
        blueprints.append(admin.routes(server))
    return blueprints


def _algolab(settings: Settings, clock: Callable[[], float]) -> AlgoLabServer | None:
    """Borsa Istanbul's side, if the settings have it."""
    if settings.algolab is None:
        return None
    faults = Faults()
    return AlgoLabServer(
        Exchange(settings.seed, clock(), sessions=settings.algolab.sessions),
        Accounts(settings.algolab.credentials, faults, clock),
        faults,
        host=settings.websocket_host,
        port=settings.algolab.websocket_port,
        clock=clock,
    )


def serve() -> Flask:
    """Reads the settings, opens the sockets' ports, and returns the app for the HTTP server."""
    settings = Settings.from_environment()
    clock = anchored_clock()
    server = VenueServer(
        Market(settings.seed, clock()),
        host=settings.websocket_host,
        port=settings.websocket_port,
        pace=Pace(conflation=settings.conflation_seconds),
        clock=clock,
        rules=Rules(refusal=settings.dial_refusal),
    )
    server.start()
    algolab = _algolab(settings, clock)
    if algolab is not None:
        algolab.start()
    return create_app(settings, server=server, clock=clock, algolab=algolab)
