"""Lists of orders, fills and events: each filter keeps what it says, and the pages together have everything once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from executor.ledger import listing
from tests.executor import postgres
from tests.executor.conftest import MakeExecutor
from tests.executor.standin import BEGIN, BTCTRY, USDTTRY, Executor, Place, make_executor, market_data, serving


class Wall:
    """A wall clock that goes on by a second whenever it is read, unless it is told otherwise."""

    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture(scope="module")
def traded(postgres_server: postgres.Server) -> Iterator[Executor]:
    """An executor with orders of every status, of two symbols and both sides, one after the other in time."""
    with serving(market_data()) as data:
        data.put(USDTTRY, [("40", "5000")], [("40.1", "5000")])
        executor = make_executor(postgres_server.new_place(), data, now=Wall())
        executor.start_writing()
        for number in range(3):
            executor.order(client_order_id=f"filled-{number}", quantity="1")
            executor.limit(f"rest-{number}", "buy", "1", "99")
            executor.order(client_order_id=f"denied-{number}", quantity="9000")
            executor.order(client_order_id=f"sold-{number}", side="sell", quantity="0.5")
            executor.order(client_order_id=f"other-{number}", symbol=USDTTRY, quantity="10")
            executor.limit(f"expired-{number}", "buy", "1", "99", time_in_force="IOC")
            gone = executor.limit(f"gone-{number}", "sell", "0.1", "101")
            executor.post(f"/v1/orders/{gone['order_id']}/cancel")
        data.put(BTCTRY, [("100", "3")], [("100.1", "3")])
        executor.limit("partly", "buy", "9", "100.1")
        yield executor
        executor.close()


def pages(executor: Executor, path: str, name: str, limit: int = 500, /, **asked: object) -> list[dict[str, Any]]:
    """Everything of a list, page by page."""
    found: list[dict[str, Any]] = []
    before: int | None = None
    for _ in range(200):
        place = {"limit": limit, **({} if before is None else {"before": before})}
        page = executor.get(f"{path}?{urlencode({**place, **asked})}")
        assert len(page[name]) <= int(str(asked.get("limit", limit)))
        found += page[name]
        before = page["next"]
        if before is None:
            return found
    raise AssertionError("the pages have no end")


def keys(executor: Executor, **asked: object) -> list[str]:
    return [order["client_order_id"] for order in pages(executor, "/v1/orders", "orders", **asked)]


def test_an_order_is_found_by_its_clients_key(traded: Executor) -> None:
    for key in ("filled-1", "partly", "denied-0"):
        assert keys(traded, client_order_id=key) == [key]
    assert keys(traded, client_order_id="nobody") == []
    assert keys(traded, client_order_id="filled-1", side="sell") == []
    assert keys(traded, client_order_id="rest-1", status="open") == ["rest-1"]
    assert keys(traded, client_order_id="filled-1", status="open") == []


@pytest.mark.parametrize(
    ("status", "first"),
    [
        ("filled", ["filled", "sold", "other"]),
        ("denied", ["denied"]),
        ("expired", ["expired"]),
        ("cancelled", ["gone"]),
        ("accepted", ["rest"]),
        ("partially_filled", ["partly"]),
        ("received", []),
        ("open", ["rest", "partly"]),
        ("all", ["filled", "rest", "denied", "sold", "other", "expired", "gone", "partly"]),
    ],
)
def test_orders_are_listed_by_status(traded: Executor, status: str, first: list[str]) -> None:
    found = keys(traded, status=status)
    assert {key.partition("-")[0] for key in found} == set(first)
    everything = keys(traded)
    assert found == [key for key in everything if key in found], "newest first"
    assert found == keys(traded, status=status, limit=1) == keys(traded, status=status, limit=2)


def test_filters_go_together(traded: Executor) -> None:
    assert keys(traded, symbol=USDTTRY) == ["other-2", "other-1", "other-0"]
    assert keys(traded, symbol=USDTTRY, side="sell") == []
    assert keys(traded, symbol=BTCTRY, side="sell", status="cancelled") == ["gone-2", "gone-1", "gone-0"]
    assert keys(traded, symbol=BTCTRY, side="buy", status="open") == ["partly", "rest-2", "rest-1", "rest-0"]
    assert keys(traded, symbol="BTCTURK:NOPE") == []
    assert len(keys(traded, side="sell")) == 6


@pytest.mark.slow
@pytest.mark.parametrize("limit", [1, 3, 500])
@pytest.mark.parametrize("asked", [{}, {"symbol": BTCTRY}, {"status": "open"}, {"status": "filled"}, {"side": "buy"}])
def test_times_of_receipt_bound_a_list_from_and_before(traded: Executor, limit: int, asked: dict[str, str]) -> None:
    everything = pages(traded, "/v1/orders", "orders", **asked)
    times = [order["received_at"] for order in everything]
    for begin, end in ((len(times) - 1, 0), (len(times) // 2, 1), (2, 2)):
        since, until = times[begin], times[end]
        found = pages(traded, "/v1/orders", "orders", limit, **asked, **{"from": since})
        assert found == [order for order in everything if order["received_at"] >= since]
        if until > since:
            found = pages(traded, "/v1/orders", "orders", limit, **asked, **{"from": since, "to": until})
            assert found == [order for order in everything if since <= order["received_at"] < until]


def test_fills_are_listed_with_all_that_is_known_of_them(traded: Executor) -> None:
    fills = pages(traded, "/v1/fills", "fills")
    orders = {order["order_id"]: order for order in pages(traded, "/v1/orders", "orders")}
    assert sorted(fill["trade_id"] for fill in fills) == sorted(
        fill["trade_id"] for order in orders.values() for fill in order["fills"]
    )
    assert [fill["sequence"] for fill in fills] == sorted((fill["sequence"] for fill in fills), reverse=True)
    for fill in fills:
        order = orders[fill["order_id"]]
        assert (fill["symbol"], fill["side"]) == (order["symbol"], order["side"])
        [same] = [each for each in order["fills"] if each["trade_id"] == fill["trade_id"]]
        assert same == {name: fill[name] for name in same}
        assert (fill["liquidity"], fill["quote_currency"], fill["rate"]["amount"]) == ("taker", "TRY", "1")
        assert (fill["realised_pnl"] is None) == (order["side"] == "buy")
        assert fill["reversed_by"] is None
    [sold, *_] = [fill for fill in fills if fill["side"] == "sell"]
    assert (sold["notional"], sold["fee"]) == ("50", "0.05")


@pytest.mark.parametrize("limit", [1, 2, 500])
def test_fills_are_filtered(traded: Executor, limit: int) -> None:
    fills = pages(traded, "/v1/fills", "fills")
    some = fills[len(fills) // 2]
    time = some["filled_at"]
    for asked in (
        {"symbol": USDTTRY},
        {"side": "sell"},
        {"order_id": some["order_id"]},
        {"symbol": BTCTRY, "side": "buy"},
    ):
        found = pages(traded, "/v1/fills", "fills", limit, **asked)
        assert found == [fill for fill in fills if all(fill[name] == value for name, value in asked.items())]
        found = pages(traded, "/v1/fills", "fills", limit, **asked, to=time)
        assert all(fill["filled_at"] < time for fill in found)
    assert pages(traded, "/v1/fills", "fills", limit, **{"from": time}) == [
        fill for fill in fills if fill["filled_at"] >= time
    ]
    assert pages(traded, "/v1/fills", "fills", limit, order_id="paper-999") == []


def test_a_fill_that_was_taken_back_says_by_which_event(make: MakeExecutor, place: Place) -> None:
    executor = make(place)
    _, order = executor.order(quantity="1")
    _, reversal = executor.post(f"/v1/fills/{order['fills'][0]['trade_id']}/reverse", {"reason": "a mistake"})
    [fill] = executor.get("/v1/fills")["fills"]
    assert fill["reversed_by"] == reversal["sequence"]


@pytest.mark.parametrize("limit", [1, 4, 500])
def test_events_are_filtered(traded: Executor, limit: int) -> None:
    events = pages(traded, "/v1/events", "events")
    assert [event["sequence"] for event in events] == list(range(len(events), 0, -1))
    some = events[len(events) // 3]
    for asked in ({"kind": "opened"}, {"kind": "filled"}, {"kind": "held"}, {"order_id": some["order_id"]}):
        found = pages(traded, "/v1/events", "events", limit, **asked)
        assert found == [event for event in events if all(event[name] == value for name, value in asked.items())]
    time = some["recorded_at"]
    found = pages(traded, "/v1/events", "events", limit, **{"from": time, "kind": "received"})
    assert found == [event for event in events if event["recorded_at"] >= time and event["kind"] == "received"]
    found = pages(traded, "/v1/events", "events", limit, to=time, order_id=str(some["order_id"]))
    assert all(event["recorded_at"] < time for event in found)


@pytest.mark.parametrize("path", ["/v1/orders", "/v1/fills", "/v1/events"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("from", "yesterday"),
        ("from", "2026-11-22"),
        ("from", "2026-11-22T10:00:00"),
        ("from", "2026-11-22T10:00:00+03:00"),
        ("from", "2026-13-22T10:00:00Z"),
        ("to", "2026-11-22T25:00:00Z"),
        ("to", ""),
        ("limit", "0"),
        ("limit", "501"),
        ("before", "-1"),
        ("before", "x"),
        ("cursor", "1"),
    ],
)
def test_a_parameter_that_can_not_be_understood_is_named(traded: Executor, path: str, name: str, value: str) -> None:
    answer = traded.client.get(f"{path}?{urlencode({name: value})}")
    assert (answer.status_code, answer.get_json()["error"]["details"]["field"]) == (422, name)


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        ("/v1/orders", "client_order_id", "a b"),
        ("/v1/orders", "client_order_id", ""),
        ("/v1/orders", "status", "done"),
        ("/v1/orders", "symbol", "btctry"),
        ("/v1/orders", "side", "both"),
        ("/v1/orders", "order_id", "paper-1"),
        ("/v1/fills", "order_id", "PAPER"),
        ("/v1/fills", "order_id", "\x00"),
        ("/v1/fills", "symbol", ""),
        ("/v1/fills", "side", "x"),
        ("/v1/events", "kind", "nothing"),
        ("/v1/events", "order_id", "a b"),
    ],
)
def test_a_filter_that_can_not_be_is_named(traded: Executor, path: str, name: str, value: str) -> None:
    answer = traded.client.get(f"{path}?{urlencode({name: value})}")
    assert (answer.status_code, answer.get_json()["error"]["details"]["field"]) == (422, name)


def test_the_ends_of_time_are_times_too(traded: Executor) -> None:
    first, last = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"
    for path, name in (("/v1/orders", "orders"), ("/v1/fills", "fills"), ("/v1/events", "events")):
        assert pages(traded, path, name, **{"from": first, "to": last}) == pages(traded, path, name)
        assert pages(traded, path, name, to=first) == pages(traded, path, name, **{"from": last}) == []
    answer = traded.client.get(f"/v1/orders?from={last}&to={first}")
    assert answer.get_json()["error"]["details"]["field"] == "to"


def test_a_page_that_ends_early_tells_where_the_next_one_goes_on(
    traded: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few rows are looked at for each page, so that what is rare is spread over many of them."""
    whole = {
        "orders": pages(traded, "/v1/orders", "orders", symbol=BTCTRY, side="sell", status="cancelled"),
        "fills": pages(traded, "/v1/fills", "fills", symbol=USDTTRY),
        "events": pages(traded, "/v1/events", "events", kind="denied"),
    }
    monkeypatch.setattr(listing, "MOST_LOOKED_AT", 3)
    for limit in (1, 2, 500):
        found = pages(traded, "/v1/orders", "orders", limit, symbol=BTCTRY, side="sell", status="cancelled")
        assert found == whole["orders"]
        assert pages(traded, "/v1/fills", "fills", limit, symbol=USDTTRY) == whole["fills"]
        assert pages(traded, "/v1/events", "events", limit, kind="denied") == whole["events"]


def test_small_steps_back_of_the_clock_hide_nothing(make: MakeExecutor, place: Place) -> None:
    wall = Wall()
    executor = make(place, now=wall)
    for number in range(12):
        executor.order(client_order_id=f"k{number}", quantity="0.2")
        wall.now -= timedelta(seconds=1.5 if number % 3 == 0 else 0)
    orders = pages(executor, "/v1/orders", "orders")
    for each in orders:
        time = each["received_at"]
        found = pages(executor, "/v1/orders", "orders", **{"from": time})
        assert found == [order for order in orders if order["received_at"] >= time]
    assert datetime.fromisoformat(orders[0]["received_at"]).tzinfo == UTC
