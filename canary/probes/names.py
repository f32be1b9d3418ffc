"""The kinds of probes, and the names that the conditions of each may have (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from canary.probes.sentences import Kind

ProbeKind = Literal[
    "http",
    "readiness",
    "assets",
    "quotes",
    "feeds",
    "agreement",
    "order",
    "metrics",
    "targets",
    "rules",
    "query",
    "container",
    "oneshot",
    "latency",
]
WITHOUT_REQUEST = frozenset({"container", "oneshot", "latency"})
"""The kinds that ask nothing over HTTP: the engine's list and the durations of other probes tell their values."""

WITHOUT_PATH = WITHOUT_REQUEST | {"query", "order"}
"""The kinds that name no path: they ask for nothing, or for what their kind says."""

UNTIMED = frozenset({"readiness", "assets", "agreement", "order"})
"""The kinds whose durations are in no percentile: they may rightly wait for others, or send many requests."""

_HTTP: dict[str, Kind] = {
    "STATUS": "count",
    "LATENCY": "time",
    "BYTES": "size",
    "CONTENT_TYPE": "text",
    "HEADER": "any",
    "JSON": "any",
    "BODY": "any",
    "TITLE": "text",
    "CLOCK_SKEW": "time",
}
_CONTAINER: dict[str, Kind] = {
    "STATE": "text",
    "HEALTH": "text",
    "RESTARTS": "count",
    "EXIT_CODE": "count",
    "MEMORY": "share",
    "IMAGE": "text",
    "IMAGE_ID": "text",
}
NAMES: Mapping[ProbeKind, Mapping[str, Kind]] = {
    "http": _HTTP,
    "readiness": {**_HTTP, "READY": "any", "UNREADY": "text"},
    "assets": {**_HTTP, "ASSETS": "count", "BROKEN": "text"},
    "quotes": {**_HTTP, "QUOTES": "count", "FRESH_QUOTES": "count"},
    "feeds": {**_HTTP, "FEEDS": "count", "UNRELIABLE": "text"},
    "agreement": {**_HTTP, "DIFFERS": "text"},
    "order": {
        "STATUS": "count",
        "ROUND_TRIP": "time",
        "ORDER_STATUS": "text",
        "AS_ASKED": "any",
        "READ_BACK": "any",
        "REPEAT_STATUS": "count",
        "REPEATED": "any",
        "FILLED_ONCE": "any",
        "CASH_MOVED": "any",
    },
    "metrics": {
        "STATUS": "count",
        "LATENCY": "time",
        "CLOCK_SKEW": "time",
        "HEADER": "any",
        "METRICS_BYTES": "size",
        "WHOLE": "any",
        "READABLE": "any",
        "SERIES": "count",
        "MISSING": "text",
        "FELL": "text",
        "SUM": "any",
        "MIN": "any",
        "MAX": "any",
    },
    "targets": {**_HTTP, "TARGETS": "count", "DOWN": "text"},
    "rules": {**_HTTP, "RULES": "count", "FAULTY": "text"},
    "query": {**_HTTP, "RESULT": "any", "SERIES": "count"},
    "container": _CONTAINER,
    "oneshot": {"STATE": "text", "EXIT_CODE": "count", "IMAGE": "text", "IMAGE_ID": "text"},
    "latency": {"P50": "time", "P95": "time", "P99": "time", "SAMPLES": "count", "ERRORS": "share"},
}
