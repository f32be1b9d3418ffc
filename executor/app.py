"""The Flask side of the executor, and the function that the HTTP server calls to start it."""

from __future__ import annotations

from flask import Blueprint, Flask

from common import ops, service
from executor.api import account, adjustments, controls, corrections, lists, orders, stream
from executor.parts import Parts
from executor.settings import Settings


def create_app(settings: Settings, parts: Parts) -> Flask:
    """Returns the app around the parts; it starts nothing."""
    app = Flask(__name__)
    readiness = {"ledger": parts.health.trouble, "quotes": parts.trading.quotes.trouble}
    # A registry is a collector too: /metrics gives the executor's own metrics beside the app's.
    ops.install(app, settings.service, readiness, parts.loops).register(parts.registry)
    routes = Blueprint("executor", __name__, url_prefix="/v1")
    for door in (orders, account, controls, corrections, adjustments, lists, stream):
        door.add(routes, parts)
    app.register_blueprint(routes)
    return app


def serve() -> Flask:
    """Starts the executor of the process's environment."""
    return service.serve(Settings.from_environment, Parts.build, create_app)
