"""An operator adds and removes pairs and shares while everything runs; nothing else is lost, and a restart keeps it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from marketdata.followed.file import FILE
from marketdata.state.selection import Selection
from tests.marketdata.followed.running import (
    ASELS,
    BTCTRY,
    ETHUSDT,
    GARAN,
    PATIENCE,
    THYAO,
    Running,
    Venues,
    both_venues,
    running,
    settings,
)
from tests.marketdata.stream.follower import Event, events
from tests.venue.rig import eventually

pytestmark = pytest.mark.slow

SOCKETS = ("BTCTURK", "BIST")


@pytest.fixture(scope="module")
def venues(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Venues]:
    with both_venues(tmp_path_factory.mktemp("venues")) as found:
        yield found


@pytest.fixture
def service(venues: Venues, tmp_path: Path) -> Iterator[Running]:
    with running(settings(venues, SPARK_DATA_DIR=str(tmp_path))) as started:
        yield started


@pytest.fixture
def listed(venues: Venues) -> str:
    """A pair that the venue lists and that is not followed."""
    return "BTCTURK:" + next(pair for pair in venues.pairs if pair not in ("BTCTRY", "ETHUSDT"))


def dials(service: Running) -> list[int]:
    return [sum(venue.counters.attempts.values()) for venue in service.parts.venues]


def until(stream: Iterator[bytes], name: str, symbol: str) -> Event:
    """The first such event; the stream's heartbeats bound the wait."""
    for _ in range(200):
        for event in events(next(stream)):
            if event.name == name and event.body.get("symbol") == symbol:
                return event
    raise AssertionError(f"no {name} of {symbol}")


@pytest.mark.parametrize("venue", SOCKETS)
def test_an_added_symbol_is_live_within_a_moment_on_the_same_socket(service: Running, listed: str, venue: str) -> None:
    symbol, other = (listed, BTCTRY) if venue == "BTCTURK" else (ASELS, THYAO)
    before, stale = dials(service), service.quotes()[other]["stale"]
    assert symbol not in service.quotes()
    row = service.follow(symbol)
    assert (row["venue"], row["added"], row["removed"]) == (venue, [symbol], [])
    assert symbol in row["symbols"]
    eventually(lambda: service.fresh(symbol), PATIENCE)
    eventually(lambda: service.http.get(f"/v1/books/{symbol}").status_code == 200, PATIENCE)
    book = service.http.get(f"/v1/books/{symbol}").get_json()
    assert book["bids"]
    assert book["asks"]
    assert service.http.get(f"/v1/candles/{symbol}").status_code == 200
    assert symbol in [one["symbol"] for one in service.http.get("/v1/instruments").get_json()["instruments"]]
    assert f'marketdata_book_stale{{symbol="{symbol}"}} 0.0' in service.http.get("/metrics").text
    assert dials(service) == before, "the sockets stayed"
    assert service.quotes()[other]["stale"] == stale
    assert service.feed(venue)["symbols"] == 3
    eventually(lambda: service.feed(venue)["state"] == "live", PATIENCE)


@pytest.mark.parametrize("symbol", [ETHUSDT, GARAN])
def test_a_removed_symbol_is_gone_everywhere_and_the_others_stay(service: Running, symbol: str) -> None:
    before = dials(service)
    row = service.unfollow(symbol)
    assert (symbol in row["symbols"], row["removed"]) == (False, [symbol])
    assert symbol not in service.quotes()
    for call in ("quotes", "books", "trades", "candles", "status"):
        assert service.http.get(f"/v1/{call}/{symbol}").status_code == 404, call
    eventually(
        lambda: symbol not in [one["symbol"] for one in service.http.get("/v1/instruments").get_json()["instruments"]],
        PATIENCE,
    )
    assert symbol not in service.http.get("/metrics").text
    assert symbol not in service.http.get("/v1/openapi.json").get_json()["components"]["schemas"]["Symbol"]["enum"]
    assert all(service.fresh(other) for other in (BTCTRY, THYAO))
    assert dials(service) == before
    assert service.http.get("/readyz").status_code == 200


def test_frames_of_a_removed_symbol_cost_nothing(service: Running, venues: Venues) -> None:
    service.unfollow(ETHUSDT)
    service.unfollow(GARAN)
    for _ in range(5):
        venues.btcturk.move(2.0)
        venues.bist.move(2.0)
    venues.bist.quiet()
    eventually(lambda: all(service.fresh(symbol) for symbol in (BTCTRY, THYAO)), PATIENCE)
    assert [venue.counters.decode_errors["pair"] for venue in service.parts.venues] == [0, 0]
    failures = [line for line in service.http.get("/metrics").text.splitlines() if "spark_loop_failures_total{" in line]
    assert failures
    assert all(line.endswith(" 0.0") for line in failures)


def test_a_symbol_that_was_removed_and_is_added_again_is_live_again(service: Running) -> None:
    for symbol in (ETHUSDT, GARAN):
        trades = service.http.get(f"/v1/trades/{symbol}").get_json()["trades"]
        service.unfollow(symbol)
        service.follow(symbol)
        eventually(partial(service.fresh, symbol), PATIENCE)
        again = service.http.get(f"/v1/trades/{symbol}").get_json()["trades"]
        assert {trade["trade_id"] for trade in trades} <= {trade["trade_id"] for trade in again}
    row = next(row for row in service.http.get("/v1/followed").get_json()["venues"] if row["venue"] == "BTCTURK")
    assert (row["added"], row["removed"]) == ([], [])


def test_a_stream_of_everything_brings_what_is_added_and_tells_what_is_removed(service: Running, listed: str) -> None:
    stream = service.parts.streams.events(Selection(None, ("quote", "book", "instrument")))
    assert events(next(stream))[0].name == "snapshot"
    service.follow(listed)
    assert until(stream, "instrument", listed).body["state"] == "trading"
    assert until(stream, "book", listed).body["bids"]
    service.unfollow(listed)
    gone = until(stream, "unfollowed", listed)
    assert gone.body["sequence"] == int(gone.id.rpartition("-")[2])
    service.unfollow(ETHUSDT)
    assert until(stream, "unfollowed", ETHUSDT)


def test_a_stream_of_named_symbols_is_told_that_one_is_removed_and_hears_it_again(service: Running) -> None:
    stream = service.parts.streams.events(Selection((ETHUSDT,)))
    other = service.parts.streams.events(Selection((BTCTRY,)))
    next(stream), next(other)
    service.unfollow(ETHUSDT)
    assert until(stream, "unfollowed", ETHUSDT)
    service.follow(ETHUSDT)
    assert until(stream, "quote", ETHUSDT)
    service.unfollow(ETHUSDT)
    heard = [event for _ in range(3) for event in events(next(other))]
    assert not [event for event in heard if event.name == "unfollowed"]


def test_both_outlive_a_restart(venues: Venues, tmp_path: Path, listed: str) -> None:
    found = settings(venues, SPARK_DATA_DIR=str(tmp_path))
    with running(found) as service:
        for symbol in (listed, ASELS):
            service.follow(symbol)
            eventually(partial(service.fresh, symbol), PATIENCE)
        for symbol in (ETHUSDT, GARAN):
            service.unfollow(symbol)
    with running(found) as service:
        assert set(service.quotes()) == {BTCTRY, listed, THYAO, ASELS}
        assert all(service.fresh(symbol) for symbol in service.quotes())
    later = settings(venues, SPARK_DATA_DIR=str(tmp_path), SPARK_BIST_SYMBOLS="THYAO,GARAN,TUPRS")
    with running(later) as service:
        shares = {symbol for symbol in service.quotes() if symbol.startswith("BIST:")}
        assert shares == {THYAO, ASELS, "BIST:TUPRS"}, "a change of the settings stands beside the operator's"


@pytest.mark.parametrize("content", [b"", b"{", b'{"version":9,"added":[],"removed":[]}', b'{"version":1}', b"\xff"])
def test_a_file_that_cannot_be_used_changes_nothing(venues: Venues, tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    with running(settings(venues, SPARK_DATA_DIR=str(tmp_path))) as service:
        assert set(service.quotes()) == {BTCTRY, ETHUSDT, THYAO, GARAN}
        assert service.unfollow(GARAN)["removed"] == [GARAN]
    assert json.loads((tmp_path / FILE).read_bytes())["removed"] == [GARAN]


@pytest.mark.parametrize(
    ("symbol", "status", "words"),
    [
        ("BTCTURK:NOPETRY", 422, "lists no pair 'NOPETRY'"),
        ("BTCTURK:btctry", 422, "lists no pair 'btctry'"),
        ("BIST:nope", 422, "no share is called"),
        ("BIST:A", 422, "no share is called"),
        ("BIST:WITH BLANK", 422, "no share is called"),
        ("BTCTRY", 422, "must be a venue"),
        ("BTCTURK:", 422, "must be a venue"),
        ("X" * 200 + ":Y", 422, "must be a venue"),
        ("NASDAQ:AAPL", 404, "no venue 'NASDAQ'"),
    ],
)
def test_a_symbol_that_cannot_be_is_refused_by_name(service: Running, symbol: str, status: int, words: str) -> None:
    before = set(service.quotes())
    answer = service.call("PUT", symbol)
    assert (answer.status_code, words in answer.get_json()["error"]["message"]) == (status, True), answer.text
    assert set(service.quotes()) == before


def test_a_symbol_that_is_followed_already_stays_as_it_is(service: Running, listed: str) -> None:
    assert service.follow(BTCTRY)["added"] == []
    assert service.follow(listed) == service.follow(listed)
    answer = service.call("DELETE", "BTCTURK:NOPETRY")
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (404, "NOT_FOUND")


def test_the_last_symbol_of_a_venue_stays(service: Running) -> None:
    service.unfollow(GARAN)
    answer = service.call("DELETE", THYAO)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (409, "CANNOT_FOLLOW")
    assert service.fresh(THYAO)


def test_a_symbol_that_is_still_being_removed_does_not_come_back_by_another_change(
    service: Running, listed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marketdata.followed.following.END_SECONDS", 0.1)
    object.__setattr__(service.parts.venues[1].membership, "end", lambda _pair, _left: None)
    assert service.call("DELETE", GARAN).status_code == 503
    service.follow(listed)
    kept = json.loads((tmp_path / FILE).read_bytes())
    assert (kept["added"], kept["removed"]) == ([listed], [GARAN])
    assert (service.call("PUT", GARAN).status_code, service.call("DELETE", THYAO).status_code) == (503, 409)


def test_one_symbol_too_many_is_refused(service: Running, listed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with _most(service, 2):
        answer = service.call("PUT", listed)
    assert (answer.status_code, "2 symbols of BTCTURK are followed" in answer.text) == (409, True)
    assert listed not in service.quotes()


@contextmanager
def _most(service: Running, most: int) -> Iterator[None]:
    membership = service.parts.venues[0].membership
    before = membership.most
    object.__setattr__(membership, "most", most)
    try:
        yield
    finally:
        object.__setattr__(membership, "most", before)


def test_what_cannot_be_kept_is_not_done(service: Running, listed: str, tmp_path: Path) -> None:
    place = tmp_path / FILE
    place.mkdir()
    (place / "in_the_way").write_text("")
    for method, symbol in (("PUT", listed), ("DELETE", ETHUSDT)):
        answer = service.call(method, symbol)
        assert (answer.status_code, answer.get_json()["error"]["retryable"]) == (503, True)
    assert set(service.quotes()) == {BTCTRY, ETHUSDT, THYAO, GARAN}


def test_only_the_operator_may_change_what_is_followed(service: Running, listed: str) -> None:
    assert service.http.put(f"/v1/followed/{listed}").status_code == 401
    assert service.http.delete(f"/v1/followed/{ETHUSDT}").status_code == 401
    assert service.http.get("/v1/followed").status_code == 200
    assert set(service.quotes()) == {BTCTRY, ETHUSDT, THYAO, GARAN}


def test_a_pair_can_be_added_while_the_socket_is_away_and_is_joined_with_the_next(
    service: Running, venues: Venues, listed: str
) -> None:
    venues.btcturk.server.faults.arm("close")
    eventually(lambda: service.feed("BTCTURK")["connection"] != "open" or dials(service)[0] > 1, PATIENCE)
    service.follow(listed)
    eventually(lambda: service.fresh(listed) and service.fresh(BTCTRY), PATIENCE)
