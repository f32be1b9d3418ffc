"""The HTTP side of market data, and its start."""

from __future__ import annotations

from flask import Flask

from common import ops, service
from common.room import RoomCollector
from marketdata import metrics
from marketdata.api import routes
from marketdata.followed import api as followed_api
from marketdata.parts import Parts
from marketdata.settings import Settings
from marketdata.venues import resume_api


def create_app(settings: Settings, parts: Parts) -> Flask:
    """Returns the HTTP side over `parts`; starts nothing."""
    app = Flask(__name__)
    readiness = {name: check for venue in parts.venues for name, check in venue.readiness.items()}
    registry = ops.install(app, settings.service, readiness, parts.loops)
    metrics.install(registry, parts.venues, parts.store, parts.streams, parts.keeper, parts.tape)
    registry.register(RoomCollector(settings.data_dir))
    app.register_blueprint(
        routes(
            parts.store,
            parts.streams,
            instruments=parts.instruments,
            candles=parts.candles.chart,
            feeds=lambda: [venue.row() for venue in parts.venues],
            tape=lambda: None if parts.tape is None else parts.tape.row(),
        )
    )
    app.register_blueprint(resume_api.routes(parts.venues, settings.operator_verifier))
    app.register_blueprint(followed_api.routes(parts.following, settings.operator_verifier))
    for venue in parts.venues:
        if venue.blueprint is not None:
            app.register_blueprint(venue.blueprint)
    return app


def serve() -> Flask:
    """Starts the service and returns the app for the HTTP server."""
    return service.serve(Settings.from_environment, Parts.build, create_app)
