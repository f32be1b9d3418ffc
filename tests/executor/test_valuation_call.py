"""`GET /v1/valuation`, and that the gauges show the very same numbers."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from common import wire
from common.answers import Valuation
from executor.ledger.timings import LEDGER_TIMINGS
from tests.common.local import eventually
from tests.executor import postgres
from tests.executor.cable import Wire
from tests.executor.conftest import MakeExecutor
from tests.executor.standin import BTCTRY, BTCUSDT, NOWHERE, USDTTRY, Executor, MarketData, Place


def ask(executor: Executor) -> Valuation:
    answer = executor.client.get("/v1/valuation")
    assert answer.status_code == 200, answer.text
    return wire.decode(Valuation, answer.get_data())


@pytest.fixture
def trader(executor: Executor, marketdata: MarketData) -> Executor:
    """An executor that holds BTC for liras and for dollars, some of which it bought."""
    marketdata.put(USDTTRY, [("40", "1000")], [("40.2", "1000")])
    marketdata.put(BTCUSDT, [("2.5", "9")], [("2.6", "9")])
    executor.order(client_order_id="lira", quantity="2")
    executor.order(client_order_id="dollar", symbol=BTCUSDT, quantity="5")
    executor.order(client_order_id="exchange", symbol=USDTTRY, quantity="10")
    executor.limit("rest", "buy", "1", "99")
    return executor


def test_the_account_is_valued_at_the_newest_marks(trader: Executor) -> None:
    found, account = ask(trader), trader.get("/v1/account")
    summary, rate = found.summary, Decimal("40.1")
    assert (found.sequence, found.account, summary.open_orders) == (account["sequence"], "paper", 1)
    by_symbol = {row.symbol: row for row in found.positions}
    assert by_symbol[BTCTRY].value == 2 * Decimal("100.05")
    assert by_symbol[BTCUSDT].value == 5 * Decimal("2.55") * rate
    assert found.cash["USDT"].value == Decimal(account["cash"]["USDT"]) * rate
    assert summary.equity == Decimal(account["cash"]["TRY"]) + sum(
        value or 0 for value in (found.cash["USDT"].value, *(row.value for row in found.positions))
    )
    assert (summary.currency, summary.priced) == ("TRY", True)
    assert found.cash["TRY"].reserved > 99


def test_the_gauges_show_the_numbers_of_the_valuation(trader: Executor) -> None:
    trader.matcher.pass_once()
    summary = ask(trader).summary
    shown = {
        "equity": summary.equity,
        "exposure": summary.net_exposure,
        "unrealised_pnl": summary.unrealised_pnl,
        "realised_pnl": summary.realised_pnl,
        "fees_paid": summary.fees,
    }
    for name, amount in shown.items():
        assert amount is not None
        assert trader.parts.registry.get_sample_value(f"executor_{name}", {"currency": "TRY"}) == float(amount)


def test_market_data_that_is_away_leaves_the_last_marks_with_their_age(
    trader: Executor, marketdata: MarketData
) -> None:
    before = ask(trader).summary.equity
    marketdata.status = 503
    trader.clock.now += 3_600
    found = ask(trader)
    assert (found.summary.equity, found.summary.priced) == (before, False)
    assert [row.mark_age_seconds for row in found.positions] == [3600.1] * 2
    assert all(row.stale for row in found.positions)
    assert all("the last mark is 3600.1 s old" in each.reason for each in found.summary.unpriced)


def test_marks_that_were_never_seen_leave_the_ledgers_side(
    trader: Executor, make: MakeExecutor, place: Place, marketdata: MarketData
) -> None:
    marketdata.status = 503
    trader.close()
    found = ask(make(place))
    assert found.summary.equity is None
    assert {row.symbol: row.quantity for row in found.positions} == {BTCTRY: Decimal(2), BTCUSDT: Decimal(5)}
    assert all("answered 503" in each.reason for each in found.summary.unpriced)


@pytest.mark.slow
@pytest.mark.parametrize("timings", [LEDGER_TIMINGS])
def test_a_ledger_that_is_away_is_503(make: MakeExecutor, postgres_server: postgres.Server, tmp_path: Path) -> None:
    assert make(Place(NOWHERE), ready=False).client.get("/v1/valuation").status_code == 503
    cable = Wire(postgres_server.port)
    executor = make(postgres_server.new_place(cable.port))
    assert ask(executor).positions == ()
    cable.pull()
    eventually(lambda: executor.client.get("/v1/valuation").status_code == 503)
    assert executor.client.get("/v1/valuation").get_json()["error"]["code"] == "LEDGER_UNAVAILABLE"
    cable.close()
