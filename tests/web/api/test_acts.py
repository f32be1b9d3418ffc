"""The doors of the acts: the token, the rules of each field, and hostile texts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.alerts.people import BY, HOSTILE, NOBODY, acknowledge, act, expire, silence, whats
from tests.web.alerts.test_desk import compared
from tests.web.conftest import Built
from tests.web.console import Surroundings
from tests.web.trading_world import TOKEN
from web.alerts.acts import MOST_SECONDS

PATHS = [
    ("POST", "/api/alerts/fire/acknowledge"),
    ("DELETE", "/api/alerts/fire/acknowledge"),
    ("POST", "/api/alerts/fire/silence"),
    ("DELETE", f"/api/silences/{NOBODY}"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer the-alert-token"}, {"Authorization": TOKEN}])
def test_every_act_needs_the_operators_token(
    lasting: Built, around: Surroundings, method: str, path: str, headers: dict[str, str]
) -> None:
    answer = act(lasting, method, path, BY | {"seconds": 3600}, headers)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (401, "UNAUTHORIZED")
    assert [asked for asked in around.alertmanager.server.asked if asked.method != "GET"] == []


@pytest.mark.slow
@pytest.mark.parametrize(("method", "path"), PATHS)
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"by": ""}, "by"),
        ({"by": "   "}, "by"),
        ({"by": None}, "by"),
        ({"by": "x" * 65}, "by"),
        ({"by": "two\nlines"}, "by"),
        ({"by": "nul\x00"}, "by"),
        ({"by": "right\u202eleft"}, "by"),
        ({"reason": "x" * 501}, "reason"),
        ({"reason": "bell\x07"}, "reason"),
        ({"reason": "half\ud800"}, "body"),
        ({"reason": 5}, "reason"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_name_or_reason_that_people_can_not_read_is_refused(
    firing: Built, around: Surroundings, method: str, path: str, changes: dict[str, Any], field: str
) -> None:
    seconds = {"seconds": 3600} if method == "POST" else {}
    answer = act(firing, method, path, BY | seconds | changes)
    assert (answer.status_code, answer.get_json()["error"]["details"].get("field")) == (422, field)
    assert around.alertmanager.silences == {}
    assert whats(firing, "fire") == ["fired"]


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/api/alerts/fire/acknowledge", "/api/alerts/fire/silence"])
@pytest.mark.parametrize("seconds", [59, 0, -1, MOST_SECONDS + 1, 10**30, 1.5, "3600", None])
def test_a_duration_out_of_bounds_is_refused(firing: Built, path: str, seconds: Any) -> None:
    answer = act(firing, "POST", path, BY | {"seconds": seconds})
    assert (answer.status_code, answer.get_json()["error"]["details"]["field"]) == (422, "seconds")


@pytest.mark.parametrize("missing", ["by", "reason", "seconds"])
def test_a_silence_needs_name_reason_and_duration(firing: Built, missing: str) -> None:
    body = {name: value for name, value in (BY | {"seconds": 60}).items() if name != missing}
    answer = act(firing, "POST", "/api/alerts/fire/silence", body)
    assert (answer.status_code, answer.get_json()["error"]["details"]["field"]) == (422, missing)
    assert silence(firing, "fire", reason="  ").get_json()["error"]["details"]["field"] == "reason"


@pytest.mark.parametrize("size", [64 * 1024 - 100, 64 * 1024 + 100])
def test_a_huge_reason_is_refused(firing: Built, size: int) -> None:
    assert acknowledge(firing, "fire", reason="x" * size).status_code == (422 if size < 64 * 1024 else 413)


def test_what_is_not_there_is_not_found(lasting: Built) -> None:
    assert acknowledge(lasting, "nobody").status_code == 404
    assert act(lasting, "DELETE", "/api/alerts/nobody/acknowledge").status_code == 404
    assert silence(lasting, "nobody").status_code == 404
    assert expire(lasting, NOBODY).status_code == 404
    for strange in ("x", NOBODY.upper().replace("0", "A"), NOBODY + "0", "..", "%2e%2e"):
        assert expire(lasting, strange).status_code in (404, 422), strange


def test_markup_in_names_and_reasons_stays_text(firing: Built, around: Surroundings) -> None:
    name = HOSTILE[:60]
    acknowledge(firing, "fire", by=name, reason=HOSTILE)
    silence(firing, "fire", by=name, reason=HOSTILE)
    around.alertmanager.fire("markup", note=HOSTILE)
    compared(firing)
    silence(firing, "markup", by=name, reason=HOSTILE)
    assert {each["comment"] for each in around.alertmanager.holding()} == {HOSTILE}
    assert any(each["value"] == HOSTILE for made in around.alertmanager.holding() for each in made["matchers"])
    firing.read("inbox")
    page = firing.client.get("/").get_data(as_text=True)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(&#34;x&#34;)" in page
