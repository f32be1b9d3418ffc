"""Query parameters: a view takes the ones that it declares, and every other one is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from common import ops, query
from common.loop import Stop, Supervisor
from common.ops import answer
from common.settings import ServiceSettings


@pytest.fixture
def http(tmp_path: Path) -> FlaskClient:
    (tmp_path / "page.css").write_text("body {}")
    app = Flask("questions", static_folder=str(tmp_path), static_url_path="/static")
    ops.install(app, ServiceSettings("tiny", "1", "simulated"), {}, Supervisor(Stop()))

    @app.get("/none")
    def none() -> Response:
        return answer({})

    @app.get("/some")
    @query.takes("limit", "side", "kinds", "before")
    def some() -> Response:
        return answer(
            {
                "limit": query.whole("limit", 10, at_most=100),
                "before": query.optional_whole("before", at_most=10**18),
                "side": query.choice("side", "buy", ("buy", "sell")),
                "kinds": query.names("kinds"),
            }
        )

    @app.post("/end")
    def end() -> Response:
        query.refuse_body()
        return answer({})

    @app.get("/any")
    @query.takes(query.ANYTHING)
    def anything() -> Response:
        return answer({})

    return app.test_client()


def _refusal(http: FlaskClient, path: str) -> dict[str, Any]:
    found = http.get(path)
    assert found.status_code == 422
    error: dict[str, Any] = found.get_json()["error"]
    assert error["code"] == "INVALID_REQUEST"
    return error


def test_what_is_declared_is_read_and_the_rest_has_its_default(http: FlaskClient) -> None:
    assert http.get("/some").get_json() == {"limit": 10, "before": None, "side": "buy", "kinds": None}
    given = http.get("/some?limit=100&before=7&side=sell&kinds=a,%20b,a").get_json()
    assert given == {"limit": 100, "before": 7, "side": "sell", "kinds": ["a", "b"]}


def test_an_unknown_parameter_is_refused_with_the_ones_that_there_are(http: FlaskClient) -> None:
    error = _refusal(http, "/some?limti=5")
    assert error["details"] == {"field": "limti"}
    assert error["message"] == "limti: this call has no such query parameter: it takes before, kinds, limit, side"


def test_a_view_that_declares_none_takes_none(http: FlaskClient) -> None:
    assert http.get("/none").status_code == 200
    assert _refusal(http, "/none?limit=5")["message"] == "limit: this call has no such query parameter: it takes none"


def test_a_parameter_that_is_given_twice_is_refused(http: FlaskClient) -> None:
    assert _refusal(http, "/some?limit=5&limit=6")["message"] == "limit: must be given once"


def test_a_long_name_is_cut_in_the_answer(http: FlaskClient) -> None:
    assert _refusal(http, f"/none?{'x' * 3_000}=1")["details"]["field"] == "x" * 32


def test_a_view_that_imitates_another_server_takes_anything(http: FlaskClient) -> None:
    assert http.get("/any?limit=1&limit=2&x=%00").status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/static/page.css"])
def test_probes_and_files_are_answered_whatever_is_asked(http: FlaskClient, path: str) -> None:
    with http.get(f"{path}?v=1&v=2&x=1") as found:
        assert found.status_code == 200


def test_a_path_that_does_not_exist_is_404_and_another_method_405(http: FlaskClient) -> None:
    assert http.get("/nowhere?x=1").status_code == 404
    assert http.post("/some?x=1").status_code == 405


@pytest.mark.parametrize("text", ["0", "101", "-1", "+5", "5.0", "1e1", "", "%205", "٣", "0x5", "9" * 400])
def test_a_wrong_whole_number_is_refused_with_its_bounds(http: FlaskClient, text: str) -> None:
    error = _refusal(http, f"/some?limit={text}")
    assert error["details"] == {"field": "limit"}
    assert error["message"].startswith("limit: must be a whole number from 1 to 100, not ")
    assert len(error["message"]) < 120


def test_a_wrong_choice_is_refused_with_the_choices(http: FlaskClient) -> None:
    assert _refusal(http, "/some?side=BUY")["message"] == "side: must be one of buy, sell, not 'BUY'"


@pytest.mark.parametrize("text", ["", ",", "a,,b", "a,", "%20"])
def test_a_list_with_an_empty_name_is_refused(http: FlaskClient, text: str) -> None:
    assert _refusal(http, f"/some?kinds={text}")["details"] == {"field": "kinds"}


@pytest.mark.parametrize("body", [b"", b"{}", b" {} "])
def test_a_call_without_a_body_takes_none_or_an_empty_one(http: FlaskClient, body: bytes) -> None:
    assert http.post("/end", data=body).status_code == 200


@pytest.mark.parametrize("body", [b'{"quantity":"1"}', b"[]", b"x", b"null", b"\xff"])
def test_a_call_without_a_body_refuses_one_that_asks_for_something(http: FlaskClient, body: bytes) -> None:
    answer = http.post("/end", data=body)
    assert (answer.status_code, answer.get_json()["error"]["details"]) == (422, {"field": "body"})
