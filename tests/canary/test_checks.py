"""Each check's conditions, met and not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canary.observation import CheckName
from tests.canary.build import check
from tests.canary.servers import METRICS


def reason(name: CheckName, body: str, **changes: Any) -> str | None:
    return check("web", name, body=body, size=len(body), **changes).reason


def test_an_alive_service_passes() -> None:
    assert reason("healthz", '{"status":"alive","service":"web"}') is None


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ('{"status":"dying"}', "dying"),
        ("{}", "none"),
        ("[]", "none"),
        ("OK", "none"),
        ("", "none"),
        ('{"status":1}', "1"),
    ],
)
def test_a_health_answer_must_say_alive(body: str, value: str) -> None:
    assert reason("healthz", body) == f"[BODY].status ({value}) == alive"


@pytest.mark.parametrize("name", ["healthz", "healthy", "readyz", "metrics", "page", "quotes"])
def test_any_other_status_fails_with_the_status_it_met(name: CheckName) -> None:
    assert reason(name, "", status=500) == "[STATUS] (500) == 200"


def test_an_answer_that_did_not_come_fails_with_its_problem() -> None:
    got = check(outcome="failed", problem="connection refused", status=None, body="")
    assert not got.ok
    assert (got.reason, got.seconds) == ("[ANSWER] (connection refused) == whole", None)


def test_a_probe_that_was_not_sent_is_unknown_not_failed() -> None:
    assert check(outcome="not_asked", problem="no turn", status=None).conditions[0].outcome == "unknown"


def test_a_part_that_is_not_ready_is_named_with_its_reason() -> None:
    parts = {"feed": {"ready": False, "reason": "no frame for 9 s"}, "ledger": {"ready": True, "reason": None}}
    got = check("web", "readyz", status=503, body=json.dumps({"ready": False, "parts": parts}))
    texts = [one.text for one in got.conditions if one.outcome == "failed"]
    assert texts == [
        "[STATUS] (503) == 200",
        "[BODY].ready (False) == True",
        "[PARTS].feed (no frame for 9 s) == ready",
    ]


@pytest.mark.parametrize("body", ['{"ready":1}', '{"ready":true,"parts":{"a":7}}', '{"ready":true,"parts":{"a":{}}}'])
def test_a_readiness_answer_of_the_wrong_shape_is_not_ready(body: str) -> None:
    assert reason("readyz", body) is not None


def test_whole_metrics_pass_and_their_size_is_kept() -> None:
    got = check("web", "metrics", body=METRICS.decode(), size=len(METRICS))
    assert (got.ok, got.size) == (True, len(METRICS))


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ("", "[BYTES] (0) > 0"),
        (METRICS.decode().rstrip("\n"), "[LAST_LINE] (cut) == whole"),
        ("# HELP up nothing else\n", "[METRICS] (0 samples) >= 1 sample"),
        ("<html>\n", "[METRICS] (ValueError"),
        ('up{a="b\n', "[METRICS] ("),
        ("up one\n", "[METRICS] (ValueError"),
    ],
)
def test_metrics_that_are_empty_cut_or_unreadable_fail(body: str, part: str) -> None:
    assert part in (reason("metrics", body) or "")


def test_the_page_must_be_html_with_the_consoles_title() -> None:
    assert reason("page", "<html><TITLE>\n Spark </TITLE>", content_type="text/html; charset=utf-8") is None
    assert reason("page", "<title>Welcome</title>") == "[TITLE] (Welcome) contains Spark"
    assert reason("page", "Spark") == "[TITLE] (none) contains Spark"
    assert (
        reason("page", "<title>Spark</title>", content_type="text/plain") == "[CONTENT_TYPE] (text/plain) == text/html"
    )


@pytest.mark.parametrize(
    ("quotes", "value"),
    [
        ([], "0 of 0"),
        ([{"stale": True}, {"stale": True}], "0 of 2"),
        ([{}, {"stale": 0}, 7], "0 of 2"),
        ("many", "0 of 0"),
    ],
)
def test_a_user_needs_one_quote_that_is_not_stale(quotes: object, value: str) -> None:
    assert reason("quotes", json.dumps({"quotes": quotes})) == f"[FRESH_QUOTES] ({value}) >= 1"
    assert reason("quotes", '{"quotes":[{"stale":true},{"stale":false}]}') is None


@settings(deadline=None)
@given(st.sampled_from(["healthz", "readyz", "metrics", "page", "quotes"]), st.text(max_size=200))
def test_no_body_makes_a_check_raise_or_a_reason_that_is_not_one_line(name: CheckName, body: str) -> None:
    got = check("web", name, body=body, size=len(body.encode()))
    for one in got.conditions:
        assert one.text.isprintable()
        assert len(one.text) < 300
