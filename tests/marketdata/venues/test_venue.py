"""Both venues together under one app: each feed's state, its reason, and what an operator and Prometheus see of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from common import ops
from common.loop import Stop, Supervisor
from common.settings import ServiceSettings
from common.verifier import verifier_of
from marketdata.app import create_app
from marketdata.venues import resume_api
from marketdata.venues.venue import STATES
from tests.common.local import http_server
from tests.marketdata.rig import rest_app, running_marketdata, settings_for
from tests.venue.algolab.rig import CREDENTIALS, Bist, running_bist
from tests.venue.btcturk.rig import Venue, running_venue
from tests.venue.rig import eventually

pytestmark = pytest.mark.slow

TOKEN = "operator-token"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
SHORT, LONG = (0.1, 0.5), (300.0, 600.0)


@contextmanager
def both(
    folder: Path, venue: Venue, bist: Bist, session: str, retreat: tuple[float, float] = SHORT, **more: str
) -> Iterator[FlaskClient]:
    """Market data that follows BTCTRY and THYAO; `session` is what the operator brought, if anything."""
    secrets = {
        "SPARK_ALGOLAB_API_KEY": CREDENTIALS.api_key,
        "SPARK_ALGOLAB_USERNAME": CREDENTIALS.username,
        "SPARK_ALGOLAB_PASSWORD": CREDENTIALS.password,
        "SPARK_OPERATOR_VERIFIER": verifier_of(TOKEN),
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
        with running_marketdata(settings, retreat=retreat) as parts:
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
        eventually(lambda: {row["state"] for row in feeds(http).values()} == {"live"})
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
        eventually(lambda: "BIST:THYAO" in instruments(http))
        traded = instruments(http)
        assert (traded["BIST:THYAO"]["quote_currency"], traded["BIST:THYAO"]["lot_size"]) == ("TRY", "1")
        assert http.get("/v1/books/BIST:THYAO?depth=1").get_json()["bids"]


def test_without_a_session_the_feed_waits_for_a_person_by_name_and_the_other_trades_on(tmp_path: Path) -> None:
    with running_venue() as venue, running_bist() as bist, both(tmp_path, venue, bist, "") as http:
        eventually(lambda: feeds(http)["BTCTURK"]["state"] == "live")
        row = feeds(http)["BIST"]
        assert row["state"] == "auth_required"
        assert "AUTH_REQUIRED" in row["reason"]
        assert states(http, "BIST") == only("auth_required")
        ready = http.get("/readyz")
        assert ready.status_code == 503
        assert "AUTH_REQUIRED" in str(ready.get_json()["parts"]["bist"])
        assert http.post("/v1/feeds/BIST/login").status_code == 401


@pytest.mark.parametrize("status", [401, 403, 404, 407, 451])
@pytest.mark.parametrize("page", [None, "<html>Attention Required!</html>"])
def test_a_public_feed_that_was_refused_is_live_again_without_anybody(
    tmp_path: Path, status: int, page: str | None
) -> None:
    with running_venue() as venue, running_bist() as bist:
        venue.server.faults.arm("refuse_upgrade", status=status, count=2, page=page)
        with both(tmp_path, venue, bist, bist.session()) as http:
            eventually(lambda: feeds(http)["BTCTURK"]["state"] == "live")
            assert venue.server.faults.done()["refuse_upgrade"] == 2


def test_a_refused_feed_says_with_what_status_and_when_it_dials_again(tmp_path: Path) -> None:
    with running_venue() as venue, running_bist() as bist:
        venue.server.faults.arm("refuse_upgrade", status=403, count=1)
        with both(tmp_path, venue, bist, bist.session(), LONG) as http:
            eventually(lambda: feeds(http)["BTCTURK"]["state"] == "rejected")
            row = feeds(http)["BTCTURK"]
            assert "403" in row["reason"]
            assert "dialled again at" in row["reason"]
            assert row["blocked_until"]
            assert states(http, "BTCTURK") == only("rejected")
            assert row["not_live"] == ["BTCTURK:BTCTRY"]
            assert feeds(http)["BIST"]["state"] != "rejected"


def test_an_operator_resumes_a_refused_feed(tmp_path: Path) -> None:
    with running_venue() as venue, running_bist() as bist:
        venue.server.faults.arm("refuse_upgrade", status=403, count=1)
        with both(tmp_path, venue, bist, bist.session(), LONG) as http:
            eventually(lambda: feeds(http)["BTCTURK"]["state"] == "rejected")
            answer = http.post("/v1/feeds/BTCTURK/resume", headers=AUTHORIZED)
            assert (answer.status_code, answer.get_json()["venue"]) == (200, "BTCTURK")
            assert set(answer.get_json()) == set(feeds(http)["BTCTURK"])
            eventually(lambda: feeds(http)["BTCTURK"]["state"] == "live")


def test_resuming_a_feed_lets_its_calls_be_made_again_too(tmp_path: Path) -> None:
    with running_venue() as venue, running_bist() as bist:
        venue.server.faults.arm("refuse_upgrade", status=403, count=1)
        venue.server.faults.arm("rest_status", status=403, endpoint="exchangeinfo", count=1)
        with both(tmp_path, venue, bist, bist.session(), LONG) as http:
            eventually(lambda: feeds(http)["BTCTURK"]["state"] == "rejected")
            eventually(lambda: venue.server.faults.done()["rest_status"] == 1)
            eventually(lambda: "403" in str(http.get("/readyz").get_json()["parts"]["instruments"]["reason"]))
            assert http.post("/v1/feeds/BTCTURK/resume", headers=AUTHORIZED).status_code == 200
            eventually(lambda: feeds(http)["BTCTURK"]["state"] == "live")


def test_only_an_operator_resumes_and_only_a_feed_that_there_is(tmp_path: Path) -> None:
    with running_venue() as venue, running_bist() as bist, both(tmp_path, venue, bist, bist.session()) as http:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}):
            assert http.post("/v1/feeds/BTCTURK/resume", headers=headers).status_code == 401
            assert http.post("/v1/feeds/NOBODY/resume", headers=headers).status_code == 401
        for name in ("NOBODY", "btcturk", "BTCTURK ", "x" * 300):
            answer = http.post(f"/v1/feeds/{name}/resume", headers=AUTHORIZED)
            assert answer.status_code == 404
        assert http.get("/v1/feeds/BTCTURK/resume", headers=AUTHORIZED).status_code == 405
        eventually(lambda: feeds(http)["BIST"]["state"] == "live")
        dials = bist.server.counters.upgrades["accepted"]
        assert http.post("/v1/feeds/BIST/resume", headers=AUTHORIZED).get_json()["connection"] == "open"
        assert bist.server.counters.upgrades["accepted"] == dials, "an open feed stays as it is"


def test_where_no_token_is_set_nobody_resumes() -> None:
    app, settings = Flask("marketdata"), ServiceSettings("marketdata", "1", "simulated")
    ops.install(app, settings, {}, Supervisor(Stop()))
    app.register_blueprint(resume_api.routes((), ""))
    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer x"}):
        assert app.test_client().post("/v1/feeds/BTCTURK/resume", headers=headers).status_code == 401


def test_a_page_from_a_firewall_does_not_end_a_persons_session(tmp_path: Path) -> None:
    with running_venue() as venue, running_bist() as bist:
        bist.faults.arm("refuse_upgrade", status=403, count=2, page="<html>Attention Required!</html>")
        with both(tmp_path, venue, bist, bist.session()) as http:
            eventually(lambda: feeds(http)["BIST"]["state"] == "live")
            assert bist.faults.done()["refuse_upgrade"] == 2
            assert http.get("/v1/feeds/BIST/session").get_json()["state"] == "ACTIVE"


def test_a_refused_session_asks_for_a_login_and_not_for_a_restart(tmp_path: Path) -> None:
    with running_venue() as venue, running_bist() as bist:
        bist.faults.arm("refuse_upgrade", status=401, count=0)
        with both(tmp_path, venue, bist, bist.session()) as http:
            eventually(lambda: feeds(http)["BIST"]["connection"] == "stopped")
            eventually(lambda: feeds(http)["BIST"]["state"] == "auth_required")
            assert "log in" in feeds(http)["BIST"]["reason"]


@pytest.mark.parametrize("status", [429, 503])
def test_a_feed_that_was_told_to_wait_is_blocked_and_says_until_when(tmp_path: Path, status: int) -> None:
    with running_venue() as venue, running_bist() as bist:
        venue.server.faults.arm("refuse_upgrade", status=status, count=1, retry_after=600)
        with both(tmp_path, venue, bist, bist.session()) as http:
            eventually(lambda: feeds(http)["BTCTURK"]["state"] == "blocked")
            assert feeds(http)["BTCTURK"]["blocked_until"]
            assert "marketdata_http_429_total" in http.get("/metrics").text
