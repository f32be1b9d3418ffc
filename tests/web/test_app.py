from __future__ import annotations

import subprocess
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from tests.web.conftest import Built
from tests.web.console import Console, Surroundings


def test_building_the_app_starts_nothing(built: Built, around: Surroundings) -> None:
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("watch-")]
    assert around.market.server.asked == []
    ready = built.client.get("/readyz")
    assert ready.status_code == 503
    assert ready.get_json()["parts"]["inbox"] == {"ready": True, "reason": None}


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


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/", "/api/live", "/api/state", "/api/tools/risk-report", "/api/evidence/a.zip"])
def test_readers_refuse_writes(lasting: Built, path: str, method: str) -> None:
    answer = lasting.client.open(path, method=method, data=b"x" * 1024)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (405, "METHOD_NOT_ALLOWED")


def test_under_its_server_it_is_ready_streams_and_stops_soon_with_a_stream_open(
    around: Surroundings, tmp_path: Path
) -> None:
    console = Console(around.environment(tmp_path), tmp_path)
    try:
        with urllib.request.urlopen(f"{console.url}/readyz", timeout=5) as answer:
            assert answer.status == 200
        with urllib.request.urlopen(f"{console.url}/api/live", timeout=10) as stream:
            assert stream.readline() == b"retry: 2000\n"
            begun = time.monotonic()
            console.terminate()
            assert console.wait(7) == 0
            assert time.monotonic() - begun < 6
    except subprocess.TimeoutExpired:
        pytest.fail("the open stream held the server back")
    finally:
        console.kill()
