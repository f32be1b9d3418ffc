"""What every service offers its operators: /healthz, /readyz, /metrics, one error shape, the market on every answer."""

from __future__ import annotations

import hmac
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import Flask, Response, request
from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_flask_exporter import PrometheusMetrics
from werkzeug.exceptions import HTTPException

from common import VERSION, wire
from common.errors import ServiceError, Unauthorized, error_body

log = logging.getLogger(__name__)

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 5.0, 10.0)
MAX_BODY_BYTES = 64 * 1024
MAX_DRAINED_BYTES = 2 * 1024 * 1024
PROBES = ("/healthz", "/readyz", "/metrics")

Readiness = Mapping[str, Callable[[], str | None]]
"""For each part of a service, a check that returns None when the part is ready, or the reason why it is not."""


@dataclass(frozen=True)
class Identity:
    """Who answers: the service's name, which replica of it, and the market it trades on."""

    service: str
    replica: str
    market: wire.Market


def install(app: Flask, identity: Identity, readiness: Readiness) -> CollectorRegistry:
    """Adds the operators' endpoints and the error shape to `app`; returns the app's own registry for more metrics."""
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    registry = _metrics(app, identity)
    unready = Counter("readiness_failures", "Answers of /readyz that were not ready", ["part"], registry=registry)
    for part in readiness:
        unready.labels(part=part)
    _errors(app)

    @app.after_request
    def finish(response: Response) -> Response:
        _drain_oversized_body()
        response.headers["X-Spark-Market"] = identity.market
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    @app.get("/healthz")
    def healthz() -> Response:
        """Liveness: the process answers. It says nothing about the parts; /readyz does."""
        return answer(
            {
                "status": "alive",
                "service": identity.service,
                "replica": identity.replica,
                "version": VERSION,
                "market": identity.market,
            }
        )

    @app.get("/readyz")
    def readyz() -> Response:
        """Readiness: 200 when every part is ready, else 503, each part with its reason."""
        reasons = {part: _reason(check) for part, check in readiness.items()}
        for part, reason in reasons.items():
            if reason is not None:
                unready.labels(part=part).inc()
        ready = not any(reasons.values())
        parts = {part: {"ready": reason is None, "reason": reason} for part, reason in reasons.items()}
        return answer(
            {"ready": ready, "service": identity.service, "market": identity.market, "parts": parts},
            200 if ready else 503,
        )

    return registry


def answer(body: object, status: int = 200) -> Response:
    """A JSON answer of wire messages, or of plain containers of them."""
    return Response(wire.encode(body), status, content_type="application/json")


def require_token(expected: str) -> None:
    """Raises `Unauthorized` unless the request carries `Authorization: Bearer <expected>`, in constant time."""
    presented = request.headers.get("Authorization", "")
    if not hmac.compare_digest(presented.encode(), f"Bearer {expected}".encode()):
        raise Unauthorized("this needs the operator's token: Authorization: Bearer <token>")


def _drain_oversized_body() -> None:
    """Takes a body that was refused for its size off the socket, up to a bound, so that its sender gets the answer and
    the connection stays usable; the server would close it without a word. What is larger still is cut off."""
    if not MAX_BODY_BYTES < (request.content_length or 0) <= MAX_DRAINED_BYTES:
        return
    stream = request.environ["wsgi.input"]
    while stream.read(MAX_BODY_BYTES):
        pass


def _reason(check: Callable[[], str | None]) -> str | None:
    try:
        return check()
    except Exception as error:
        log.exception("a readiness check failed")
        return f"the check itself failed: {type(error).__name__}"


def _metrics(app: Flask, identity: Identity) -> CollectorRegistry:
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    PrometheusMetrics(
        app,
        path="/metrics",
        registry=registry,
        group_by="url_rule",
        buckets=BUCKETS,
        excluded_paths=[f"^{re.escape(path)}$" for path in PROBES],
    )
    info = Gauge(
        "spark_build_info", "What runs here; always 1", ["service", "replica", "version", "market"], registry=registry
    )
    info.labels(identity.service, identity.replica, VERSION, identity.market).set(1)
    _start_server_errors_at_zero(registry)
    return registry


def _start_server_errors_at_zero(registry: CollectorRegistry) -> None:
    """A counter that is born at 30 shows no increase, so the first outage would raise no alert.

    The exporter keeps its counter to itself; the registry's name table is the only way to it.
    """
    total = registry._names_to_collectors["flask_http_request_total"]
    assert isinstance(total, Counter)  # noqa: S101 - holds for the pinned exporter; a test guards it
    for method in ("GET", "POST"):
        for status in ("500", "503"):
            total.labels(method=method, status=status)


def _errors(app: Flask) -> None:
    @app.errorhandler(ServiceError)
    def known_failure(error: ServiceError) -> Response:
        return answer(error.to_json(), error.status)

    @app.errorhandler(HTTPException)
    def http_failure(error: HTTPException) -> Response:
        code = (error.name or "error").upper().replace(" ", "_")
        response = answer(error_body(code, error.description or error.name), error.code or 500)
        for name, value in error.get_headers():
            if name.lower() in ("allow", "retry-after"):
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def unknown_failure(error: Exception) -> Response:
        log.error(
            "a request failed unexpectedly",
            exc_info=error,
            extra={"method": request.method, "rule": str(request.url_rule)},
        )
        return answer(error_body("INTERNAL", "an unexpected failure; it was logged"), 500)
