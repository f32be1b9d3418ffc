"""The REST calls of a replay: the recorded answers, by what is asked and by when."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import pytest

from common.tape import Taped
from tests.venue.replay.playing import BEGAN, Line, call, playing, written
from venue.replay.calls import RecordedCalls


def recorded(now: list[float], *lines: Line) -> RecordedCalls:
    return RecordedCalls((Taped(*line) for line in lines), lambda: BEGAN + now[0], ["/login"])


def answered(
    calls: RecordedCalls, path: str, parameters: Mapping[str, str] | None = None, body: bytes = b""
) -> bytes | None:
    found = calls.answer("POST" if body else "GET", path, parameters or {}, body)
    return None if found is None else found.payloads[1]


def test_answers_come_in_their_order_and_the_last_one_again() -> None:
    calls = recorded([0.0], call(1, "/a", b"1"), call(2, "/a", b"2"), call(3, "/b", b"b"), call(4, "/a", b"3"))
    assert [answered(calls, "/a") for _ in range(5)] == [b"1", b"2", b"3", b"3", b"3"]
    assert answered(calls, "/b") == b"b"


def test_an_answer_whose_time_has_passed_is_left_out() -> None:
    now = [0.0]
    calls = recorded(now, *(call(second, "/a", b"%d" % second) for second in (1, 10, 20, 30)))
    assert answered(calls, "/a") == b"1"
    now[0] = 25.0
    assert answered(calls, "/a") == b"20"
    now[0] = 26.0
    assert answered(calls, "/a") == b"30"
    now[0] = 1000.0
    assert answered(calls, "/a") == b"30"


def test_a_parameter_must_be_the_same_and_times_need_not() -> None:
    path = "/bars?symbol=X&resolution=1&from=1790000000&to=1790003600"
    calls = recorded([0.0], call(1, path, b"X"), call(1, path.replace("X", "Y"), b"Y"))
    asked = {"symbol": "X", "resolution": "1", "from": "1800000000", "to": "1800000060"}
    assert answered(calls, "/bars", asked) == b"X"
    assert answered(calls, "/bars", {**asked, "symbol": "Y"}) == b"Y"
    assert answered(calls, "/bars", {**asked, "symbol": "Z"}) is None
    assert answered(calls, "/bars", {**asked, "resolution": "60"}) is None
    assert answered(calls, "/bars", {"symbol": "X", "resolution": "1"}) == b"X"
    assert answered(calls, "/other") is None


def test_a_body_and_a_method_must_be_the_same() -> None:
    calls = recorded([0.0], call(1, "/equity", b"one", body=b'{"symbol":"ONE"}'), call(1, "/login", b"x", body=b"{}"))
    assert answered(calls, "/equity", body=b'{"symbol":"ONE"}') == b"one"
    assert answered(calls, "/equity", body=b'{"symbol":"TWO"}') is None
    assert answered(calls, "/equity") is None
    assert answered(calls, "/login", body=b"{}") is None, "the venue answers it by itself"


def test_a_call_that_got_no_answer_is_left_out() -> None:
    calls = recorded([0.0], call(1, "/a", b"", status=None), call(2, "/a", b"2"))
    assert answered(calls, "/a") == b"2"


def test_an_answer_has_its_status_headers_and_bytes(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        call(1, "/api/v2/ticker", b'{"a" : 1}', Content_Type="application/json", Cache_Control="max-age=30"),
        call(1, "/api/v2/trades?pairSymbol=X", b"", status=503, Retry_After="7"),
        call(1, "/nowhere/known", b"\xff", status=404),
    )
    with playing(path) as played:
        with urllib.request.urlopen(f"{played.rest_url}/api/v2/ticker", timeout=20) as reply:
            assert (reply.status, reply.read()) == (200, b'{"a" : 1}')
            assert (reply.headers["Content-Type"], reply.headers["Cache-Control"]) == ("application/json", "max-age=30")
        for asked, status, body in (("api/v2/trades?pairSymbol=X", 503, b""), ("nowhere/known", 404, b"\xff")):
            with pytest.raises(urllib.error.HTTPError) as told:
                urllib.request.urlopen(f"{played.rest_url}/{asked}", timeout=20)
            with told.value as error:
                assert (error.code, error.read()) == (status, body)
                assert error.headers["Retry-After"] == ("7" if status == 503 else None)
        with urllib.request.urlopen(f"{played.rest_url}/api/v2/server/ping", timeout=20) as reply:
            assert json.load(reply) == {"pong": True}, "a call that was not recorded is the venue's own"
