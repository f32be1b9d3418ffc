"""A ping is success only while the alert path is proven, and says why when it is not; no failure shows the address."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from common.clock import SYSTEM_CLOCK, Clock
from common.errors import Unavailable
from tests.web.alerts.outside_world import SECRET, Outside
from web.alerts.alert import AlertStatus
from web.alerts.inbox import InboxContents
from web.alerts.outside import MOST_BODY, SETTLE_SECONDS, OutsideHeartbeat, body_of, trouble
from web.cells import Reading

COUNTS: dict[AlertStatus, int] = {"firing": 2, "unknown": 1, "resolved": 0}


def inbox(*, heartbeat_ago: float | None = 5, compared_ago: float | None = 5) -> Reading[InboxContents]:
    """An inbox whose path is proven, or not."""
    now = datetime.now(UTC)
    beat, compared = (None if ago is None else now - timedelta(seconds=ago) for ago in (heartbeat_ago, compared_ago))
    return Reading(InboxContents((), dict(COUNTS), beat, confirmed_at=compared), reason=None)


NOT_PROVEN: list[tuple[Callable[[], Reading[InboxContents]], bool, str]] = [
    (Reading, False, "the alert inbox can't be read: has not answered yet"),
    (
        lambda: Reading(inbox().value, reason="the disk is full"),
        False,
        "the alert inbox can't be read: the disk is full",
    ),
    (inbox, True, "Prometheus tells Alertmanager nothing"),
    (lambda: inbox(heartbeat_ago=None), False, "no heartbeat has come from Alertmanager yet"),
    (lambda: inbox(heartbeat_ago=2000), False, "no heartbeat has come from Alertmanager for more than 180 s"),
    (lambda: inbox(compared_ago=None), False, "was not compared with Alertmanager's list"),
    (lambda: inbox(compared_ago=2000), False, "was not compared with Alertmanager's list"),
]


def test_a_proven_path_is_success_and_no_alert_is_named(outside: Outside, tmp_path: Path) -> None:
    accepted = outside.started(tmp_path).ping(inbox(), unheard=False)
    assert (accepted.told, accepted.reason) == ("success", None)
    assert outside.pings() == [("", "Spark: the alert path is proven.\nfiring: 2, unknown: 1")]


@pytest.mark.parametrize(("contents", "unheard", "said"), NOT_PROVEN)
def test_a_path_that_was_proven_and_is_no_more_is_a_failure_with_its_reason(
    outside: Outside, tmp_path: Path, contents: Callable[[], Reading[InboxContents]], unheard: bool, said: str
) -> None:
    heartbeat = outside.started(tmp_path)
    heartbeat.ping(inbox(), unheard=False)
    accepted = heartbeat.ping(contents(), unheard)
    assert said in str(accepted.reason)
    kind, body = outside.pings()[-1]
    assert kind == "/fail"
    assert said in body


def test_before_its_first_proof_the_path_is_only_noted_for_three_minutes(outside: Outside, tmp_path: Path) -> None:
    moments = iter([0.0, 1.0, SETTLE_SECONDS - 1, SETTLE_SECONDS])
    heartbeat = outside.started(tmp_path, clock=Clock(lambda: next(moments), time.time))
    for kinds in (["/log"], ["/log", "/fail"]):
        heartbeat.ping(inbox(heartbeat_ago=None), unheard=False)
        assert outside.kinds() == kinds


@pytest.mark.parametrize(("field", "limit"), [("heartbeat_ago", 180), ("compared_ago", 60)])
def test_the_path_is_proven_until_just_beyond_its_limit(field: str, limit: float) -> None:
    now = datetime.now(UTC)
    for seconds, proven in ((limit, True), (limit + 0.1, False)):
        ages = {"heartbeat_ago": 0.0, "compared_ago": 0.0} | {field: seconds}
        beat, compared = (now - timedelta(seconds=ages[name]) for name in ("heartbeat_ago", "compared_ago"))
        contents = InboxContents((), dict(COUNTS), beat, confirmed_at=compared)
        assert (trouble(Reading(contents, reason=None), False, now) is None) is proven


def test_a_start_that_is_not_accepted_is_not_noted_again(outside: Outside, tmp_path: Path) -> None:
    heartbeat = OutsideHeartbeat(outside.file(tmp_path), SYSTEM_CLOCK)
    outside.status = 404
    with pytest.raises(Unavailable):
        heartbeat.ping(inbox(), unheard=False)
    outside.status = 200
    heartbeat.ping(inbox(), unheard=False)
    assert outside.kinds() == ["/log", ""]


def test_a_body_is_within_its_bounds() -> None:
    assert len(body_of(inbox(), "x" * 5000)) == MOST_BODY


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (404, b"not found", "the outside answered 404"),
        (409, b"ambiguous slug", "the outside answered 409"),
        (302, b"", "the outside answered 302"),
        (500, SECRET.encode(), "the outside answered 500"),
        (200, b"OK (not found)", "the outside dropped the ping: not found"),
        (200, b"OK (rate limited)", "the outside dropped the ping: rate limited"),
    ],
)
def test_a_ping_that_is_refused_or_dropped_is_a_failure(
    outside: Outside, tmp_path: Path, status: int, body: bytes, said: str
) -> None:
    outside.status, outside.said = status, body
    with pytest.raises(Unavailable) as failed:
        outside.started(tmp_path).ping(inbox(), unheard=False)
    assert failed.value.message == said
    assert SECRET not in shown(failed.value)


@pytest.mark.parametrize("how", ["gone", "hung"])
def test_an_outside_that_does_not_answer_is_a_failure_that_does_not_show_the_address(
    outside: Outside, tmp_path: Path, how: str
) -> None:
    heartbeat = outside.started(tmp_path, timeout=0.3)
    if how == "gone":
        outside.stop()
    outside.hangs = True
    with pytest.raises(Unavailable, match=r"the outside does not answer \(\w+\)") as failed:
        heartbeat.ping(inbox(), unheard=False)
    assert SECRET not in shown(failed.value)


def shown(error: Unavailable) -> str:
    """Everything that a log could have of an error."""
    return "".join(traceback.format_exception(error)) + str(error.to_json())


def test_a_new_address_is_used_without_a_restart(outside: Outside, tmp_path: Path) -> None:
    heartbeat = outside.started(tmp_path)
    file = tmp_path / "heartbeat"
    file.write_text("")
    with pytest.raises(Unavailable, match="there is no secret address"):
        heartbeat.ping(inbox(), unheard=False)
    file.write_text(f"{outside.url}/")
    assert heartbeat.ping(inbox(), unheard=False).told == "success"
    assert outside.kinds() == [""]
