"""The window's Flask app, and the function that the HTTP server calls to start the service."""

from __future__ import annotations

import logging

from flask import Flask, Response, request

from common import ops, service, wire
from window import api
from window.metrics import RefusalCounter
from window.parts import Parts
from window.settings import Settings

log = logging.getLogger(__name__)

LONGEST_LOGGED = 128


def create_app(settings: Settings, parts: Parts) -> Flask:
    """Returns the app over parts that are built, and perhaps started, elsewhere."""
    app = Flask("window", static_folder=None)
    app.url_map.merge_slashes = False
    registry = ops.install(app, settings.service, {"engine": parts.project.trouble}, parts.loops)
    refusals = RefusalCounter(registry)
    calls = api.routes(parts.project)
    app.register_blueprint(calls)
    app.register_blueprint(calls, url_prefix="/v1.<int(max=999):minor>", name="versioned")

    @app.after_request
    def tell_failure(response: Response) -> Response:
        """Counts and logs a refusal; adds the text of a failure where the engine's client libraries look for it."""
        if 400 <= response.status_code < 500:
            refusals.count(response.status_code)
            called = {"method": request.method, "path": request.path[:LONGEST_LOGGED], "status": response.status_code}
            log.warning("a call was refused", extra=called)
        body = response.get_json(silent=True) if response.status_code >= 400 else None
        if isinstance(body, dict) and "error" in body:
            response.set_data(wire.encode({**body, "message": body["error"]["message"]}))
        return response

    return app


def serve() -> Flask:
    """Starts the service and returns its app."""
    return service.serve(Settings.from_environment, Parts.build, create_app)
