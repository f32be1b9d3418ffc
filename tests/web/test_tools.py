from __future__ import annotations

from decimal import Decimal

from common import wire
from tests.web.conftest import Built
from tests.web.console import Surroundings

HELD = wire.Position(
    symbol="BTCTURK:BTCTRY",
    base_asset="BTC",
    quote_currency="TRY",
    quantity=Decimal("0.5"),
    average_cost=Decimal(4000000),
    realised_pnl=Decimal(0),
    fees=Decimal(10),
)


def test_the_report_has_a_typed_summary_and_what_is_behind_it(built: Built, around: Surroundings) -> None:
    around.executors[0].positions.append(HELD)
    built.look()
    answer = built.client.get("/api/tools/risk-report")
    report = answer.get_json()
    assert answer.status_code == 200
    assert (report["market"], report["generated_at"][-1]) == ("simulated", "Z")
    summary = report["summary"]
    assert summary["currency"] == "TRY"
    assert Decimal(summary["gross_exposure"]) == Decimal("2062500")
    assert Decimal(summary["unrealised_pnl"]) == Decimal("62500")
    assert Decimal(summary["equity"]) == 1_000_000 + Decimal("2062500") + 5000 * Decimal("42.005")
    assert (summary["priced"], summary["unpriced"], summary["open_orders"]) == (True, [], 0)
    assert 0 < summary["oldest_quote_age_seconds"] < 5
    assert [row["symbol"] for row in report["positions"]] == ["BTCTURK:BTCTRY"]
    assert set(report["cash"]) == {"TRY", "USDT"}


def test_positions_are_asked_afresh(built: Built, around: Surroundings) -> None:
    built.look()
    around.executors[0].positions.append(HELD)
    assert len(built.client.get("/api/tools/risk-report").get_json()["positions"]) == 1


def test_without_quotes_the_sums_are_unknown_and_said_so(built: Built, around: Surroundings) -> None:
    around.executors[0].positions.append(HELD)
    summary = built.client.get("/api/tools/risk-report").get_json()["summary"]
    assert (summary["equity"], summary["oldest_quote_age_seconds"], summary["priced"]) == (None, None, False)
    assert [each["symbol"] for each in summary["unpriced"]] == ["BTCTURK:BTCTRY", "BTCTURK:USDTTRY"]


def test_without_an_executor_the_answer_names_what_is_missing(built: Built, around: Surroundings) -> None:
    around.executors[0].stop()
    answer = built.client.get("/api/tools/risk-report")
    assert answer.status_code == 503
    assert "executor-1" in answer.get_json()["error"]["message"]
