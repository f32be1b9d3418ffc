"""The whole service as the container starts it: its loops prepare the ledger and match; no failure ends them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from common.loop import Loop, Stop, Supervisor
from common.verifier import verifier_of
from executor.app import create_app
from executor.matching import Matcher
from executor.parts import Parts
from executor.quotes import QuoteClient
from executor.settings import Settings
from executor.valuation import Marks
from tests.common.local import eventually
from tests.common.routes import check_queries
from tests.executor.standin import BTCTRY, Executor, MarketData, Place


def test_the_started_executor_becomes_ready_and_fills_a_resting_order_by_itself(
    marketdata: MarketData, place: Place, tmp_path: Path
) -> None:
    (tmp_path / "verifier").write_text(verifier_of("secret"))
    (tmp_path / "peers").write_text("the-peers-secret")
    environment = {"LEDGER_URL": place.url, "MARKETDATA_URL": marketdata.url}
    environment |= {"OPERATOR_VERIFIER_FILE": str(tmp_path / "verifier"), "PEER_SECRET_FILE": str(tmp_path / "peers")}
    (tmp_path / "password").write_text(place.password)
    environment |= {"LEDGER_PASSWORD_FILE": str(tmp_path / "password"), "PEER_PORT": "0", "PEER_HOST": "127.0.0.1"}
    settings = Settings.from_environment({f"SPARK_{name}": value for name, value in environment.items()})
    parts = Parts.build(settings, Supervisor(Stop()))
    client = create_app(settings, parts).test_client()
    parts.start()
    eventually(lambda: client.get("/readyz").status_code == 200)
    order = {"client_order_id": "r", "symbol": BTCTRY, "side": "buy", "type": "limit", "quantity": "1"}
    headers = {"Authorization": "Bearer secret"}
    client.post("/v1/orders", json={**order, "limit_price": "99.5"}, headers=headers)
    marketdata.put(BTCTRY, [("99", "1")], [("99.2", "1")])
    eventually(lambda: client.get("/v1/orders").get_json()["orders"][0]["status"] == "filled")
    parts.stop()
    assert not any(loop.alive for loop in parts.loops.health())


class FailingOnce(QuoteClient):
    """Market data whose first marks fail in a way that nobody foresaw."""

    def __init__(self) -> None:
        self.monotonic = lambda: 0.0
        self.failures = [RuntimeError("a fault of ours")]

    def marks(self) -> Marks:
        if self.failures:
            raise self.failures.pop()
        return Marks({})


def test_a_pass_that_fails_is_counted_and_the_next_one_runs(
    executor: Executor, caplog: pytest.LogCaptureFixture
) -> None:
    trading = replace(executor.trading, quotes=FailingOnce())
    loop = Loop("matcher", Matcher(trading, executor.parts.metrics).step)
    assert (loop.run_once(), loop.failures) == (1.0, 1)
    assert "a loop's step failed" in caplog.text
    assert (loop.run_once(), loop.failures) == (0.5, 1)


def test_the_loops_are_in_the_metrics_and_in_readiness(executor: Executor) -> None:
    text = executor.client.get("/metrics").text
    assert 'spark_loop_failures_total{loop="matcher"} 0.0' in text
    assert 'spark_loop_up{loop="tail"} 0.0' in text
    parts = executor.client.get("/readyz").get_json()["parts"]
    assert parts["loops"]["reason"] == "; ".join(
        f"the loop {name} does not run"
        for name in ("peers", "market", "writer", "matcher", "tail", "verification", "backups")
    )


def test_every_call_refuses_parameters_that_it_does_not_take(executor: Executor) -> None:
    check_queries(executor.app)
