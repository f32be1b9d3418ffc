"""Operators see AlgoLab's side in readiness and metrics, and make it misbehave."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from common.settings import SettingsError
from tests.venue.algolab.rig import API_KEY, Bist, client, running_bist
from tests.venue.btcturk.rig import Venue, running_venue
from tests.venue.rig import eventually
from venue.app import create_app
from venue.settings import Settings


@pytest.fixture(scope="module")
def venue() -> Iterator[Venue]:
    with running_venue(warm_up=5.0) as running:
        yield running


@pytest.fixture
def bist() -> Iterator[Bist]:
    with running_bist() as running:
        yield running


@pytest.fixture
def http(venue: Venue, bist: Bist) -> FlaskClient:
    return _http(venue, bist, "on")


def _http(venue: Venue, bist: Bist, admin: str) -> FlaskClient:
    settings = Settings.from_environment({"SPARK_VENUE_ADMIN": admin})
    return create_app(settings, replace(venue.parts, algolab=bist.server)).test_client()


def test_the_phone_needs_the_key_and_is_empty_without_a_login(http: FlaskClient) -> None:
    assert http.get("/sim/sms").status_code == 401
    assert http.get("/sim/sms", headers={"APIKEY": API_KEY}).status_code == 404


def test_readiness_says_that_both_markets_move(http: FlaskClient) -> None:
    parts = http.get("/readyz").get_json()["parts"]
    assert set(parts) == {"btcturk_market", "btcturk_socket", "algolab_market", "algolab_socket", "loops"}
    assert parts["algolab_market"]["ready"]
    assert parts["algolab_socket"]["ready"]


def test_sockets_frames_and_faults_are_in_the_metrics(http: FlaskClient, bist: Bist) -> None:
    with client(bist) as joined:
        joined.ask("D", "THYAO")
        joined.contents("D", 20)
        text = http.get("/metrics").get_data(as_text=True)
    values = {
        (sample.name, *(value for label, value in sample.labels.items() if label != "venue")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.labels.get("venue") == "algolab"
    }
    assert values["venue_connections",] == 1
    assert values["venue_subscriptions",] == 1
    assert values["venue_frames_sent_total",] >= 20
    assert values["venue_upgrades_total", "accepted"] == 1
    assert values["venue_faults_total", "no_bid"] == 0


def test_the_admins_calls_exist_only_when_they_are_asked_for(venue: Venue, bist: Bist) -> None:
    for admin, status in (("off", 404), ("on", 200)):
        assert _http(venue, bist, admin).get("/admin/algolab/faults").status_code == status


def test_faults_are_armed_shown_and_cleared_over_http(http: FlaskClient, bist: Bist) -> None:
    assert (
        http.post("/admin/algolab/faults", json={"fault": "no_bid", "symbol": "THYAO", "count": 3}).status_code == 201
    )
    assert http.get("/admin/algolab/faults").get_json()["armed"] == [{"fault": "no_bid", "symbol": "THYAO", "count": 3}]
    assert http.post("/admin/algolab/faults", json={"fault": "no_bid", "code": 1000}).status_code == 422
    assert http.post("/admin/algolab/faults", json={"fault": "silence", "seconds": -0.5}).status_code == 422
    assert http.delete("/admin/algolab/faults").get_json()["armed"] == []
    book = http.get("/admin/algolab/books/THYAO").get_json()
    assert book["bids"][0][0] == str(bist.truth("THYAO").bids[0].price)
    assert http.get("/admin/algolab/books/NOSUCH").status_code == 404


def test_the_exchange_stops_and_goes_on_on_command(http: FlaskClient, bist: Bist) -> None:
    with client(bist) as joined:
        joined.ask("D", "THYAO")
        joined.contents("D", 20)
        assert http.post("/admin/algolab/market", json={"moving": False}).status_code == 200
        bist.quiet()
        before = http.get("/admin/algolab/books/THYAO").get_json()
        assert before["settled"]
        bist.clock.now += 5.0
        assert http.get("/admin/algolab/books/THYAO").get_json() == before
        http.post("/admin/algolab/market", json={"moving": True})
        eventually(lambda: http.get("/admin/algolab/books/THYAO").get_json()["at"] > before["at"])


def test_there_is_no_algolab_without_a_file_that_holds_a_key() -> None:
    assert Settings.from_environment({}).algolab is None


def test_the_credentials_come_from_files(tmp_path: Path) -> None:
    environment = {}
    for name in ("API_KEY", "USERNAME", "PASSWORD"):
        file = tmp_path / name.lower()
        file.write_text(f"{API_KEY if name == 'API_KEY' else 'the-' + name.lower()}\n")
        environment[f"SPARK_ALGOLAB_{name}_FILE"] = str(file)
    settings = Settings.from_environment({**environment, "SPARK_BIST_SESSIONS": "real"}).algolab
    assert settings is not None
    assert (settings.credentials.username, settings.credentials.password) == ("the-username", "the-password")
    assert (settings.websocket_port, settings.sessions) == (7003, "real")
    with pytest.raises(SettingsError, match="SPARK_ALGOLAB_PASSWORD_FILE"):
        Settings.from_environment({**environment, "SPARK_ALGOLAB_PASSWORD_FILE": str(tmp_path / "none")})
    with pytest.raises(SettingsError, match="must be API- and base64"):
        Settings.from_environment({**environment, "SPARK_ALGOLAB_API_KEY_FILE": str(tmp_path / "username")})


def test_like_the_venue_a_call_ignores_query_parameters_and_our_own_calls_refuse_them(http: FlaskClient) -> None:
    headers = {"APIKEY": API_KEY}
    assert http.post("/api/api/LoginUser?nope=1", json=[], headers=headers).status_code == 400
    for path in ("/sim/sms", "/admin/algolab/faults", "/admin/algolab/books/THYAO"):
        answer = http.get(f"{path}?nope=1", headers=headers)
        assert (answer.status_code, answer.get_json()["error"]["details"]["field"]) == (422, "nope")
