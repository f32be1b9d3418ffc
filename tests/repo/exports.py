"""Reads, out of the services' own code, the names and labels of the metrics that they export."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from tests.repo import compose
from tests.repo.tree import parsed

ROOT = Path(__file__).parents[2]
SERVICES = compose.packages()

COUNTERS = ("Counter", "CounterMetricFamily", "counter")
HISTOGRAMS = ("Histogram", "HistogramMetricFamily")

PROCESS = {
    "process_start_time_seconds": frozenset[str](),
    "process_resident_memory_bytes": frozenset[str](),
    "process_cpu_seconds_total": frozenset[str](),
    "process_open_fds": frozenset[str](),
    "process_max_fds": frozenset[str](),
}
FLASK = {
    "flask_http_request_total": frozenset({"method", "status"}),
    "flask_http_request_duration_seconds_bucket": frozenset({"method", "url_rule", "status", "le"}),
    "flask_http_request_duration_seconds_count": frozenset({"method", "url_rule", "status"}),
    "flask_http_request_duration_seconds_sum": frozenset({"method", "url_rule", "status"}),
}
UNHEEDED = {"spark_alert_unacknowledged_seconds": frozenset({"alert", "alert_service"})}
HEALS = {"spark_heals_total": frozenset({"cause"}), "spark_requests_hanging": frozenset[str]()}
OWN = dict.fromkeys(
    (
        "spark_memory_used_bytes",
        "spark_memory_limit_bytes",
        "spark_memory_kills_total",
        "spark_data_free_bytes",
        "spark_data_size_bytes",
    ),
    frozenset[str](),
)
LOOPS = dict.fromkeys(("spark_loop_up", "spark_loop_overdue_seconds", "spark_loop_failures_total"), frozenset({"loop"}))
READINESS = {"readiness_failures_total": frozenset({"part"})}
HAPROXY = dict.fromkeys(
    (
        "haproxy_backend_http_requests_total",
        "haproxy_backend_connection_errors_total",
        "haproxy_frontend_current_sessions",
        "haproxy_frontend_limit_sessions",
    ),
    frozenset({"proxy"}),
)
PROMETHEUS = {
    "prometheus_config_last_reload_successful": frozenset[str](),
    "prometheus_notifications_dropped_total": frozenset[str](),
    "prometheus_notifications_errors_total": frozenset({"alertmanager"}),
    "prometheus_rule_evaluation_failures_total": frozenset({"rule_group"}),
    "prometheus_rule_group_iterations_missed_total": frozenset({"rule_group"}),
    "prometheus_target_scrape_pool_exceeded_label_limits_total": frozenset[str](),
    "prometheus_target_scrapes_exceeded_body_size_limit_total": frozenset[str](),
    "prometheus_target_scrapes_exceeded_sample_limit_total": frozenset[str](),
    "prometheus_tsdb_compactions_failed_total": frozenset[str](),
    "prometheus_tsdb_head_series": frozenset[str](),
    "prometheus_tsdb_wal_corruptions_total": frozenset[str](),
    "prometheus_tsdb_wal_storage_size_bytes": frozenset[str](),
    "prometheus_tsdb_wal_writes_failed_total": frozenset[str](),
}
ALERTMANAGER = {
    "alertmanager_config_last_reload_successful": frozenset[str](),
    "alertmanager_nflog_maintenance_errors_total": frozenset[str](),
    "alertmanager_notification_requests_failed_total": frozenset({"integration", "receiver_name"}),
    "alertmanager_notifications_failed_total": frozenset({"integration", "reason", "receiver_name"}),
    "alertmanager_silences_maintenance_errors_total": frozenset[str](),
}
DOORS = {"spark_wrong_tokens_total": frozenset({"door", "token"})}
SCRAPE = {
    **dict.fromkeys(("up", "scrape_duration_seconds", "scrape_samples_scraped"), frozenset[str]()),
    "ALERTS": frozenset({"alertname", "alertstate"}),
}
TARGET = frozenset({"job", "instance", "service", "replica"})

Labels = frozenset[str] | None
"""The labels of a metric; None where the code gives them in a way that this does not read."""


@cache
def exported() -> dict[str, Labels]:
    """Series name to labels, of every service and of what each of them exports through common/ops.py."""
    found: dict[str, Labels] = {**PROCESS, **FLASK, **READINESS, **OWN, **LOOPS, **DOORS, **SCRAPE}
    found |= {**UNHEEDED, **HEALS}
    found |= {**HAPROXY, **PROMETHEUS, **ALERTMANAGER}
    for service in SERVICES:
        for name in ("metrics.py", "gauges.py", "timing.py"):
            found |= exported_by(ROOT / service / name, service)
    return found


def exported_by(module: Path, service: str) -> dict[str, Labels]:
    """What one module makes: a call whose first argument is a literal that begins with the service's name."""
    if not module.exists():
        return {}
    name = re.compile(rf"{service}_[a-z0-9_]+")
    found: dict[str, Labels] = {}
    for call in ast.walk(parsed(module.read_text())):
        if isinstance(call, ast.Call) and call.args and isinstance(call.args[0], ast.Constant):
            written = call.args[0].value
            if isinstance(written, str) and name.fullmatch(written):
                found |= dict.fromkeys(_series(_called(call), written), _labels(call))
    return found


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _series(kind: str, written: str) -> list[str]:
    if kind in COUNTERS:
        return [written.removesuffix("_total") + "_total"]
    if kind in HISTOGRAMS:
        return [f"{written}_{suffix}" for suffix in ("bucket", "sum", "count")]
    return [written]


def _labels(call: ast.Call) -> Labels:
    candidates = [*call.args[2:3], *(word.value for word in call.keywords if word.arg in ("labels", "labelnames"))]
    if not candidates:
        return None
    if isinstance(candidates[0], ast.List | ast.Tuple):
        return frozenset(str(one.value) for one in candidates[0].elts if isinstance(one, ast.Constant))
    return None
