"""The path of an order, on both back ends: accepted and filled, denied, expired, resting."""

from __future__ import annotations

from decimal import Decimal

from tests.executor.standin import BTCTRY, BTCUSDT, USDTTRY, Executor, MarketData


def test_a_market_order_walks_the_book_and_pays_the_taker_fee(executor: Executor) -> None:
    status, order = executor.order(quantity="3")
    assert status == 201
    assert (order["status"], order["filled_quantity"]) == ("filled", "3")
    assert [(fill["price"], fill["quantity"]) for fill in order["fills"]] == [("100.1", "2"), ("100.2", "1")]
    assert [fill["fee"] for fill in order["fills"]] == ["0.2002", "0.1002"]
    account = executor.get("/v1/account")
    assert Decimal(account["cash"]["TRY"]) == Decimal(5_000_000) - Decimal("300.4") - Decimal("0.3004")
    [position] = executor.get("/v1/positions")["positions"]
    assert (position["quantity"], position["average_cost"]) == ("3", "100.133333333333")


def test_a_market_order_beyond_the_collar_expires_with_the_rest(executor: Executor, marketdata: MarketData) -> None:
    marketdata.put(BTCTRY, [("100", "2")], [("100.1", "2"), ("110", "50")])
    status, order = executor.order(quantity="3")
    assert (status, order["status"], order["filled_quantity"]) == (201, "expired", "2")


def test_a_limit_order_that_does_not_cross_rests_with_its_funds_reserved(executor: Executor) -> None:
    order = executor.limit("rest", "buy", "10", "99")
    assert (order["status"], order["time_in_force"]) == ("accepted", "GTC")
    account = executor.get("/v1/account")
    assert (account["open_orders"], account["cash"]["TRY"]) == (1, "5000000")
    assert Decimal(account["reserved"]["TRY"]) == Decimal("990.99")
    assert [found["order_id"] for found in executor.get("/v1/orders?status=open")["orders"]] == [order["order_id"]]


def test_a_limit_order_takes_what_crosses_and_rests_with_the_remainder(executor: Executor) -> None:
    order = executor.limit("part", "buy", "3", "100.1")
    assert (order["status"], order["filled_quantity"], order["average_price"]) == ("partially_filled", "2", "100.1")
    assert Decimal(executor.get("/v1/account")["reserved"]["TRY"]) == Decimal("100.2001")


def test_a_limit_order_that_is_ioc_never_rests(executor: Executor) -> None:
    order = executor.limit("now", "buy", "3", "100.1", time_in_force="IOC")
    assert (order["status"], order["filled_quantity"]) == ("expired", "2")
    assert executor.get("/v1/account")["open_orders"] == 0


def test_funds_that_open_orders_reserved_are_not_spent_twice(executor: Executor) -> None:
    for number in range(10):
        executor.limit(f"r{number}", "buy", "4995", "100")
    denied = executor.limit("one-too-many", "buy", "60", "100")
    assert denied["status"] == "denied"
    assert [denial["code"] for denial in denied["denials"]] == ["INSUFFICIENT_FUNDS"]


def test_nothing_is_sold_that_is_not_held(executor: Executor) -> None:
    _, denied = executor.order(client_order_id="short", side="sell")
    [denial] = denied["denials"]
    assert (denial["code"], denial["numbers"]) == (
        "INSUFFICIENT_FUNDS",
        {"needed": "0.5", "available": "0", "unit": "BTC"},
    )
    executor.order(client_order_id="long")
    _, sold = executor.order(client_order_id="flat", side="sell")
    assert sold["status"] == "filled"
    [position] = executor.get("/v1/positions")["positions"]
    assert (position["quantity"], position["realised_pnl"]) == ("0", "-0.05")


def test_every_failing_guardrail_is_named(executor: Executor, marketdata: MarketData) -> None:
    marketdata.put(BTCTRY, [("100", "2")], [("100.1", "2")], age=60)
    _, order = executor.order(type="limit", quantity="70000.00001", limit_price="150.001")
    assert {denial["code"] for denial in order["denials"]} == {
        *("QUOTE_STALE", "TICK_SIZE", "LOT_SIZE", "MAX_NOTIONAL", "PRICE_COLLAR", "INSUFFICIENT_FUNDS"),
        *("MAX_POSITION", "MAX_EXPOSURE"),
    }


def test_the_time_since_the_answer_counts_to_the_age_of_the_book(executor: Executor, marketdata: MarketData) -> None:
    marketdata.put(BTCTRY, [("100", "2")], [("100.1", "2")], age=4.9)
    assert executor.order(client_order_id="fresh")[1]["status"] == "filled"
    waited = marketdata.answer

    def slow(path: str) -> object:
        executor.clock.now += 0.2
        return waited(path)

    marketdata.answer = slow  # type: ignore[method-assign,assignment]
    _, order = executor.order(client_order_id="late")
    assert [denial["code"] for denial in order["denials"]] == ["QUOTE_STALE"]


def test_without_market_data_an_order_is_denied_not_lost(executor: Executor, marketdata: MarketData) -> None:
    marketdata.status = 503
    status, order = executor.order()
    assert (status, order["status"]) == (201, "denied")
    assert [denial["code"] for denial in order["denials"]] == ["EQUITY_UNKNOWN", "NO_QUOTE"]
    assert executor.get(f"/v1/orders/{order['order_id']}") == order


def test_a_book_of_the_other_market_is_no_quote(executor: Executor, marketdata: MarketData) -> None:
    marketdata.market = "live"
    marketdata.put(BTCTRY, [("100", "2")], [("100.1", "2")])
    _, order = executor.order()
    assert [denial["code"] for denial in order["denials"]] == ["NO_QUOTE"]


def test_a_bought_currency_is_cash_and_can_be_spent(executor: Executor, marketdata: MarketData) -> None:
    marketdata.put(USDTTRY, [("34", "100000")], [("34.1", "100000")])
    marketdata.put(BTCUSDT, [("90000", "1")], [("90010", "1")])
    executor.order(client_order_id="usdt", symbol=USDTTRY, quantity="1000")
    account = executor.get("/v1/account")
    assert account["cash"]["USDT"] == "101000"
    assert executor.get("/v1/positions")["positions"] == []
    _, order = executor.order(client_order_id="btc", symbol=BTCUSDT, quantity="0.1")
    assert order["status"] == "filled"


def test_the_kill_switch_cancels_what_is_open_and_denies_what_is_new(executor: Executor) -> None:
    resting = executor.limit("rest", "buy", "1", "99")
    headers = {"Authorization": "Bearer the-operators-token"}
    asked = {"engaged": True, "reason": "drill"}
    assert executor.client.put("/v1/kill-switch", json=asked, headers=headers).status_code == 200
    _, order = executor.order(client_order_id="no")
    assert [denial["code"] for denial in order["denials"]] == ["KILL_SWITCH"]
    assert executor.get("/v1/kill-switch") == {
        "market": "simulated",
        "engaged": True,
        "reason": "drill",
        "switches": {"account": "drill"},
    }
    assert executor.get(f"/v1/orders/{resting['order_id']}")["status"] == "cancelled"
    assert executor.get("/v1/account")["open_orders"] == 0
    asked = {"engaged": False, "reason": "drill over"}
    assert executor.client.put("/v1/kill-switch", json=asked, headers=headers).status_code == 200
    assert executor.order(client_order_id="yes")[1]["status"] == "filled"


def test_a_cancel_gives_the_reserve_back_once_and_a_final_order_refuses(executor: Executor) -> None:
    order = executor.limit("rest", "buy", "1", "99")
    path = f"/v1/orders/{order['order_id']}/cancel"
    assert executor.post(path)[0] == 200
    assert executor.get("/v1/account")["reserved"]["TRY"] == "0"
    status, body = executor.post(path)
    assert (status, body["error"]["code"], body["error"]["details"]) == (
        409,
        "ORDER_FINAL",
        {"order_status": "cancelled"},
    )
    assert executor.post("/v1/orders/paper-999/cancel")[0] == 404


def test_orders_are_listed_newest_first_and_bounded(executor: Executor) -> None:
    made = [executor.limit(f"n{number}", "buy", "1", "99")["order_id"] for number in range(3)]
    listed = [order["order_id"] for order in executor.get("/v1/orders?limit=2")["orders"]]
    assert listed == made[:0:-1]


def test_what_can_not_be_an_order_id_is_404_on_each_back_end(executor: Executor) -> None:
    for path in ("/v1/orders/%00", "/v1/orders/paper-2%27", "/v1/orders/%F0%9F%92%A5"):
        assert executor.client.get(path).status_code == 404
        assert executor.post(f"{path}/cancel")[0] == 404
