"""The operators' side of every service: /healthz, /readyz, /metrics, one error shape, the market on every answer."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response, request
from gunicorn.http.errors import NoMoreData, ParseException
from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from prometheus_flask_exporter import PrometheusMetrics
from werkzeug.exceptions import HTTPException

from common import query, wire
from common.build import build_of
from common.cgroup import MemoryCollector
from common.doors import WrongTokens
from common.errors import Door, ServiceError, Unauthorized, error_body
from common.framing import MAX_BODY_BYTES
from common.healing import Heals
from common.loop import Supervisor
from common.settings import ServiceSettings
from common.verifier import proves

log = logging.getLogger(__name__)

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 5.0, 10.0)
PROBES = ("/healthz", "/readyz", "/metrics")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
UNKNOWN_METHOD = "UNKNOWN"
BEARER = re.compile(r"(?i:bearer) +(.*\S) *")

Readiness = Mapping[str, Callable[[], str | None]]
"""For each part of a service, a check that returns None when the part is ready, or the reason why it is not."""


def install(app: Flask, service: ServiceSettings, readiness: Readiness, loops: Supervisor) -> CollectorRegistry:
    """Adds the operators' endpoints and the error shape to `app`; returns the app's own registry for more metrics.

    The service is ready when every check of `readiness` and every loop is.
    """
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    always = (("X-Spark-Market", service.market), ("X-Content-Type-Options", "nosniff"))
    watched = loops.requests.watching(app.wsgi_app)
    app.wsgi_app = _marked(_known_methods(watched), always)  # type: ignore[assignment, method-assign]
    checks, build = {**readiness, "loops": loops.trouble}, build_of(service.name)
    registry = _metrics(app, service)
    registry.register(LoopCollector(loops))
    registry.register(Heals(loops.requests))
    registry.register(MemoryCollector())
    unready = Counter(
        "readiness_failures",
        "Answers of /readyz that said not ready, by the part that was not",
        ["part"],
        registry=registry,
    )
    for part in checks:
        unready.labels(part=part)
    _errors(app, WrongTokens(registry))

    @app.before_request
    def check_query() -> None:
        if request.query_string and request.path not in PROBES and request.endpoint != "static":
            query.refuse_unknown()

    @app.get("/healthz")
    def healthz() -> Response:
        """Liveness: the process answers. It says nothing about the parts; /readyz does."""
        return answer(
            {
                "status": "alive",
                "service": service.name,
                "replica": service.replica,
                "version": build.version,
                "market": service.market,
            }
        )

    @app.get("/readyz")
    def readyz() -> Response:
        """Readiness: 200 when every part is ready, else 503, each part with its reason."""
        reasons = {part: _reason(check) for part, check in checks.items()}
        for part, reason in reasons.items():
            if reason is not None:
                unready.labels(part=part).inc()
        ready = not any(reasons.values())
        parts = {part: {"ready": reason is None, "reason": reason} for part, reason in reasons.items()}
        return answer(
            {"ready": ready, "service": service.name, "market": service.market, "build": build, "parts": parts},
            200 if ready else 503,
        )

    return registry


def answer(body: object, status: int = 200) -> Response:
    """Returns a JSON answer of wire messages, or of plain containers of them."""
    return Response(wire.encode(body), status, content_type="application/json")


def require_token(verifier: str, door: Door = "operator") -> None:
    """Raises `Unauthorized` unless the request carries `Authorization: Bearer` and the token of the verifier.

    Nobody passes when the verifier is empty. The word Bearer may be written in small letters. Source: RFC 9110, section
    11.1.
    """
    found = BEARER.fullmatch(request.headers.get("Authorization", ""))
    presented = found[1] if found else ""
    if not proves(presented, verifier):
        raise Unauthorized("this needs the operator's token: Authorization: Bearer <token>", door)


class LoopCollector(Collector):
    """The state of every loop of the service, read at each scrape."""

    def __init__(self, loops: Supervisor) -> None:
        self._loops = loops

    def collect(self) -> Iterable[GaugeMetricFamily | CounterMetricFamily]:
        """Yields one family for each fact, with the loop's name as label."""
        up = GaugeMetricFamily("spark_loop_up", "1 while the loop's thread runs, else 0", labels=["loop"])
        overdue = GaugeMetricFamily(
            "spark_loop_overdue_seconds", "Seconds since the loop's next step was due; 0 while in time", labels=["loop"]
        )
        failures = CounterMetricFamily("spark_loop_failures", "Steps of the loop that failed", labels=["loop"])
        for health in self._loops.health():
            up.add_metric([health.name], float(health.alive))
            overdue.add_metric([health.name], health.overdue_seconds)
            failures.add_metric([health.name], health.failures)
        return up, overdue, failures


def _marked(application: WSGIApplication, always: Sequence[tuple[str, str]]) -> WSGIApplication:
    """Gives every answer the headers that all have; what says nothing of caches must not be kept in one."""
    unless_told = [*always, ("Cache-Control", "no-store")]

    def call(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *failure: Any) -> Callable[[bytes], object]:
            told = any(name.lower() == "cache-control" for name, _ in headers)
            return start_response(status, [*headers, *(always if told else unless_told)], *failure)

        return application(environ, start)

    return call


def _known_methods(application: WSGIApplication) -> WSGIApplication:
    """Gives every method that HTTP does not know one name: clients choose it, and it becomes a label of a metric."""

    def call(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("REQUEST_METHOD") not in METHODS:
            environ["REQUEST_METHOD"] = UNKNOWN_METHOD
        return application(environ, start_response)

    return call


def _reason(check: Callable[[], str | None]) -> str | None:
    try:
        return check()
    except Exception as error:
        log.exception("a readiness check failed")
        return f"the check itself failed: {type(error).__name__}"


def _metrics(app: Flask, service: ServiceSettings) -> CollectorRegistry:
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    PrometheusMetrics(
        app,
        path="/metrics",
        registry=registry,
        group_by="url_rule",
        buckets=BUCKETS,
        excluded_paths=f"^({'|'.join(map(re.escape, PROBES))})$",
    )
    info = Gauge(
        "spark_build_info",
        "Always 1; its labels tell which service, replica, version, commit and digest of the files runs",
        ["service", "replica", "version", "revision", "source", "market"],
        registry=registry,
    )
    build = build_of(service.name)
    info.labels(service.name, service.replica, build.version, build.revision, build.source, service.market).set(1)
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


def _errors(app: Flask, wrong_tokens: WrongTokens) -> None:
    @app.errorhandler(ServiceError)
    def known_failure(error: ServiceError) -> Response:
        if isinstance(error, Unauthorized):
            wrong_tokens.refused(error.door)
        response = answer(error.to_json(), error.status)
        if error.retry_after is not None:
            response.headers["Retry-After"] = str(error.retry_after)
        return response

    @app.errorhandler(HTTPException)
    def http_failure(error: HTTPException) -> Response:
        code = (error.name or "error").upper().replace(" ", "_")
        response = answer(error_body(code, error.description or error.name), error.code or 500)
        for name, value in error.get_headers():
            if name.lower() in ("allow", "retry-after"):
                response.headers[name] = value
        return response

    @app.errorhandler(ParseException)
    @app.errorhandler(NoMoreData)
    def broken_body(error: Exception) -> Response:
        """A body that the server can't decode, such as one with a broken chunk."""
        return answer(error_body("BAD_REQUEST", f"the body can't be read: {error}"), 400)

    @app.errorhandler(Exception)
    def unknown_failure(error: Exception) -> Response:
        log.error(
            "a request failed unexpectedly",
            exc_info=error,
            extra={"method": request.method, "rule": str(request.url_rule)},
        )
        return answer(error_body("INTERNAL", "an unexpected failure; it was logged"), 500)
