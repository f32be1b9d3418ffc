"""After a restart, however the process ended, bars and trades are there at once, and the time between is a gap."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, request
from flask.testing import FlaskClient

from common.verifier import verifier_of
from marketdata.app import create_app
from marketdata.keeping.keeper import FILE
from tests.common.local import http_server
from tests.marketdata.busy import ask
from tests.marketdata.process import kill, marketdata
from tests.marketdata.rig import rest_app, running_marketdata, settings_for
from tests.venue.algolab.rig import CREDENTIALS, Bist, running_bist
from tests.venue.btcturk.rig import Venue, running_venue
from tests.venue.rig import MarketTime, eventually
from venue.btcturk.market import BtcturkMarket

pytestmark = pytest.mark.slow

PAIR, SHARE = "BTCTURK:BTCTRY", "BIST:THYAO"
PATIENCE = 20.0


@contextmanager
def _both(folder: Path, venue: Venue, bist: Bist, asked: list[dict[str, str]] | None = None) -> Iterator[FlaskClient]:
    """Market data that follows BTCTRY and THYAO; what it asks of klines goes to `asked`."""
    secrets = {
        "SPARK_ALGOLAB_API_KEY": CREDENTIALS.api_key,
        "SPARK_ALGOLAB_USERNAME": CREDENTIALS.username,
        "SPARK_ALGOLAB_PASSWORD": CREDENTIALS.password,
        "SPARK_OPERATOR_VERIFIER": verifier_of("operator-token"),
        "SPARK_ALGOLAB_SESSION": bist.session(),
    }
    for name, secret in secrets.items():
        (folder / name).write_text(secret)
    with http_server(_noted(venue, [] if asked is None else asked)) as rest:
        settings = settings_for(
            venue.url,
            rest,
            "BTCTRY",
            SPARK_MARKET="live",
            SPARK_BIST_SYMBOLS="THYAO",
            SPARK_BIST_SESSIONS="always",
            SPARK_ALGOLAB_WS_URL=bist.ws_url,
            SPARK_ALGOLAB_REST_URL=bist.rest_url,
            SPARK_DATA_DIR=str(folder),
            **{f"{name}_FILE": str(folder / name) for name in secrets},
        )
        with running_marketdata(settings) as parts:
            yield create_app(settings, parts).test_client()


def _noted(venue: Venue, asked: list[dict[str, str]]) -> Flask:
    app = rest_app(venue)

    @app.before_request
    def note() -> None:
        if request.path == "/v1/klines/history":
            asked.append(request.args.to_dict())

    return app


def _chart(http: FlaskClient, symbol: str) -> dict[str, Any]:
    found: dict[str, Any] = http.get(f"/v1/candles/{symbol}?resolution=1m&limit=1500").get_json()
    return found


def _trades(http: FlaskClient, symbol: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = http.get(f"/v1/trades/{symbol}?limit=200").get_json()["trades"]
    return found


def _kept(folder: Path, symbol: str) -> set[str]:
    """The ids of the trades that are in the file."""
    with closing(sqlite3.connect(folder / FILE)) as database:
        return {name for (name,) in database.execute("SELECT trade_id FROM trades WHERE symbol = ?", (symbol,))}


def _is_kept(http: FlaskClient, folder: Path, symbol: str) -> bool:
    return {trade["trade_id"] for trade in _trades(http, symbol)} == _kept(folder, symbol)


def _has_all(http: FlaskClient, bist: Bist) -> bool:
    """True once the exchange's newest trade is shown: those before it came before it."""
    newest, shown = bist.truth(SHARE.partition(":")[2]).ticks[-1], _trades(http, SHARE)[0]
    at = datetime.fromisoformat(shown["venue_time"]).timestamp()
    return (at, shown["quantity"]) == (int(newest.at), str(newest.quantity))


def _closed(chart: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The bars that can change no more, by their start; the last one may."""
    return {bar["start"]: bar for bar in chart["candles"][:-1]}


@pytest.fixture
def venue() -> Iterator[Venue]:
    """A venue whose minutes are those that the service asks for. Tests may move its time by ten minutes."""
    now = time.time() - 600.0
    market = BtcturkMarket(1, now, warm_up_seconds=60.0)
    with running_venue(clock=MarketTime(now), market=market) as running:
        yield running


def test_shares_and_pairs_are_there_again_with_a_gap_between_the_two_runs(tmp_path: Path, venue: Venue) -> None:
    with running_bist() as bist:
        with _both(tmp_path, venue, bist) as http:
            eventually(lambda: http.get("/readyz").status_code == 200, PATIENCE)
            for _ in range(60):
                bist.move(4.0)
            eventually(lambda: len(_chart(http, SHARE)["candles"]) >= 3, PATIENCE)
            eventually(lambda: _has_all(http, bist), PATIENCE)
            eventually(lambda: all(_is_kept(http, tmp_path, symbol) for symbol in (PAIR, SHARE)), PATIENCE)
            before, trades = {symbol: _chart(http, symbol) for symbol in (PAIR, SHARE)}, _trades(http, SHARE)
        for _ in range(30):
            bist.move(4.0)
        with _both(tmp_path, venue, bist) as http:
            for symbol, chart in before.items():
                assert _closed(chart).items() <= {bar["start"]: bar for bar in _chart(http, symbol)["candles"]}.items()
            eventually(lambda: http.get("/readyz").status_code == 200, PATIENCE)
            for _ in range(30):
                bist.move(4.0)
            new = {trade["trade_id"] for trade in trades}
            eventually(lambda: {trade["trade_id"] for trade in _trades(http, SHARE)} - new, PATIENCE)
            after = _trades(http, SHARE)
            first = next(one for one in reversed(after) if one["trade_id"] not in new)
            gap = next(one for one in _chart(http, SHARE)["gaps"] if one["start"] == trades[0]["venue_time"])
            assert gap["end"] >= first["venue_time"] > gap["start"]
            assert len({trade["trade_id"] for trade in after}) == len(after)
            bars = {bar["start"]: bar for bar in _chart(http, SHARE)["candles"]}
            assert not bars[before[SHARE]["candles"][-1]["start"]]["complete"]


def test_after_a_restart_only_the_gap_is_asked_for(tmp_path: Path, venue: Venue) -> None:
    first: list[dict[str, str]] = []
    second: list[dict[str, str]] = []
    with running_bist() as bist:
        with _both(tmp_path, venue, bist, first) as http:
            eventually(lambda: len(_chart(http, PAIR)["candles"]) >= 1_400, PATIENCE)
            eventually(lambda: _trades(http, PAIR) and _is_kept(http, tmp_path, PAIR), PATIENCE)
            eventually(lambda: _bars_kept(tmp_path, "1m") >= 1_400, PATIENCE)
        with _both(tmp_path, venue, bist, second) as http:
            assert len(_chart(http, PAIR)["candles"]) >= 1_400
            eventually(lambda: http.get("/readyz").status_code == 200, PATIENCE)
            eventually(lambda: _fetched_days(http), PATIENCE)
    assert max(_minutes_asked(first)) >= 1_490
    assert max(_minutes_asked(second), default=0) < 60


def _minutes_asked(asked: list[dict[str, str]]) -> list[float]:
    """The span of each question for bars of a minute, in minutes."""
    return [(int(one["to"]) - int(one["from"])) / 60 for one in asked if one["resolution"] == "1"]


def _bars_kept(folder: Path, resolution: str) -> int:
    query = "SELECT count(*) FROM bars WHERE symbol = ? AND resolution = ?"
    with closing(sqlite3.connect(folder / FILE)) as database:
        return int(database.execute(query, (PAIR, resolution)).fetchone()[0])


def _fetched_days(http: FlaskClient) -> bool:
    """True once the days of this run were fetched: what minutes were missing was then asked for too."""
    lines = [line for line in http.get("/metrics").text.splitlines() if line.startswith("marketdata_backfills_total")]
    return any('kind="days"' in line and not line.endswith(" 0.0") for line in lines)


def _get(address: tuple[str, int], path: str) -> Any:
    with ask(address, path) as connection, connection.makefile("rb") as answer:
        return json.loads(answer.read().partition(b"\r\n\r\n")[2])


@pytest.mark.slow
def test_a_process_that_is_killed_has_its_bars_again_and_marks_what_it_missed(tmp_path: Path, venue: Venue) -> None:
    path, data = f"/v1/candles/{PAIR}?resolution=1m&limit=1500", {"SPARK_DATA_DIR": str(tmp_path)}
    for endpoint in ("klines", "trades"):
        venue.server.faults.arm("rest_status", endpoint=endpoint, status=500, count=10_000)

    def newest(address: tuple[str, int]) -> str:
        trades = _get(address, f"/v1/trades/{PAIR}?limit=200")["trades"]
        return trades[0]["trade_id"] if trades else ""

    with marketdata(venue, **data) as (process, address):
        eventually(lambda: newest(address), PATIENCE)
        for _ in range(30):
            venue.move(5.0)
        last = venue.server.views["BTCTRY"].trades[-1].trade_id
        eventually(lambda: newest(address) == last and last in _kept(tmp_path, PAIR), PATIENCE)
        before = _get(address, path)
        kill(process)
    for _ in range(60):
        venue.move(5.0)
    with marketdata(venue, **data) as (process, address):
        after = _get(address, path)
        bars = {bar["start"]: bar for bar in after["candles"]}
        assert len(before["candles"]) >= 3
        assert _closed(before).items() <= bars.items()
        kept = [one for one in _get(address, f"/v1/trades/{PAIR}?limit=200")["trades"] if one["trade_id"] == last]
        first = kept[0]["venue_time"]
        eventually(lambda: newest(address) == venue.server.views["BTCTRY"].trades[-1].trade_id, PATIENCE)
        gaps = [gap for gap in _get(address, path)["gaps"] if gap["start"] == first]
        assert len(gaps) == 1
        inside = [bar for bar in _get(address, path)["candles"] if gaps[0]["start"] < bar["start"] < gaps[0]["end"]]
        assert not any(bar["complete"] for bar in inside)
