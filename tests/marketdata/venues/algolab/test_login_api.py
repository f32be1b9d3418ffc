"""The operator's steps over HTTP: who may take them, and what they answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from common import ops
from common.loop import Stop, Supervisor
from common.settings import ServiceSettings
from common.verifier import verifier_of
from marketdata.venues.algolab.login_api import routes
from tests.marketdata.venues.algolab.rig import OURS, TOKEN
from tests.marketdata.venues.algolab.test_session import session_at
from tests.venue.algolab.rig import Bist, running_bist

AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def bist() -> Iterator[Bist]:
    with running_bist() as running:
        yield running


@pytest.fixture
def client(bist: Bist, tmp_path: Path) -> FlaskClient:
    return app_at(bist.rest_url, tmp_path / "session.json").test_client()


def app_at(url: str, file: Path) -> Flask:
    app = Flask("marketdata")
    ops.install(app, ServiceSettings("marketdata", "1", "simulated"), {}, Supervisor(Stop()))
    app.register_blueprint(routes(session_at(url, file), verifier_of(TOKEN)))
    return app


def test_two_steps_lead_to_a_session(client: FlaskClient, bist: Bist) -> None:
    assert client.get("/v1/feeds/BIST/session").json["state"] == "AUTH_REQUIRED"  # type: ignore[index]
    assert client.post("/v1/feeds/BIST/login", headers=AUTHORIZED).json["state"] == "SMS_SENT"  # type: ignore[index]
    code = {"code": bist.accounts.phone()}
    answer = client.post("/v1/feeds/BIST/sms", json=code, headers=AUTHORIZED)
    assert (answer.status_code, answer.json["state"]) == (200, "ACTIVE")  # type: ignore[index]
    shown = client.get("/v1/feeds/BIST/session")
    assert set(shown.json or {}) == {"state", "since", "reason"}
    for secret in (OURS.api_key, OURS.username, OURS.password):
        assert secret not in shown.text


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}])
@pytest.mark.parametrize("step", ["login", "sms"])
def test_a_step_needs_the_operators_token(client: FlaskClient, bist: Bist, step: str, headers: dict[str, str]) -> None:
    answer = client.post(f"/v1/feeds/BIST/{step}", json={"code": "123456"}, headers=headers)
    assert answer.status_code == 401
    assert bist.accounts.phone() is None


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"code":123456}', b'{"code":"12 34"}', b'{"code":""}', b'{"code":"1","more":1}']
)
def test_what_is_no_code_is_named(client: FlaskClient, body: bytes) -> None:
    answer = client.post("/v1/feeds/BIST/sms", data=body, headers=AUTHORIZED)
    assert (answer.status_code, answer.json["error"]["code"]) == (422, "INVALID_REQUEST")  # type: ignore[index]


def test_a_step_out_of_turn_and_a_refusal_are_conflicts(client: FlaskClient, bist: Bist) -> None:
    early = client.post("/v1/feeds/BIST/sms", json={"code": "123456"}, headers=AUTHORIZED)
    assert (early.status_code, early.json["error"]["code"]) == (409, "SESSION_STATE")  # type: ignore[index]
    client.post("/v1/feeds/BIST/login", headers=AUTHORIZED)
    bist.faults.arm("refuse_sms")
    refused = client.post("/v1/feeds/BIST/sms", json={"code": bist.accounts.phone()}, headers=AUTHORIZED)
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "LOGIN_REFUSED")  # type: ignore[index]


def test_a_venue_that_does_not_answer_is_unavailable(tmp_path: Path) -> None:
    client = app_at("http://127.0.0.1:9", tmp_path / "session.json").test_client()
    assert client.post("/v1/feeds/BIST/login", headers=AUTHORIZED).status_code == 503
