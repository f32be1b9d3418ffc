"""Each check's conditions, met and not, by the probes that the canary comes with."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canary.observation import AnswerPart
from canary.probes.checks import check_of
from tests.canary.build import NOW, answer, check
from tests.canary.probing import only, reason, told

NAMES = [("web", "healthz"), ("prometheus", "healthy"), ("web", "metrics"), ("web", "page"), ("marketdata", "quotes")]
JSON = {"content-type": "application/json"}


def test_an_alive_service_passes() -> None:
    assert reason("healthz", '{"status":"alive","service":"web"}') is None


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('{"status":"dying"}', '[BODY].status (dying) == "alive"'),
        ("{}", "[BODY].status (the body has no 'status' there) == \"alive\""),
        ("[]", "[BODY].status (the body has no 'status' there) == \"alive\""),
        ("OK", "[JSON] (false) == true"),
        ("", "[JSON] (false) == true"),
        ('{"status":1}', '[BODY].status (1, which is a number and not a text) == "alive"'),
    ],
)
def test_a_health_answer_must_say_alive(body: str, told: str) -> None:
    assert reason("healthz", body) == told


@pytest.mark.parametrize(("target", "name"), NAMES)
def test_any_other_status_fails_with_the_status_it_met_and_asks_nothing_of_the_other_body(
    target: str, name: str
) -> None:
    found = check(target, name, body="", status=500)
    assert [one.text for one in found.conditions] == ["[STATUS] (500) == 200"]


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
        "[READY] (false) == true",
        '[UNREADY] (feed: no frame for 9 s) == "none"',
    ]


@pytest.mark.parametrize("body", ['{"ready":1}', '{"ready":true,"parts":{"a":7}}', '{"ready":true,"parts":{"a":{}}}'])
def test_a_readiness_answer_of_the_wrong_shape_is_not_ready(body: str) -> None:
    assert reason("readyz", body) is not None


@pytest.mark.parametrize(
    ("date", "skew"),
    [
        (NOW, "0"),
        (NOW - timedelta(seconds=1), "0.25"),
        (NOW + timedelta(seconds=2), "1.74"),
        (NOW - timedelta(days=365), "31535999.25"),
    ],
)
def test_a_clock_that_differs_is_measured_to_the_second_that_it_tells(date: Any, skew: str) -> None:
    probe = only("clock", "http", "[CLOCK_SKEW] < 1ms")
    ((_, text),) = told(probe, headers={"date": f"{date:%a, %d %b %Y %T} GMT"})
    assert text == f"[CLOCK_SKEW] ({skew} s) < 1ms"


@pytest.mark.parametrize("date", ["", "yesterday", "Sun, 99 Nov 2026 99:99:99 GMT"])
def test_an_answer_that_tells_no_time_leaves_the_clock_unknown(date: str) -> None:
    ((outcome, _),) = told(only("clock", "http", "[CLOCK_SKEW] < 1s"), headers={"date": date})
    assert outcome == "unknown"


def test_the_page_must_be_html_with_the_consoles_title() -> None:
    html: dict[str, Any] = {"headers": {"content-type": "text/html; charset=utf-8"}}
    assert reason("page", "<html><TITLE>\n Spark </TITLE>", **html) is None
    assert reason("page", "<title>Welcome</title>", **html) == '[TITLE] (Welcome) contains "Spark"'
    assert reason("page", "Spark", **html) == '[TITLE] (none) contains "Spark"'
    plain = {"content-type": "text/plain"}
    assert reason("page", "<title>Spark</title>", headers=plain) == '[CONTENT_TYPE] (text/plain) == "text/html"'


def test_a_file_of_the_page_that_is_missing_empty_or_does_not_come_is_named() -> None:
    good = [AnswerPart(name=f"/{n}.css", status=200, content_type="text/css", size=9, problem=None) for n in range(5)]
    bad = [
        AnswerPart(name="/a.js", status=404, content_type=None, size=3, problem=None),
        AnswerPart(name="/b.js", status=200, content_type=None, size=0, problem=None),
        AnswerPart(name="/c.js", status=None, content_type=None, size=0, problem="connection refused"),
    ]
    assert reason("assets", "<html>", parts=tuple(good)) is None
    assert reason("assets", "<html>", parts=(*good, *bad)) == (
        '[BROKEN] (/a.js: status 404, 3 bytes; /b.js: status 200, 0 bytes; /c.js: connection refused) == "none"'
    )


@pytest.mark.parametrize(
    ("quotes", "value"),
    [
        ([], "0, of 0"),
        ([{"stale": True}, {"stale": True}], "0, of 2"),
        ([{}, {"stale": 0}, 7], "0, of 2"),
        ("many", "the body has no list of quotes"),
    ],
)
def test_a_user_needs_one_quote_that_is_not_stale(quotes: object, value: str) -> None:
    assert reason("quotes", json.dumps({"quotes": quotes}), "marketdata") == f"[FRESH_QUOTES] ({value}) >= 1"
    assert reason("quotes", '{"quotes":[{"stale":true},{"stale":false}]}', "marketdata") is None


def test_a_feed_that_can_not_be_relied_on_is_named_with_its_reason() -> None:
    def told_of(*reasons: str | None) -> str | None:
        feeds = [{"venue": "BTCTURK", "reason": reason} for reason in reasons]
        return reason("feeds", json.dumps({"feeds": feeds}), "marketdata")

    assert told_of(None, None) is None
    assert told_of(None, "no frame for 9 s") == '[UNRELIABLE] (BTCTURK: no frame for 9 s) == "none"'
    assert told_of() == "[FEEDS] (0) >= 1"


@pytest.mark.parametrize(
    ("one", "other", "outcome", "value"),
    [
        ('{"a":1,"b":2.0}', '{"b":2.0,"a":1}', "met", "none"),
        ('{"a":1}', '{"a":2}', "failed", "a: 1 and 2"),
        ('{"a":1}', '{"a":"1"}', "failed", "a: 1 and 1"),
        ('{"a":null}', "{}", "failed", "a: None and None"),
        ('{"a":1}', "<html>", "unknown", "the other's body is no JSON"),
        ("[]", "[]", "unknown", "a body is no object of JSON"),
    ],
)
def test_two_answers_agree_when_every_field_does(one: str, other: str, outcome: str, value: str) -> None:
    part = AnswerPart(name="http://b", status=200, content_type=None, size=9, problem=None, body=other)
    found = check("executor-1", "account", kind="agreement", body=one, parts=(part,))
    assert [(each.outcome, each.value) for each in found.conditions[1:]] == [(outcome, value)]


def test_an_answer_without_the_other_one_is_no_agreement() -> None:
    part = AnswerPart(name="http://b", status=None, content_type=None, size=0, problem="connection refused")
    found = check("executor-1", "account", kind="agreement", body="{}", parts=(part,))
    assert found.reason == '[DIFFERS] (connection refused) == "none"'


BODY = '{"a":{"b":[{"c":1.50},{"c":"x"}],"t":true,"n":null},"error":"error"}'


@pytest.mark.parametrize(
    ("condition", "outcome", "text"),
    [
        ("[BODY].a.b[0].c == 1.5", "met", "[BODY].a.b[0].c (1.5) == 1.5"),
        ('[BODY].a.b[1].c == "x"', "met", '[BODY].a.b[1].c (x) == "x"'),
        ("[BODY].a.b.length == 2", "met", "[BODY].a.b.length (2) == 2"),
        ("[BODY].a.t == true", "met", "[BODY].a.t (true) == true"),
        ("[BODY].a.t == 1", "unknown", "[BODY].a.t (true, which is true or false and not a number) == 1"),
        ("[BODY].a.n == null", "met", "[BODY].a.n (null) == null"),
        ("[BODY].a.n != null", "failed", "[BODY].a.n (null) != null"),
        ("[BODY].a.b[2].c == 1", "unknown", "[BODY].a.b[2].c (the body has no 2 there) == 1"),
        ("[BODY].error < 5", "unknown", "[BODY].error (error, which is a text and not a number) < 5"),
        ("[BODY].a == 1", "unknown", "[BODY].a (the body has no single value there) == 1"),
        ('[HEADER].content-type contains "json"', "met", '[HEADER].content-type (application/json) contains "json"'),
        ('[HEADER].x-none == "a"', "unknown", '[HEADER].x-none (no header x-none) == "a"'),
        ("[LATENCY] < 100ms", "met", "[LATENCY] (0.01 s) < 100ms"),
        ("[LATENCY] < 10ms", "failed", "[LATENCY] (0.01 s) < 10ms"),
        ("[BYTES] >= 1kB", "failed", "[BYTES] (18 B) >= 1kB"),
    ],
)
def test_a_condition_of_a_users_own_probe_is_judged_by_the_value_it_met(
    condition: str, outcome: str, text: str
) -> None:
    assert told(only("mine", "http", condition), body=BODY, headers=JSON) == [(outcome, text)]


def test_a_dry_run_and_an_optional_value_are_judged_and_do_not_count() -> None:
    found = check_of(answer("web", "dry", status=500), only("dry", "http", "[STATUS] == 200", dry_run="true"))
    assert [(one.outcome, one.tolerated) for one in found.conditions] == [("failed", True)]
    found = check_of(answer("web", "may"), only("may", "http", "[BODY].x == 1", "[STATUS] == 1", optional="true"))
    assert [(one.outcome, one.tolerated) for one in found.conditions] == [("unknown", True), ("failed", False)]


@settings(deadline=None)
@given(st.sampled_from([*NAMES, ("web", "readyz"), ("web", "assets"), ("prometheus", "rules")]), st.text(max_size=200))
def test_no_body_makes_a_check_raise_or_a_reason_that_is_not_one_line(probe: tuple[str, str], body: str) -> None:
    got = check(*probe, body=body, size=len(body.encode()))
    for one in got.conditions:
        assert one.text.isprintable()
        assert len(one.text) < 300
