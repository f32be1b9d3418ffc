"""What the executor counts, and that every series is there from the start."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from executor.errors import LedgerUnavailable
from executor.guardrails import RULES
from executor.ledger.engine import MOST_CONNECTIONS, reading
from tests.executor.conftest import MakeExecutor
from tests.executor.standin import BTCTRY, PATIENT, USDTTRY, Executor, MarketData, Place


def _samples(executor: Executor) -> dict[str, float]:
    text = executor.client.get("/metrics").text
    return {
        f"{sample.name}{sorted(sample.labels.values())}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("executor_")
    }


def test_every_known_series_is_there_before_anything_happens(executor: Executor) -> None:
    samples = _samples(executor)
    for status in ("received", "denied", "accepted", "partially_filled", "filled", "cancelled", "expired"):
        assert samples[f"executor_orders_total['{status}']"] == 0
    for code in RULES:
        assert samples[f"executor_denials_total['{code}']"] == 0
    for name in ("executor_fills_total['buy']", "executor_account_cash['TRY']"):
        assert samples[name] == 0


def test_orders_denials_and_fills_are_counted_once(executor: Executor, marketdata: MarketData) -> None:
    executor.order(quantity="3")
    executor.order(quantity="3")
    executor.order(client_order_id="sell", side="sell", quantity="9")
    executor.limit("rest", "buy", "1", "99.5")
    marketdata.put(BTCTRY, [("99", "1")], [("99.2", "1")])
    executor.matcher.pass_once()
    samples = _samples(executor)
    counted = [samples[f"executor_orders_total['{status}']"] for status in ("received", "accepted", "filled", "denied")]
    assert counted == [3, 2, 2, 1]
    assert samples["executor_fills_total['buy']"] == 3
    assert samples["executor_denials_total['INSUFFICIENT_FUNDS']"] == 1
    assert samples["executor_order_duration_seconds_count[]"] == 4


def test_gauges_show_the_account_of_the_last_pass(executor: Executor) -> None:
    executor.limit("rest", "buy", "1", "99")
    executor.matcher.pass_once()
    samples = _samples(executor)
    assert samples["executor_ledger_up[]"] == 1
    assert samples["executor_open_orders[]"] == 1
    assert samples["executor_account_cash['TRY']"] == 5_000_000
    assert samples["executor_account_reserved['TRY']"] == 99.099
    assert samples["executor_ledger_sequence[]"] == 3
    assert samples["executor_writer[]"] == 1


def test_gauges_show_what_is_held_and_what_rests_of_each_symbol(executor: Executor, marketdata: MarketData) -> None:
    marketdata.put(USDTTRY, [("40", "900")], [("41", "900")])
    executor.order(quantity="0.5")
    orders = [executor.limit(f"rest-{number}", "buy", f"2{number}", "40.1", symbol=USDTTRY) for number in range(2)]
    assert [order["denials"] for order in orders] == [[], []]
    executor.matcher.pass_once()

    def of(name: str) -> dict[str, float]:
        found = _samples(executor)
        return {key: value for key, value in found.items() if key.startswith(name)}

    assert of("executor_position_quantity") == {f"executor_position_quantity['{BTCTRY}']": 0.5}
    assert of("executor_symbol_open_orders") == {f"executor_symbol_open_orders['{USDTTRY}']": 2}
    for order in orders:
        executor.post(f"/v1/orders/{order['order_id']}/cancel")
    executor.order(client_order_id="sell", side="sell", quantity="0.5")
    executor.matcher.pass_once()
    assert of("executor_position_quantity") == {f"executor_position_quantity['{BTCTRY}']": 0}
    assert of("executor_symbol_open_orders") == {f"executor_symbol_open_orders['{USDTTRY}']": 0}


def test_only_the_executor_that_writes_shows_the_account(make: MakeExecutor, place: Place) -> None:
    first, second = make(place), make(place)
    first.order()
    first.matcher.pass_once()
    assert {"executor_open_orders[]", "executor_limit_use_ratio['ORDER_RATE']"} <= _samples(first).keys()
    assert _samples(first)["executor_writer[]"] == 1
    shown = {name.partition("[")[0] for name in _samples(first)} - {name.partition("[")[0] for name in _samples(second)}
    assert "executor_orders_total" not in shown
    assert {"executor_trading_state", "executor_account_cash", "executor_limit_use_ratio"} <= shown
    assert _samples(second)["executor_writer[]"] == 0
    assert _samples(second)["executor_ledger_up[]"] == 1


def test_an_executor_that_wrote_shows_the_account_no_more_once_another_one_does(
    make: MakeExecutor, place: Place
) -> None:
    first = make(place, ready=False)
    first.parts.leading.step()
    first.matcher.pass_once()
    assert "executor_open_orders[]" in _samples(first)
    first.trading.ledger.writer.stop()
    second = make(place)
    second.matcher.pass_once()
    first.parts.leading.step()
    assert "executor_open_orders[]" not in _samples(first)
    assert "executor_open_orders[]" in _samples(second)


def test_an_executor_that_loses_the_ledger_shows_the_account_as_it_was(make: MakeExecutor, place: Place) -> None:
    executor = make(place, ready=False)  # nothing asks the ledger again by itself
    executor.parts.leading.step()
    executor.matcher.pass_once()
    executor.parts.metrics.account.ledger_failed()
    samples = _samples(executor)
    assert (samples["executor_ledger_up[]"], samples["executor_writer[]"]) == (0, 0)
    assert samples["executor_account_cash['TRY']"] == 5_000_000


def test_a_scrape_asks_neither_database_nor_market_data(executor: Executor, marketdata: MarketData) -> None:
    asked = len(marketdata.requests)
    executor.close()
    assert executor.client.get("/metrics").status_code == 200
    assert len(marketdata.requests) == asked


def test_the_database_says_its_own_version(executor: Executor, place: Place) -> None:
    with place.engine().connect() as connection:
        version = connection.exec_driver_sql("SHOW server_version").scalar_one()
    assert f"executor_database_info['{version}']" in _samples(executor)


def test_lent_connections_are_counted_while_they_are_lent(executor: Executor) -> None:
    ledger = executor.trading.ledger
    before = _samples(executor)
    with reading(ledger._engine), reading(ledger._engine):
        during = _samples(executor)
    used, limit = "executor_database_connections_used[]", "executor_database_connections_limit[]"
    assert (before[limit], during[limit]) == (MOST_CONNECTIONS, MOST_CONNECTIONS)
    assert during[used] == before[used] + 2
    assert _samples(executor)[used] == before[used]


@pytest.mark.parametrize("timings", [replace(PATIENT, lock=1)])
def test_no_more_connections_are_lent_than_the_limit_says(executor: Executor) -> None:
    engine = executor.trading.ledger._engine
    with ExitStack() as lent:
        for _ in range(MOST_CONNECTIONS - executor.trading.ledger.connections_used()):
            lent.enter_context(reading(engine))
        with pytest.raises(LedgerUnavailable):
            lent.enter_context(reading(engine))
