"""The real bytes of one service, decoded with the types of the service that reads them."""

from __future__ import annotations

import pytest

from common import answers, wire
from tests.stack.stack import FLASK_SERVICES, Stack
from web import canary_answers, readiness

SYMBOL = "BTCTURK:BTCTRY"
READ = [
    ("marketdata", "/v1/quotes", answers.Quotes),
    ("marketdata", "/v1/instruments", answers.Instruments),
    ("marketdata", f"/v1/books/{SYMBOL}", wire.Book),
    ("executor-1", "/v1/orders", answers.Orders),
    ("executor-2", "/v1/positions", answers.Positions),
    ("executor-1", "/v1/account", answers.AccountStatus),
    ("executor-2", "/v1/trading-state", answers.TradingStateStatus),
    ("executor-1", "/v1/kill-switch", answers.KillSwitchStatus),
    ("executor-2", "/v1/valuation", answers.Valuation),
    ("canary", "/v1/status", canary_answers.CanaryStatus),
    ("canary", "/v1/evidence", tuple[canary_answers.Package, ...]),
]


@pytest.mark.parametrize(("service", "path", "kind"), READ, ids=[f"{service}{path}" for service, path, _ in READ])
def test_the_reader_of_an_answer_understands_it(healthy: Stack, service: str, path: str, kind: type[object]) -> None:
    answer = healthy.ask("GET", service, path)
    assert answer.status == 200
    message = wire.decode(kind, answer.body)
    assert getattr(message, "market", "simulated") == "simulated"


@pytest.mark.parametrize("service", FLASK_SERVICES)
def test_the_console_understands_the_readiness_of_every_service(healthy: Stack, service: str) -> None:
    message = wire.decode(readiness.ReadinessAnswer, healthy.ask("GET", service, "/readyz").body)
    assert message.ready
    assert "loops" in message.parts
