from __future__ import annotations

from decimal import Decimal

from common.answers import PositionValue, Unpriced
from tests.web.conftest import Built
from tests.web.console import Surroundings

POSITION = PositionValue(
    symbol="BTCTURK:BTCTRY",
    base_asset="BTC",
    quote_currency="TRY",
    quantity=Decimal("0.5"),
    average_cost=Decimal(4_000_000),
    mark=Decimal(4_125_000),
    mark_source="mid",
    mark_age_seconds=0.2,
    stale=False,
    value=Decimal(2_062_500),
    unrealised_pnl=Decimal(62_500),
    realised_pnl=Decimal(0),
    fees=Decimal(10),
)


def test_the_report_has_the_executors_summary_and_all_behind_it(built: Built, around: Surroundings) -> None:
    around.executors[0].positions.append(POSITION)
    answer = built.client.get("/api/tools/risk-report")
    report = answer.get_json()
    assert answer.status_code == 200
    assert list(report) == ["market", "generated_at", "summary", "positions", "cash"]
    assert (report["market"], report["generated_at"][-1]) == ("simulated", "Z")
    assert report["summary"] == {
        "currency": "TRY",
        "equity": "3272525",
        "gross_exposure": "2062500",
        "net_exposure": "2062500",
        "realised_pnl": "0",
        "unrealised_pnl": "62500",
        "fees": "10",
        "open_orders": 0,
        "oldest_quote_age_seconds": 0.2,
        "priced": True,
        "unpriced": [],
    }
    assert [row["symbol"] for row in report["positions"]] == ["BTCTURK:BTCTRY"]
    assert report["cash"]["USDT"] == {"amount": "5000", "reserved": "0", "value": "210025"}


def test_the_valuation_is_asked_for_afresh(built: Built, around: Surroundings) -> None:
    built.read()
    around.executors[0].positions.append(POSITION)
    assert len(built.client.get("/api/tools/risk-report").get_json()["positions"]) == 1


def test_a_sum_that_is_not_known_is_null_and_the_reason_is_named(built: Built, around: Surroundings) -> None:
    around.executors[0].unpriced = (Unpriced(symbol="BTCTURK:BTCTRY", reason="no quote"),)
    summary = built.client.get("/api/tools/risk-report").get_json()["summary"]
    assert (summary["equity"], summary["priced"]) == (None, False)
    assert summary["unpriced"] == [{"symbol": "BTCTURK:BTCTRY", "reason": "no quote"}]


def test_without_an_executor_the_answer_names_the_one_that_is_missing(built: Built, around: Surroundings) -> None:
    around.executors[0].stop()
    answer = built.client.get("/api/tools/risk-report")
    assert answer.status_code == 503
    assert "executor-1" in answer.get_json()["error"]["message"]
