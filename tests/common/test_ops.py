"""The operators' endpoints and the one error shape, on a real Flask app."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from common import VERSION
from common.build import ROOT, source_digest
from tests.common.app import TOKEN, make


def _error(answer: TestResponse) -> dict[str, Any]:
    assert answer.content_type == "application/json"
    body = answer.get_json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "retryable", "details"}
    error: dict[str, Any] = body["error"]
    return error


def _unready() -> str | None:
    return "no quote yet"


def _broken() -> str | None:
    raise ValueError("hush")


def test_liveness_says_who_answers_and_nothing_of_the_parts() -> None:
    answer = make({"feed": _unready}).test_client().get("/healthz")
    assert answer.status_code == 200
    assert answer.get_json() == {
        "status": "alive",
        "service": "tiny",
        "replica": "1",
        "version": VERSION,
        "market": "simulated",
    }


def test_readiness_is_200_when_every_part_is_ready() -> None:
    answer = make({"feed": lambda: None}).test_client().get("/readyz")
    assert answer.status_code == 200
    assert answer.get_json()["parts"]["feed"] == {"ready": True, "reason": None}


def test_readiness_is_503_with_the_reason_of_each_part() -> None:
    answer = make({"feed": _unready, "ledger": lambda: None}).test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json() == {
        "ready": False,
        "service": "tiny",
        "market": "simulated",
        "build": {"version": VERSION, "revision": "unknown", "source": source_digest(ROOT, "tiny")},
        "parts": {
            "feed": {"ready": False, "reason": "no quote yet"},
            "ledger": {"ready": True, "reason": None},
            "loops": {"ready": True, "reason": None},
        },
    }


def test_a_check_that_fails_itself_is_unready_and_tells_its_kind_alone(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        answer = make({"feed": _broken}).test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json()["parts"]["feed"]["reason"] == "the check itself failed: ValueError"
    assert b"hush" not in answer.data


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/hello/you", "/missing", "/nowhere", "/broken"])
def test_every_answer_names_its_market_and_is_not_kept(path: str) -> None:
    answer = make().test_client().get(path)
    assert answer.headers["X-Spark-Market"] == "simulated"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_failure_of_ours_answers_with_its_own_status_and_body() -> None:
    answer = make().test_client().get("/missing")
    assert answer.status_code == 404
    assert _error(answer) == {
        "code": "NOT_FOUND",
        "message": "no such order: 7",
        "retryable": False,
        "details": {"order_id": "7"},
    }


def test_a_failure_that_may_pass_is_marked_retryable() -> None:
    answer = make().test_client().get("/away")
    assert answer.status_code == 503
    assert _error(answer)["retryable"] is True


@pytest.mark.parametrize(
    ("ask", "status", "code"),
    [
        (lambda app: app.test_client().get("/nowhere"), 404, "NOT_FOUND"),
        (lambda app: app.test_client().delete("/body"), 405, "METHOD_NOT_ALLOWED"),
        (lambda app: app.test_client().post("/body", data=b"x" * 65_537), 413, "REQUEST_ENTITY_TOO_LARGE"),
        (lambda app: app.test_client().get("/broken"), 500, "INTERNAL"),
    ],
    ids=["404", "405", "413", "500"],
)
def test_a_failure_without_a_class_has_the_same_shape(
    ask: Callable[[Flask], TestResponse], status: int, code: str
) -> None:
    answer = ask(make())
    assert answer.status_code == status
    assert _error(answer)["code"] == code


def test_405_says_what_is_allowed() -> None:
    assert "POST" in make().test_client().delete("/body").headers["Allow"]


def test_a_body_at_the_limit_is_taken() -> None:
    assert make().test_client().post("/body", data=b"x" * 65_536).get_json() == {"bytes": 65_536}


def test_an_unexpected_failure_is_logged_whole_and_answered_without_its_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = make().test_client().get("/broken")
    assert b"s3cret" not in answer.data
    record = next(one for one in caplog.records if one.name == "common.ops")
    assert record.exc_info is not None
    assert vars(record)["rule"] == "/broken"


@pytest.mark.parametrize(
    "header", [None, "", TOKEN, f"Basic {TOKEN}", "Bearer ", f"Bearer {TOKEN}x", "Bearer correct", "Bearer şifre"]
)
def test_a_missing_and_a_wrong_token_get_the_same_401(header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = make().test_client().post("/guarded", headers=headers)
    assert answer.status_code == 401
    assert _error(answer)["message"] == "this needs the operator's token: Authorization: Bearer <token>"


def test_the_right_token_opens() -> None:
    answer = make().test_client().post("/guarded", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 201
