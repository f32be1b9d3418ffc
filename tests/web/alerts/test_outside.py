"""The outside heartbeat says success only while the alert path is proven, and why when it is not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from common.clock import SYSTEM_CLOCK
from common.errors import Unavailable
from tests.web.alerts.test_inbox import ONE
from tests.web.standin_server import Answer, Request, Server
from web.alerts.alert import AlertStatus
from web.alerts.inbox import InboxContents
from web.alerts.outside import MOST_BODY, OutsideHeartbeat, told, trouble
from web.cells import Reading

SECRET = "5b4f0c1e-the-secret-of-the-address"
COUNTS: dict[AlertStatus, int] = {"firing": 0, "unknown": 0, "resolved": 0}


class Outside:
    """Takes pings; `status` is what it answers."""

    def __init__(self) -> None:
        self.status = 200
        self.server = Server(self._answer)

    def _answer(self, _asked: Request) -> Answer:
        return Answer(b"OK", self.status)

    def pings(self) -> list[tuple[str, str]]:
        return [(asked.path.partition(SECRET)[2], asked.body.decode()) for asked in self.server.asked]


@pytest.fixture
def outside() -> Iterator[Outside]:
    taking = Outside()
    yield taking
    taking.server.stop()


@pytest.fixture
def heartbeat(outside: Outside) -> OutsideHeartbeat:
    return OutsideHeartbeat(f"{outside.server.url}/{SECRET}", SYSTEM_CLOCK)


def inbox(*, heartbeat_ago: float | None = 5, compared_ago: float | None = 5) -> InboxContents:
    """An inbox whose path is proven, or not."""
    now = datetime.now(UTC)
    ago = {
        name: None if age is None else now - timedelta(seconds=age)
        for name, age in (("heartbeat", heartbeat_ago), ("compared", compared_ago))
    }
    return InboxContents((), dict(COUNTS), ago["heartbeat"], confirmed_at=ago["compared"])


def reading(contents: InboxContents | None, reason: str | None = None) -> Reading[InboxContents]:
    return Reading(contents, reason=reason)


def test_a_proven_path_is_success_and_the_start_is_noted(outside: Outside, heartbeat: OutsideHeartbeat) -> None:
    assert heartbeat.ping(reading(inbox()), unheard=False) is None
    assert heartbeat.ping(reading(inbox()), unheard=False) is None
    places = [place for place, _ in outside.pings()]
    assert places == ["/log", "", ""]
    assert outside.pings()[1][1] == "Spark: the alert path is proven.\nfiring: 0, unknown: 0"


@pytest.mark.parametrize(
    ("contents", "reason", "unheard", "said"),
    [
        (None, "has not answered yet", False, "the alert inbox can't be read: has not answered yet"),
        (inbox(), "the disk is full", False, "the alert inbox can't be read: the disk is full"),
        (inbox(), None, True, "Prometheus tells Alertmanager nothing"),
        (inbox(heartbeat_ago=None), None, False, "no heartbeat has come from Alertmanager yet"),
        (inbox(heartbeat_ago=200), None, False, "no heartbeat has come from Alertmanager for more than 180 s"),
        (inbox(compared_ago=None), None, False, "could not be compared with Alertmanager's list"),
        (inbox(compared_ago=70), None, False, "could not be compared with Alertmanager's list"),
    ],
)
def test_a_path_that_is_not_proven_is_a_failure_with_its_reason(
    outside: Outside,
    heartbeat: OutsideHeartbeat,
    contents: InboxContents | None,
    reason: str | None,
    unheard: bool,
    said: str,
) -> None:
    assert said in str(heartbeat.ping(reading(contents, reason), unheard=unheard))
    place, body = outside.pings()[-1]
    assert place == "/fail"
    assert said in body


def test_the_edge_of_silence_is_the_one_that_the_page_shows() -> None:
    now = datetime.now(UTC)
    for age, silent in ((180, False), (180.1, True)):
        contents = InboxContents((), dict(COUNTS), now - timedelta(seconds=age), confirmed_at=now)
        assert (trouble(contents, None, False, now) is not None) is silent


def test_the_body_names_what_fires_within_its_bounds() -> None:
    critical = msgspec.structs.replace(ONE, summary="x" * 5000, name="Long")
    many = tuple(msgspec.structs.replace(ONE, fingerprint=str(number)) for number in range(100))
    over = msgspec.structs.replace(ONE, status="resolved", name="Over")
    contents = InboxContents((critical, over, *many), {"firing": 101, "unknown": 2, "resolved": 1}, None)
    body = told(contents, "no heartbeat has come")
    assert body.startswith(b"Spark: no heartbeat has come.\nfiring: 101, unknown: 2\n- critical Long web: xxx")
    assert b"Over" not in body
    assert len(body) <= MOST_BODY


@pytest.mark.parametrize("status", [302, 400, 404, 409, 500])
def test_an_address_that_does_not_take_it_is_an_error_that_does_not_show_it(
    outside: Outside, heartbeat: OutsideHeartbeat, status: int
) -> None:
    outside.status = status
    with pytest.raises(Unavailable, match=f"answered {status}") as failed:
        heartbeat.ping(reading(inbox()), unheard=False)
    assert SECRET not in str(failed.value.to_json())


def test_an_address_that_does_not_answer_is_an_error_that_does_not_show_it(
    outside: Outside, heartbeat: OutsideHeartbeat
) -> None:
    outside.server.stop()
    with pytest.raises(Unavailable, match="does not answer") as failed:
        heartbeat.ping(reading(inbox()), unheard=False)
    assert SECRET not in str(failed.value.to_json())
    assert SECRET not in repr(failed.value)
