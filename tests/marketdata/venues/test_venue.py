"""Both venues together under one app: each feed's state, its reason, and what an operator and Prometheus see of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from marketdata.app import create_app
from marketdata.venues.venue import STATES
from tests.marketdata.rig import http_server, rest_app, running_marketdata, settings_for
from tests.venue.algolab.rig import CREDENTIALS, Bist, running_bist
from tests.venue.btcturk.rig import Venue, running_venue
from tests.venue.rig import eventually

TOKEN = "operator-token"


@contextmanager
def both(folder: Path, venue: Venue, bist: Bist, session: str, **more: str) -> Iterator[FlaskClient]:
    """Market data that follows BTCTRY and THYAO; `session` is what the operator brought, if anything."""
    secrets = {
        "SPARK_ALGOLAB_API_KEY": CREDENTIALS.api_key,
        "SPARK_ALGOLAB_USERNAME": CREDENTIALS.username,
        "SPARK_ALGOLAB_PASSWORD": CREDENTIALS.password,
        "SPARK_OPERATOR_TOKEN": TOKEN,
        "SPARK_ALGOLAB_SESSION": session,
    }
    for name, secret in secrets.items():
        (folder / name).write_text(secret)
    files = {f"{name}_FILE": str(folder / name) for name, secret in secrets.items() if secret}
    with http_server(rest_app(venue)) as rest:
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
            **files,
            **more,
        )
        with running_marketdata(settings) as parts:
            yield create_app(settings, parts).test_client()


def feeds(http: FlaskClient) -> dict[str, dict[str, Any]]:
    return {row["venue"]: row for row in http.get("/v1/feeds").get_json()["feeds"]}


def instruments(http: FlaskClient) -> dict[str, dict[str, Any]]:
    return {one["symbol"]: one for one in http.get("/v1/instruments").get_json()["instruments"]}


def states(http: FlaskClient, venue: str) -> dict[str, str]:
    """The gauge of each state of a venue, as Prometheus reads it."""
    text, found = http.get("/metrics").text, dict[str, str]()
    for state in STATES:
        name = f'marketdata_feed_state{{state="{state}",venue="{venue}"}}'
        other = f'marketdata_feed_state{{venue="{venue}",state="{state}"}}'
        found[state] = next(line.split()[-1] for line in text.splitlines() if line.startswith((name, other)))
    return found


def only(wanted: str) -> dict[str, str]:
    return {str(each): "1.0" if each == wanted else "0.0" for each in STATES}


def test_both_feeds_are_live_and_their_symbols_stand_side_by_side(tmp_path: Path) -> None:
    with running_venue() as venue, running_bist() as bist, both(tmp_path, venue, bist, bist.session()) as http:
        eventually(lambda: {row["state"] for row in feeds(http).values()} == {"live"}, 20.0)
        assert set(feeds(http)) == {"BTCTURK", "BIST"}
        assert states(http, "BIST") == states(http, "BTCTURK") == only("live")
        eventually(lambda: http.get("/readyz").status_code == 200)
        quotes = {quote["symbol"]: quote for quote in http.get("/v1/quotes").get_json()["quotes"]}
        assert {symbol: quote["stale"] for symbol, quote in quotes.items()} == {
            "BTCTURK:BTCTRY": False,
            "BIST:THYAO": False,
        }
        assert {quote["source"] for quote in quotes.values()} == {"BTCTURK", "BIST"}
        for _ in range(20):
            bist.move(0.5)
        eventually(lambda: "BIST:THYAO" in instruments(http), 20.0)
        traded = instruments(http)
        assert (traded["BIST:THYAO"]["quote_currency"], traded["BIST:THYAO"]["lot_size"]) == ("TRY", "1")
        assert http.get("/v1/books/BIST:THYAO?depth=1").get_json()["bids"]


def test_without_a_session_the_feed_waits_for_a_person_by_name_and_the_other_trades_on(tmp_path: Path) -> None:
    with running_venue() as venue, running_bist() as bist, both(tmp_path, venue, bist, "") as http:
        eventually(lambda: feeds(http)["BTCTURK"]["state"] == "live", 20.0)
        row = feeds(http)["BIST"]
        assert row["state"] == "auth_required"
        assert "AUTH_REQUIRED" in row["reason"]
        assert states(http, "BIST") == only("auth_required")
        ready = http.get("/readyz")
        assert ready.status_code == 503
        assert "AUTH_REQUIRED" in str(ready.get_json()["parts"]["bist"])
        assert http.post("/v1/feeds/BIST/login").status_code == 401


def test_a_refused_feed_is_stopped_and_says_with_what_status(tmp_path: Path) -> None:
    with running_venue() as venue, running_bist() as bist:
        venue.server.faults.arm("refuse_upgrade", status=403, count=1)
        with both(tmp_path, venue, bist, bist.session()) as http:
            eventually(lambda: feeds(http)["BTCTURK"]["state"] == "stopped", 20.0)
            assert "403" in feeds(http)["BTCTURK"]["reason"]
            assert states(http, "BTCTURK") == only("stopped")
            assert feeds(http)["BTCTURK"]["not_live"] == ["BTCTURK:BTCTRY"]


def test_a_refused_session_asks_for_a_login_and_not_for_a_restart(tmp_path: Path) -> None:
    with running_venue() as venue, running_bist() as bist:
        bist.faults.arm("refuse_upgrade", status=401, count=0)
        with both(tmp_path, venue, bist, bist.session()) as http:
            eventually(lambda: feeds(http)["BIST"]["connection"] == "stopped", 20.0)
            eventually(lambda: feeds(http)["BIST"]["state"] == "auth_required", 20.0)
            assert "log in" in feeds(http)["BIST"]["reason"]


@pytest.mark.parametrize("status", [429, 503])
def test_a_feed_that_was_told_to_wait_is_blocked_and_says_until_when(tmp_path: Path, status: int) -> None:
    with running_venue() as venue, running_bist() as bist:
        venue.server.faults.arm("refuse_upgrade", status=status, count=1, retry_after=600)
        with both(tmp_path, venue, bist, bist.session()) as http:
            eventually(lambda: feeds(http)["BTCTURK"]["state"] == "blocked", 20.0)
            assert feeds(http)["BTCTURK"]["blocked_until"]
            assert "marketdata_http_429_total" in http.get("/metrics").text
