"""The HTTP side over a running feed: what it answers, what it refuses, what its operators see."""

from __future__ import annotations

import json
import socket
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from common import wire
from common.build import ROOT, source_digest
from marketdata.app import create_app
from marketdata.link.inbox import Arrival
from marketdata.parts import Parts
from marketdata.settings import Settings
from tests.common.local import http_server
from tests.common.routes import check_queries
from tests.marketdata.rig import rest_app, running_marketdata, settings_for
from tests.venue.btcturk.rig import Venue, running_venue
from tests.venue.rig import eventually

BTCTRY = "BTCTURK:BTCTRY"


@pytest.fixture(scope="module")
def venue() -> Iterator[Venue]:
    with running_venue() as running:
        yield running


@pytest.fixture(scope="module")
def settings(venue: Venue) -> Iterator[Settings]:
    with http_server(rest_app(venue)) as url:
        yield settings_for(venue.url, url, SPARK_STREAMS_MAX="2")


@pytest.fixture(scope="module")
def parts(settings: Settings) -> Iterator[Parts]:
    with running_marketdata(settings) as running:
        eventually(lambda: not running.store.not_live() and running.venues[0].counters.frames["421"] == 2)
        yield running


@pytest.fixture
def http(settings: Settings, parts: Parts) -> FlaskClient:
    return create_app(settings, parts).test_client()


def test_instruments_are_the_venues_own(http: FlaskClient) -> None:
    body = http.get("/v1/instruments").get_json()
    assert body["market"] == "simulated"
    assert {one["symbol"]: one["tick_size"] for one in body["instruments"]} == {BTCTRY: "1", "BTCTURK:ETHUSDT": "0.1"}


def test_quotes_have_market_sequence_age_and_both_sides(http: FlaskClient) -> None:
    body = http.get("/v1/quotes").get_json()
    quotes = [wire.decode(wire.Quote, json.dumps(quote)) for quote in body["quotes"]]
    assert (body["market"], len(quotes)) == ("simulated", 2)
    assert body["sequence"] >= max(quote.sequence for quote in quotes)
    one = wire.decode(wire.Quote, http.get(f"/v1/quotes/{BTCTRY}").data)
    assert one.bid is not None
    assert one.ask is not None
    assert one.bid < one.ask
    assert (one.stale, one.delayed, one.source) == (False, False, "BTCTURK")


def test_a_book_has_as_many_levels_as_asked_for(http: FlaskClient) -> None:
    for query, depth in (("", 20), ("?depth=1", 1), ("?depth=100", 100)):
        book = wire.decode(wire.Book, http.get(f"/v1/books/{BTCTRY}{query}").data)
        assert len(book.bids) == len(book.asks) == depth
        assert (book.base_asset, book.quote_currency, book.stale) == ("BTC", "TRY", False)


def test_trades_are_newest_first_with_age_and_sequence(http: FlaskClient) -> None:
    body = http.get(f"/v1/trades/{BTCTRY}?limit=10").get_json()
    times = [datetime.fromisoformat(trade["venue_time"]) for trade in body["trades"]]
    assert (body["market"], body["symbol"], body["stale"], len(times)) == ("simulated", BTCTRY, False, 10)
    assert times == sorted(times, reverse=True)
    assert body["sequence"] > 0
    assert body["age_seconds"] < 5


@pytest.mark.parametrize("path", ["quotes", "books", "trades"])
def test_an_unknown_symbol_is_404_and_says_where_the_known_ones_are(http: FlaskClient, path: str) -> None:
    answer = http.get(f"/v1/{path}/BTCTURK:NOPE")
    assert answer.status_code == 404
    error = answer.get_json()["error"]
    assert error["details"] == {"symbol": "BTCTURK:NOPE"}
    assert "/v1/instruments" in error["message"]


@pytest.mark.parametrize("value", ["abc", "0", "101", "-1", "NaN", "1.5", "", "1e1", "١", "9" * 400])
def test_a_bad_depth_is_422_and_named(http: FlaskClient, value: str) -> None:
    answer = http.get(f"/v1/books/{BTCTRY}", query_string={"depth": value})
    assert answer.status_code == 422
    assert answer.get_json()["error"]["details"] == {"field": "depth"}


@pytest.mark.parametrize("value", ["0", "201", "x"])
def test_a_bad_limit_is_422_and_named(http: FlaskClient, value: str) -> None:
    answer = http.get(f"/v1/trades/{BTCTRY}?limit={value}")
    assert answer.status_code == 422
    assert answer.get_json()["error"]["details"] == {"field": "limit"}


@pytest.mark.parametrize(
    ("symbols", "status", "details"),
    [("", 422, {"field": "symbols"}), (f"{BTCTRY},", 422, {"field": "symbols"}), ("NOPE", 404, {"symbol": "NOPE"})],
)
def test_a_stream_of_what_does_not_exist_is_refused(
    http: FlaskClient, symbols: str, status: int, details: dict[str, str]
) -> None:
    answer = http.get("/v1/stream", query_string={"symbols": symbols})
    assert (answer.status_code, answer.get_json()["error"]["details"]) == (status, details)


def test_a_stream_over_http_moves_with_the_market_and_gives_its_place_back(
    settings: Settings, parts: Parts, venue: Venue
) -> None:
    with http_server(create_app(settings, parts)) as url:
        with urllib.request.urlopen(f"{url}/v1/stream?symbols={BTCTRY}", timeout=5) as stream:
            assert stream.headers["Content-Type"] == "text/event-stream"
            assert stream.headers["X-Spark-Market"] == "simulated"
            assert stream.readline() == b"event: snapshot\n"
            assert parts.streams.slots.open == 1
            venue.move(3.0)
            line = stream.readline()
            while line != b"event: quote\n":
                line = stream.readline()
            stream.readline()
            assert json.loads(stream.readline().removeprefix(b"data: "))["symbol"] == BTCTRY

        def given_back() -> bool:
            venue.move(1.0)
            return parts.streams.slots.open == 0

        eventually(given_back)


def test_streams_beyond_the_limit_get_429_and_a_head_request_takes_no_place(settings: Settings, parts: Parts) -> None:
    with http_server(create_app(settings, parts)) as url:
        address = urlsplit(url).netloc
        head = HTTPConnection(address, timeout=5)
        head.request("HEAD", "/v1/stream")
        assert head.getresponse().status == 200
        head.close()
        eventually(lambda: parts.streams.slots.open == 0)
        taken = [parts.streams.slots.acquire(), parts.streams.slots.acquire()]
        third = HTTPConnection(address, timeout=5)
        third.request("GET", "/v1/stream")
        answer = third.getresponse()
        body: dict[str, Any] = json.loads(answer.read())
        third.close()
        assert (answer.status, body["error"]["code"], body["error"]["retryable"]) == (429, "TOO_MANY_STREAMS", True)
        assert answer.headers["Retry-After"] == "5"
        for release in taken:
            release()


def test_ready_when_connected_with_all_books_and_instruments(http: FlaskClient) -> None:
    answer = http.get("/readyz")
    assert answer.status_code == 200
    assert set(answer.get_json()["parts"]) == {"connection", "books", "instruments", "loops"}


def test_metrics_show_the_feed(http: FlaskClient) -> None:
    text = http.get("/metrics").text
    for line in (
        'marketdata_connected{venue="BTCTURK"} 1.0',
        'marketdata_book_stale{symbol="BTCTURK:BTCTRY"} 0.0',
        'marketdata_book_gaps_total{venue="BTCTURK"} 0.0',
        'marketdata_resyncs_total{reason="gap",venue="BTCTURK"} 0.0',
        'marketdata_connect_attempts_total{result="open",venue="BTCTURK"} 1.0',
        'marketdata_frames_total{type="421",venue="BTCTURK"} 2.0',
        'spark_build_info{market="simulated",replica="1",revision="unknown",service="marketdata",'
        f'source="{source_digest(ROOT, "marketdata")}",version="0.1.0"}} 1.0',
    ):
        assert f"\n{line}\n" in text


def test_the_room_for_what_is_kept_is_told(settings: Settings, parts: Parts, tmp_path: Path) -> None:
    text = create_app(replace(settings, data_dir=tmp_path), parts).test_client().get("/metrics").text
    assert "\nspark_data_free_bytes " in text


def _series(http: FlaskClient) -> set[str]:
    """Name and labels of everything in /metrics; what differs between two reads of a quiet service is left out."""
    lines = http.get("/metrics").text.splitlines()
    return {line.rpartition(" ")[0] for line in lines if line.startswith(("marketdata_", "flask_http_request_total"))}


def test_label_values_that_a_venue_or_a_client_makes_up_are_counted_as_one(http: FlaskClient, parts: Parts) -> None:
    (venue,) = parts.venues
    http.get("/v1/nonsense-0")
    http.open("/v1/quotes", method="MADEUP0")
    before = _series(http)
    frames = [f'[{100_000 + n},{{"type":{100_000 + n}}}]'.encode() for n in range(50)]
    odd = [b"nonsense", b"[422,{}]", b'[422,{"channel":"made-up","event":"X","PS":"MADEUP","S":7}]', b'["x",1]']
    venue.inbox.put([Arrival("frame", time.monotonic(), time.time(), frame) for frame in frames + odd])
    for number in range(50):
        http.get(f"/v1/nonsense-{number}", headers={"X-Made-Up": str(number)})
        http.get(f"/v1/quotes/MADE:UP{number}")
        http.open("/v1/quotes", method=f"MADEUP{number}")
    eventually(lambda: venue.counters.frames["other"] >= len(frames))
    new = _series(http) - before
    assert {line for line in new if not line.startswith("flask_http_request_total")} == set()
    assert len(new) <= 2, "one for each status of a known method"


def test_without_a_venue_it_answers_and_says_what_is_missing_and_recovers_when_the_venue_comes(venue: Venue) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    lonely = settings_for(f"ws://127.0.0.1:{port}", f"http://127.0.0.1:{port}")
    with running_marketdata(lonely) as parts:
        http = create_app(lonely, parts).test_client()
        ready = http.get("/readyz")
        reasons = {part: state["reason"] for part, state in ready.get_json()["parts"].items()}
        assert ready.status_code == 503
        assert f"ws://127.0.0.1:{port}" in reasons["connection"]
        assert reasons["books"] == "no fresh book of BTCTURK:BTCTRY (no book yet), BTCTURK:ETHUSDT (no book yet)"
        assert reasons["instruments"]
        assert http.get("/v1/instruments").status_code == 503
        assert http.get(f"/v1/books/{BTCTRY}").status_code == 503
        assert http.get(f"/v1/quotes/{BTCTRY}").get_json()["stale"] is True
        assert http.get("/healthz").status_code == 200
    late = settings_for(f"ws://127.0.0.1:{port}", _free_address())
    with running_marketdata(late) as parts:
        http = create_app(late, parts).test_client()
        assert http.get("/readyz").status_code == 503
        rest_port = urlsplit(late.btcturk.addresses.rest).port or 0
        with running_venue(port=port) as arrived, http_server(rest_app(arrived), port=rest_port):
            eventually(lambda: http.get("/readyz").status_code == 200)


def test_answers_are_built_in_well_under_a_millisecond(parts: Parts) -> None:
    instrument = parts.instruments()[BTCTRY]
    began = time.thread_time()
    for _ in range(200):
        wire.encode(parts.store.quotes(parts.store.symbols))
        wire.encode(parts.store.book(BTCTRY, 100, instrument))
    assert (time.thread_time() - began) / 200 < 0.002


def _free_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        return f"http://127.0.0.1:{closed.getsockname()[1]}"


def test_every_call_refuses_parameters_that_it_does_not_take(http: FlaskClient) -> None:
    check_queries(http.application)
