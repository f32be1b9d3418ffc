from __future__ import annotations

from collections.abc import Iterator

import pytest

from common.errors import Unavailable
from tests.web.standin_server import Answer, Server, json_answer
from web.readiness import ReadinessProbe, ServiceState


class Saying:
    """A service whose answer a test sets."""

    def __init__(self) -> None:
        self.answer = Answer(b"")
        self.server = Server(lambda _asked: self.answer)
        self.probe = ReadinessProbe(f"{self.server.url}/readyz", "simulated")


@pytest.fixture
def service() -> Iterator[Saying]:
    saying = Saying()
    yield saying
    saying.server.stop()


def test_a_ready_service_is_ready(service: Saying) -> None:
    service.answer = json_answer(
        {"ready": True, "market": "simulated", "parts": {"ledger": {"ready": True, "reason": None}}}
    )
    assert service.probe.ask() == ServiceState(ready=True)


def test_a_service_that_is_not_ready_says_why(service: Saying) -> None:
    parts = {"ledger": {"ready": False, "reason": "postgres is away"}, "quotes": {"ready": True, "reason": None}}
    service.answer = json_answer({"ready": False, "market": "simulated", "parts": parts}, 503)
    assert service.probe.ask() == ServiceState(ready=False, reasons=("ledger: postgres is away",))


def test_a_service_on_the_other_market_is_not_ready(service: Saying) -> None:
    service.answer = json_answer({"ready": True, "market": "live", "parts": {}})
    assert service.probe.ask().reasons == ("it is on the live market, this console on the simulated one",)


@pytest.mark.parametrize(("status", "ready"), [(200, True), (503, False), (404, False)])
def test_plain_text_is_judged_by_its_status(service: Saying, status: int, ready: bool) -> None:
    service.answer = Answer(b"Ready.\n", status, "text/plain; charset=utf-8")
    assert service.probe.ask().ready is ready


def test_an_answer_that_cannot_be_read_is_none(service: Saying) -> None:
    service.answer = Answer(b'{"ready":"maybe"}')
    with pytest.raises(Unavailable, match="can't be read"):
        service.probe.ask()


def test_a_dead_service_gives_no_answer(service: Saying) -> None:
    service.server.stop()
    with pytest.raises(Unavailable, match="does not answer"):
        service.probe.ask()
