"""The HTTP calls answer with value, sequence and age, and with 304 to a client that has the value already."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from common import wire
from marketdata.events import Ticker, Trades, VenueTrade
from marketdata.state.bars import Chart, Gap, Resolution
from marketdata.state.store import Store
from marketdata.state.symbol import SymbolStatus
from marketdata.stream.streams import Streams
from tests.marketdata.busy import book, instrument, new_app, new_store, new_streams
from tests.marketdata.stream.follower import events

A, B = "BTCTURK:BTCTRY", "BTCTURK:ETHTRY"
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
PATHS = ["quotes", f"quotes/{A}", f"books/{A}", f"trades/{A}", f"candles/{A}", f"status/{A}", "feeds"]


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Candles:
    """Bars and gaps that a test put there; what was asked for is in `asked`."""

    def __init__(self) -> None:
        self.bars: list[wire.Candle] = []
        self.gaps: list[Gap] = []
        self.asked: tuple[str, Resolution, int] | None = None

    def chart(self, symbol: str, resolution: Resolution, limit: int) -> Chart:
        self.asked = (symbol, resolution, limit)
        return Chart(self.bars, self.gaps, tuple((gap.start.timestamp(), gap.end.timestamp()) for gap in self.gaps))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Store:
    store = new_store(("BTCTRY", "ETHTRY"), clock)
    store.apply_book(A, book(100, 1), 50.0)
    store.apply_trades(A, _trade("1"), 50.0)
    return store


@pytest.fixture
def streams(store: Store) -> Streams:
    return new_streams(store)


@pytest.fixture
def candles() -> Candles:
    return Candles()


@pytest.fixture
def http(store: Store, streams: Streams, candles: Candles) -> FlaskClient:
    return new_app(store, streams, candles.chart).test_client()


def _trade(number: str) -> Trades:
    return Trades("", (VenueTrade(number, Decimal(number), Decimal(1), "buy", MOMENT),), replay=True)


def _bar(close: int, *, complete: bool = False) -> wire.Candle:
    one = Decimal(1)
    return wire.Candle(
        start=MOMENT, open=one, high=Decimal(close), low=one, close=Decimal(close), volume=one, complete=complete
    )


def _again(http: FlaskClient, path: str, answer: TestResponse) -> TestResponse:
    return http.get(f"/v1/{path}", headers={"If-None-Match": answer.headers["ETag"]})


@pytest.mark.parametrize("path", PATHS)
def test_who_has_the_state_already_gets_304_and_its_age(http: FlaskClient, clock: Clock, path: str) -> None:
    first = http.get(f"/v1/{path}")
    assert first.status_code == 200
    assert first.headers["ETag"].startswith('W/"')
    assert first.headers["Cache-Control"] == "no-cache"
    clock.now += 2
    again = _again(http, path, first)
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert float(again.headers["X-Spark-Age-Seconds"]) == (0.0 if path == "feeds" else 2.0)


@pytest.mark.parametrize("path", PATHS[:6])
def test_what_became_stale_is_not_what_the_client_has(http: FlaskClient, clock: Clock, path: str) -> None:
    first = http.get(f"/v1/{path}")
    clock.now += 6
    again = _again(http, path, first)
    assert again.status_code == 200
    assert b'"stale":true' in again.data


def test_a_change_of_one_kind_changes_the_tags_of_what_tells_it_and_no_other(http: FlaskClient, store: Store) -> None:
    before = {path: http.get(f"/v1/{path}") for path in PATHS}
    store.apply_ticker(A, Ticker("", Decimal(7), Decimal(1)), 51.0)
    changed = [path for path in PATHS if _again(http, path, before[path]).status_code == 200]
    assert changed == ["quotes", f"quotes/{A}"]


def test_another_process_has_other_tags(http: FlaskClient, clock: Clock) -> None:
    other = new_store(("BTCTRY", "ETHTRY"), clock)
    other.apply_book(A, book(100, 1), 50.0)
    other.apply_trades(A, _trade("1"), 50.0)
    restarted = new_app(other, new_streams(other)).test_client()
    assert _again(restarted, "quotes", http.get("/v1/quotes")).status_code == 200


def test_the_age_of_all_quotes_is_the_oldest_ones(http: FlaskClient, clock: Clock) -> None:
    clock.now += 3
    answer = http.get("/v1/quotes")
    ages = [quote["age_seconds"] for quote in answer.get_json()["quotes"]]
    assert float(answer.headers["X-Spark-Age-Seconds"]) == max(ages) == 3.0


def test_status_has_phase_limits_and_where_the_auction_would_match(http: FlaskClient, store: Store) -> None:
    store.set_status(A, SymbolStatus(phase="opening_auction", ceiling=Decimal(110)), 60.0)
    body: dict[str, Any] = http.get(f"/v1/status/{A}").get_json()
    assert (body["market"], body["symbol"], body["stale"]) == ("simulated", A, False)
    assert (body["status"]["phase"], body["status"]["ceiling"]) == ("opening_auction", "110")
    assert (body["auction"]["phase"], body["auction"]["price"]) == ("opening_auction", None)
    assert body["sequence"] == max(body["status"]["sequence"], body["auction"]["sequence"])


def test_candles_are_those_asked_for_with_age_and_staleness(http: FlaskClient, candles: Candles) -> None:
    candles.bars = [_bar(2, complete=True), _bar(3)]
    body = http.get(f"/v1/candles/{A}?resolution=1d&limit=2").get_json()
    assert candles.asked == (A, "1d", 2)
    assert (body["resolution"], body["stale"], body["age_seconds"]) == ("1d", False, 0.0)
    assert [(bar["close"], bar["complete"]) for bar in body["candles"]] == [("2", True), ("3", False)]


@pytest.mark.parametrize(
    ("resolution", "most"), [("1m", 1500), ("5m", 300), ("15m", 200), ("1h", 200), ("4h", 200), ("1d", 500)]
)
def test_bars_of_every_resolution_can_be_asked_for(
    http: FlaskClient, candles: Candles, resolution: Resolution, most: int
) -> None:
    body = http.get(f"/v1/candles/{A}?resolution={resolution}&limit={most}").get_json()
    assert (body["resolution"], candles.asked) == (resolution, (A, resolution, most))


def test_candles_name_the_gaps_between_them_and_a_gap_that_closed_is_news(http: FlaskClient, candles: Candles) -> None:
    candles.bars, candles.gaps = [_bar(2)], [Gap(MOMENT, MOMENT + timedelta(seconds=90))]
    first = http.get(f"/v1/candles/{A}")
    assert first.get_json()["gaps"] == [{"start": "2026-01-01T00:00:00Z", "end": "2026-01-01T00:01:30Z"}]
    assert _again(http, f"candles/{A}", first).status_code == 304
    candles.gaps = []
    assert _again(http, f"candles/{A}", first).get_json()["gaps"] == []


def test_a_bar_that_grew_is_not_what_the_client_has(http: FlaskClient, candles: Candles) -> None:
    candles.bars = [_bar(2)]
    first = http.get(f"/v1/candles/{A}")
    candles.bars = [_bar(3)]
    assert _again(http, f"candles/{A}", first).status_code == 200


def test_feeds_are_told_as_they_are(http: FlaskClient) -> None:
    assert http.get("/v1/feeds").get_json() == {
        "market": "simulated",
        "feeds": [{"source": "BTCTURK", "reason": None}],
        "tape": None,
    }


@pytest.mark.parametrize("path", ["quotes", "books", "trades", "candles", "status"])
def test_an_unknown_symbol_is_404_and_named(http: FlaskClient, path: str) -> None:
    answer = http.get(f"/v1/{path}/BTCTURK:NOPE")
    assert (answer.status_code, answer.get_json()["error"]["details"]) == (404, {"symbol": "BTCTURK:NOPE"})


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("stream?kinds=", "kinds"),
        ("stream?kinds=quote,", "kinds"),
        ("stream?kinds=quote,candle", "kinds"),
        ("stream?symbols=,", "symbols"),
        ("stream?depth=0", "depth"),
        ("stream?depth=101", "depth"),
        (f"candles/{A}?resolution=2h", "resolution"),
        (f"candles/{A}?resolution=4h&limit=201", "limit"),
        (f"candles/{A}?limit=1501", "limit"),
        (f"candles/{A}?resolution=1d&limit=501", "limit"),
    ],
)
def test_what_cannot_be_understood_is_422_and_named(http: FlaskClient, query: str, field: str) -> None:
    answer = http.get(f"/v1/{query}")
    assert (answer.status_code, answer.get_json()["error"]["details"]) == (422, {"field": field})


def test_without_instruments_there_are_quotes_but_no_books(store: Store, streams: Streams) -> None:
    http = new_app(store, streams, known={}).test_client()
    assert http.get(f"/v1/books/{A}").status_code == 503
    assert http.get(f"/v1/quotes/{A}").status_code == 200
    other = new_app(store, streams, known={B: instrument(B)}).test_client()
    assert other.get(f"/v1/books/{A}").get_json()["error"]["details"] == {"symbol": A}


def _first(http: FlaskClient, path: str, **headers: str) -> tuple[str, dict[str, Any]]:
    with http.get(path, headers=headers, buffered=False) as answer:
        (event,) = events(next(answer.iter_encoded()))
    return event.name, event.body


def test_a_stream_has_the_symbols_kinds_and_depth_asked_for(http: FlaskClient, streams: Streams) -> None:
    name, body = _first(http, f"/v1/stream?symbols={A}&kinds=book,trade&depth=3")
    assert (name, set(body)) == ("snapshot", {"market", "sequence", "books", "trades"})
    assert [len(body["books"]), len(body["books"][0]["bids"]), len(body["trades"])] == [1, 3, 1]
    assert streams.slots.open == 0


def test_a_stream_goes_on_from_the_last_event_id(http: FlaskClient, store: Store) -> None:
    last_id = f"{store.epoch}-{store.sequence}"
    assert _first(http, "/v1/stream", **{"Last-Event-ID": last_id})[0] == "resumed"
    assert _first(http, "/v1/stream", **{"Last-Event-ID": "00000000-1"})[0] == "snapshot"


def test_an_answer_of_25_quotes_takes_well_under_a_millisecond() -> None:
    store = new_store([f"P{number}TRY" for number in range(25)])
    for symbol in store.symbols:
        store.apply_book(symbol, book(100, 1), 50.0)
    began = time.thread_time()
    for _ in range(100):
        wire.encode(store.quotes(store.symbols))
    assert (time.thread_time() - began) / 100 < 0.0005


@pytest.mark.parametrize("path", [*PATHS, "stream", "instruments"])
def test_a_query_parameter_that_a_call_does_not_take_is_422_and_named(http: FlaskClient, path: str) -> None:
    answer = http.get(f"/v1/{path}?dept=5")
    assert (answer.status_code, answer.get_json()["error"]["details"]) == (422, {"field": "dept"})


def test_a_query_parameter_that_is_given_twice_is_422_and_named(http: FlaskClient) -> None:
    answer = http.get(f"/v1/books/{A}?depth=5&depth=6")
    assert (answer.status_code, answer.get_json()["error"]["details"]) == (422, {"field": "depth"})


class BrokenSocket:
    """The socket of a client that is gone: no option of it can be set."""

    def settimeout(self, _seconds: float) -> None:
        raise OSError("bad file descriptor")


def test_a_stream_whose_socket_fails_at_its_beginning_gives_its_slot_back(http: FlaskClient, streams: Streams) -> None:
    for _ in range(5):
        answer = http.get("/v1/stream", environ_overrides={"gunicorn.socket": BrokenSocket()})
        assert answer.status_code == 499
    assert streams.slots.open == 0
    assert _first(http, "/v1/stream")[0] == "snapshot"
