"""The whole service as the container starts it: its thread prepares the ledger and matches; no failure ends it."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from executor.app import STOP, serve
from executor.matching import Matcher
from tests.executor.standin import BTCTRY, Executor, MarketData, Place

DEADLINE_SECONDS = 10.0


def test_the_served_app_becomes_ready_and_fills_a_resting_order_by_itself(
    marketdata: MarketData, sqlite_place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text("secret")
    environment = {"LEDGER_URL": sqlite_place.url, "MARKETDATA_URL": marketdata.url}
    for name, value in {**environment, "OPERATOR_TOKEN_FILE": str(tmp_path / "token")}.items():
        monkeypatch.setenv(f"SPARK_{name}", value)
    app = serve()
    client = app.test_client()
    _until(lambda: client.get("/readyz").status_code == 200)
    order = {"client_order_id": "r", "symbol": BTCTRY, "side": "buy", "type": "limit", "quantity": "1"}
    headers = {"Authorization": "Bearer secret"}
    client.post("/v1/orders", json={**order, "limit_price": "99.5"}, headers=headers)
    marketdata.put(BTCTRY, [("99", "1")], [("99.2", "1")])
    _until(lambda: client.get("/v1/orders").get_json()["orders"][0]["status"] == "filled")
    app.extensions[STOP].set()


def test_a_pass_that_fails_is_counted_and_the_next_one_runs(
    desk_executor: Executor, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(Matcher):
        passes = 0

        def pass_once(self) -> None:
            self.passes += 1
            if self.passes == 1:
                raise RuntimeError("a fault of ours")
            stop.set()

    stop = threading.Event()
    matcher = Failing(desk_executor.desk, desk_executor.app.extensions["executor.metrics"], desk_executor.watch)
    thread = threading.Thread(target=matcher.run, args=(stop,))
    thread.start()
    thread.join(DEADLINE_SECONDS)
    assert matcher.passes == 2
    assert "matching failed" in caplog.text
    assert "executor_matcher_failures_total 1.0" in desk_executor.client.get("/metrics").text


def _until(condition: object) -> None:
    assert callable(condition)
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
