"""The canary's Flask app, and the function that the HTTP server calls to start the service."""

from __future__ import annotations

from flask import Flask

from canary import api, history_api, metrics
from canary.parts import Parts
from canary.settings import Settings
from common import ops, service
from common.room import RoomCollector


def create_app(settings: Settings, parts: Parts) -> Flask:
    """Returns the app over parts that are built, and perhaps started, elsewhere."""
    app = Flask("canary", static_folder=None)
    registry = ops.install(app, settings.service, {"evidence": parts.evidence.trouble}, parts.loops)
    metrics.install(registry, parts.durations, parts.monitor, parts.evidence, settings.limits.restart_budget)
    if parts.certificate is not None:
        registry.register(metrics.CertificateCollector(parts.certificate))
    registry.register(metrics.HistoryCollector(parts.keeper, parts.history))
    registry.register(RoomCollector(settings.evidence_dir))
    api.add_routes(app, settings, parts.monitor, parts.evidence, parts.downloads)
    history_api.add_routes(app, settings, parts.monitor, parts.history)
    return app


def serve() -> Flask:
    """Starts the service and returns its app."""
    return service.serve(Settings.from_environment, Parts.build, create_app)
