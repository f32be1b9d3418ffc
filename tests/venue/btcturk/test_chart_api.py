"""The chart calls: daily bars in the API's envelope, and the chart host's bare bodies."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.venue.btcturk.rig import START, Venue, running_venue

DAY = 86_400
NOW = int(START)


@pytest.fixture(scope="module")
def venue() -> Iterator[Venue]:
    with running_venue() as running:
        yield running


@pytest.fixture
def http(venue: Venue) -> FlaskClient:
    return venue.app().test_client()


def _get(http: FlaskClient, path: str) -> Any:
    answer = http.get(path)
    assert answer.status_code == 200
    return answer.get_json()


def test_daily_bars_go_back_more_than_400_days_and_end_at_the_last_price(http: FlaskClient, venue: Venue) -> None:
    rows = _get(http, f"/v1/ohlcs?pair=BTCTRY&from=0&to={NOW}")
    keys = "pair time open high low close volume total average dailyChangeAmount dailyChangePercentage"
    assert [*rows[0]] == keys.split(" ")
    assert len(rows) > 400
    assert all(after["time"] - before["time"] == DAY for before, after in pairwise(rows))
    view = venue.server.views["BTCTRY"]
    assert rows[-1]["close"] == float(view.last * view.spec.tick)
    assert rows[-1]["time"] == NOW // DAY * DAY
    for row in rows:
        assert row["low"] <= row["average"] <= row["high"]
        assert row["total"] == pytest.approx(row["average"] * row["volume"], rel=0.01)
        assert row["dailyChangeAmount"] == pytest.approx(row["close"] - row["open"])


def test_a_range_of_days_has_both_its_ends(http: FlaskClient) -> None:
    today = NOW // DAY * DAY
    rows = _get(http, f"/v1/ohlcs?pair=ETHUSDT&from={today - 3 * DAY}&to={today - DAY}")
    assert [row["time"] for row in rows] == [today - 3 * DAY, today - 2 * DAY, today - DAY]


def test_without_a_pair_all_come_and_an_unknown_one_has_no_bars(http: FlaskClient) -> None:
    assert len({row["pair"] for row in _get(http, f"/v1/ohlcs?from={NOW - 2 * DAY}")}) == 5
    assert _get(http, "/v1/ohlcs?pair=NOPETRY") == []


@pytest.mark.parametrize(
    ("resolution", "step"),
    [("1", 60), ("15", 900), ("60", 3_600), ("240", 14_400), ("1D", DAY), ("1 day", DAY), ("1W", 7 * DAY)],
)
def test_klines_come_in_columns_oldest_first(http: FlaskClient, resolution: str, step: int) -> None:
    body = _get(
        http, f"/v1/klines/history?symbol=BTCUSDT&resolution={resolution}&from={NOW - max(DAY, 9 * step)}&to={NOW}"
    )
    assert [*body] == ["s", "t", "o", "h", "l", "c", "v"]
    assert body["s"] == "ok"
    assert len({len(body[name]) for name in "tohlcv"}) == 1
    assert {after - before for before, after in pairwise(body["t"])} == {step}
    assert NOW - step < body["t"][-1] <= NOW
    assert all(low <= open_ <= high for low, open_, high in zip(body["l"], body["o"], body["h"], strict=True))


def test_a_range_without_bars_has_no_data(http: FlaskClient) -> None:
    body = _get(http, "/v1/klines/history?symbol=BTCUSDT&resolution=1&from=0&to=1000")
    assert body == {"s": "no_data", "t": [], "o": [], "h": [], "l": [], "c": [], "v": []}


@pytest.mark.parametrize(
    "query",
    ["symbol=NOPE&resolution=1", "symbol=BTCTRY&resolution=7", "symbol=BTCTRY", "symbol=BTCTRY&resolution=1&from=x"],
)
def test_a_bad_question_about_klines_is_refused(http: FlaskClient, query: str) -> None:
    answer = http.get(f"/v1/klines/history?{query}")
    assert (answer.status_code, answer.get_json()["code"]) == (400, 1037)


def test_the_old_daily_call_has_the_envelope_and_milliseconds(http: FlaskClient) -> None:
    body = _get(http, "/api/v2/ohlc?pairSymbol=BTC_TRY&last=3")
    assert (body["success"], body["code"]) == (True, 0)
    assert [row["time"] for row in body["data"]] == [(NOW // DAY - back) * DAY * 1000 for back in (2, 1, 0)]


def test_tickers_of_a_currency_are_those_of_all_its_pairs(http: FlaskClient) -> None:
    body = _get(http, "/api/v2/ticker/currency?symbol=usdt")
    assert {row["pair"] for row in body["data"]} == {"USDTTRY", "BTCUSDT", "ETHUSDT"}
    assert _get(http, "/api/v2/ticker/currency?symbol=NOPE")["data"] == []


@pytest.mark.parametrize("path", ["/api/v2/nope", "/api/v2/server/nope", "/v1/nope"])
def test_an_unknown_path_is_404_and_empty(http: FlaskClient, path: str) -> None:
    answer = http.get(path)
    assert (answer.status_code, answer.data) == (404, b"")


@pytest.mark.parametrize("resolution", ["1", "1D", "1W", "1M"])
def test_a_range_that_begins_far_in_the_future_has_no_bars(http: FlaskClient, resolution: str) -> None:
    answer = _get(http, f"/v1/klines/history?symbol=BTCTRY&resolution={resolution}&from=999999999999")
    assert (answer["s"], answer["t"]) == ("no_data", [])


def test_a_time_of_endless_digits_is_refused(http: FlaskClient) -> None:
    assert http.get(f"/v1/ohlcs?from={'9' * 5000}").status_code == 400


def test_late_bars_end_before_the_present_and_the_last_is_not_whole(http: FlaskClient, venue: Venue) -> None:
    path = f"/v1/klines/history?symbol=BTCTRY&resolution=1&from={NOW - 900}&to={NOW + 60}"
    whole = _get(http, path)
    venue.server.faults.arm("late_klines", pair="BTCTRY", seconds=180.0)
    late = _get(http, path)
    assert late["t"] == [start for start in whole["t"] if start <= NOW - 180]
    count = len(late["t"])
    assert [late[key][:-1] for key in "ohlcv"] == [whole[key][: count - 1] for key in "ohlcv"]
    assert late["h"][-1] == late["l"][-1] == late["c"][-1] == late["o"][-1] == whole["o"][count - 1]
    assert late["v"][-1] < whole["v"][count - 1]
    assert _get(http, path) == whole


def test_a_cut_answer_has_only_the_newest_bars(http: FlaskClient, venue: Venue) -> None:
    path = f"/v1/klines/history?symbol=BTCTRY&resolution=1&from={NOW - 900}&to={NOW + 60}"
    whole = _get(http, path)
    venue.server.faults.arm("cut_klines", bars=4)
    assert _get(http, path.replace("BTCTRY", "ETHTRY"))["t"] == whole["t"][-4:]
    venue.server.faults.arm("cut_klines", bars=0)
    assert _get(http, path)["s"] == "no_data"


def test_bars_of_days_are_late_or_cut_only_where_the_fault_names_their_call(http: FlaskClient, venue: Venue) -> None:
    path = f"/v1/ohlcs?pair=BTCTRY&from={NOW - 9 * DAY}&to={NOW}"
    whole = _get(http, path)
    venue.server.faults.arm("cut_klines", bars=2)
    assert _get(http, path) == whole
    venue.server.faults.clear()
    venue.server.faults.arm("cut_klines", endpoint="ohlcs", bars=2)
    assert _get(http, path) == whole[-2:]
    venue.server.faults.arm("late_klines", endpoint="ohlcs", seconds=2.0 * DAY)
    assert [row["time"] for row in _get(http, path)] == [row["time"] for row in whole[:-2]]
