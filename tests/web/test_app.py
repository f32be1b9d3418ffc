from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from tests.common.routes import check_queries
from tests.web.conftest import Built
from tests.web.console import Surroundings

LOOPS = {
    *("quote-stream", "quotes", "instruments", "order-stream", "orders", "account", "valuation", "controls"),
    *("canary", "evidence", "inbox", "alerts", "service-marketdata", "service-executor-1", "service-canary"),
    *("service-prometheus", "service-alertmanager"),
}


def own_threads() -> set[str]:
    return {thread.name for thread in threading.enumerate()} & LOOPS


def test_building_the_app_starts_nothing(built: Built, around: Surroundings) -> None:
    assert own_threads() == set()
    assert around.market.server.asked == []
    ready = built.client.get("/readyz")
    assert ready.status_code == 503
    assert ready.get_json()["parts"]["inbox"] == {"ready": True, "reason": None}
    assert "the loop quotes does not run" in ready.get_json()["parts"]["loops"]["reason"]


def test_it_is_ready_when_all_threads_run_and_all_of_them_end_with_it(built: Built, around: Surroundings) -> None:
    built.parts.start()
    try:
        assert own_threads() == LOOPS
        assert set(built.loops.by_name) == LOOPS
        assert built.client.get("/readyz").status_code == 200
        _await_both_streams(around)
    finally:
        built.parts.stop()
    assert own_threads() == set()


def _await_both_streams(around: Surroundings) -> None:
    end = time.monotonic() + 20
    while not (_streams(around.market.server) and _streams(around.executors[0].server)):
        assert time.monotonic() < end
        time.sleep(0.01)


def _streams(server: Any) -> int:
    return sum(asked.path.endswith("/stream") for asked in server.asked)


def test_every_metric_of_the_console_is_there_from_the_start(built: Built) -> None:
    metrics = built.client.get("/metrics").get_data(as_text=True)
    for upstream in ("marketdata", "executor", "executor-1", "canary", "prometheus", "alertmanager", "inbox"):
        assert f'web_upstream_errors_total{{upstream="{upstream}"}} 0.0' in metrics
    for service in ("marketdata", "executor-1", "canary", "prometheus", "alertmanager"):
        assert f'web_upstream_up{{upstream="{service}"}} 0.0' in metrics
    assert metrics.count("\nweb_upstream_up{") == 5
    for name in ("web_streams_open", "web_streams_refused_total", "web_quote_age_seconds"):
        assert f"\n{name} " in metrics
    assert 'web_alerts_received_total{status="firing"} 0.0' in metrics
    assert 'spark_loop_failures_total{loop="quotes"} 0.0' in metrics


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/", "/api/live", "/api/state", "/api/tools/risk-report", "/api/evidence/a.zip"])
def test_readers_refuse_writes(lasting: Built, path: str, method: str) -> None:
    answer = lasting.client.open(path, method=method, data=b"x" * 1024)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/favicon.ico"),
        ("GET", "/api/live"),
        ("GET", "/api/state"),
        ("GET", "/api/alerts"),
        ("POST", "/api/alerts"),
        ("GET", "/api/tools/risk-report"),
        ("GET", "/api/evidence/canary_0.1.0_20261122T101500Z.zip"),
        ("POST", "/api/orders"),
        ("POST", "/api/orders/cancel-all"),
        ("POST", "/api/orders/order-1/cancel"),
        ("PUT", "/api/trading-state"),
    ],
)
def test_an_unknown_query_parameter_is_refused_by_name(
    lasting: Built, around: Surroundings, method: str, path: str
) -> None:
    answer = lasting.client.open(f"{path}?limmit=5", method=method)
    assert answer.status_code == 422
    assert answer.get_json()["error"]["details"]["field"] == "limmit"
    assert around.executors[0].server.asked == []


def test_strangers_add_no_line_to_the_metrics(built: Built) -> None:
    def series() -> set[str]:
        text = built.client.get("/metrics").get_data(as_text=True)
        return {line.rpartition(" ")[0] for line in text.splitlines() if "web_" in line or "method=" in line}

    def visit(word: str) -> None:
        built.client.get(f"/{word}")
        built.client.open("/", method=word.upper())
        built.client.get(f"/api/evidence/{word}.zip.{word}")
        built.client.post(f"/api/orders/{word}.{word}/cancel")
        built.client.get("/api/alerts", query_string={word: word})
        built.client.post("/api/alerts", headers={"Authorization": f"Bearer {word}"})

    visit("first")
    known = series()
    for number in range(5):
        visit(f"word{number}")
    assert series() == known


def test_every_call_refuses_parameters_that_it_does_not_take(lasting: Built) -> None:
    check_queries(lasting.client.application)
