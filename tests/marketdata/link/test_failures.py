"""The consequence of a refusal or a close is decided from plain values."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from marketdata.link.failures import CLOSES, FAILED_DIALS, Step, Verdict, of_close, of_proxy, of_upgrade

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC).timestamp()


def _upgrade(status: int, headers: dict[str, str] | None = None, *, credentials: bool = False) -> Verdict:
    return of_upgrade(status, headers or {}, NOW, credentials=credentials)


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("kind", [{}, {"content-type": "application/json"}, {"content-type": "text/plain"}])
def test_refused_credentials_of_a_person_stop_whatever_the_header_says(status: int, kind: dict[str, str]) -> None:
    assert _upgrade(status, {"retry-after": "5", **kind}, credentials=True) == Verdict("unauthorized", "stop")


@pytest.mark.parametrize("kind", ["text/html", "text/html; charset=UTF-8", " Text/HTML", "application/xhtml+xml"])
def test_a_page_for_people_is_no_word_about_credentials_unless_it_says_401(kind: str) -> None:
    assert _upgrade(403, {"content-type": kind}, credentials=True) == Verdict("rejected", "retreat")
    assert _upgrade(401, {"content-type": kind}, credentials=True) == Verdict("unauthorized", "stop")


@pytest.mark.parametrize("credentials", [False, True])
@pytest.mark.parametrize("status", [200, 204, 301, 302, 307, 400, 402, 404, 405, 406, 407, 410, 418, 421, 426, 451])
def test_a_refusal_that_is_not_of_credentials_is_a_retreat(status: int, credentials: bool) -> None:
    assert _upgrade(status, credentials=credentials) == Verdict("rejected", "retreat")


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("kind", [{}, {"content-type": "text/html"}, {"content-type": "application/json"}])
def test_a_public_feed_is_never_stopped(status: int, kind: dict[str, str]) -> None:
    assert _upgrade(status, kind) == Verdict("rejected", "retreat")


def test_no_status_stops_a_public_feed() -> None:
    assert {_upgrade(status).step for status in range(200, 600)} == {"retreat", "wait", "back_off"}


@pytest.mark.parametrize(("header", "seconds"), [("600", 600.0), ("999999", 3_600.0), ("soon", 0.0), ("0", 0.0)])
def test_a_refusal_that_names_a_wait_is_left_alone_for_at_least_so_long(header: str, seconds: float) -> None:
    assert _upgrade(403, {"retry-after": header}) == Verdict("rejected", "retreat", seconds)


@pytest.mark.parametrize(
    ("status", "step"), [(403, "retreat"), (407, "retreat"), (404, "retreat"), (408, "back_off"), (502, "back_off")]
)
def test_a_proxy_that_refuses_is_left_alone_for_longer_than_one_that_is_broken(status: int, step: Step) -> None:
    assert of_proxy(status) == Verdict("rejected", step)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), (None, 60.0), ("soon", 60.0)])
def test_a_venue_that_is_too_busy_is_left_alone_for_as_long_as_it_says_or_a_minute(
    status: int, header: str | None, seconds: float
) -> None:
    headers = {} if header is None else {"retry-after": header}
    for credentials in (False, True):
        assert _upgrade(status, headers, credentials=credentials) == Verdict("throttled", "wait", seconds)


@pytest.mark.parametrize("status", [408, 425, 500, 502, 504, 520, 525])
def test_what_passes_by_itself_is_tried_again_with_backoff(status: int) -> None:
    assert _upgrade(status, {"retry-after": "5"}) == Verdict("rejected")


def _close(code: int | None, *, answered: tuple[float, ...] = (0.0,), closed: float = 45.4) -> str:
    return of_close(code, answered=answered, closed=closed, starved=30.0)


@pytest.mark.parametrize(
    ("code", "cause"),
    [(1001, "going_away"), (1012, "restart"), (1011, "other_code"), (4001, "other_code"), (None, "other_code")],
)
def test_a_close_is_named_after_its_code(code: int | None, cause: str) -> None:
    assert _close(code) == cause


def test_a_normal_close_after_45_seconds_without_an_answered_ping_is_pong_starvation() -> None:
    assert _close(1000) == "pong_starvation"


def test_a_reader_that_hung_and_then_answered_all_pings_at_once_is_pong_starvation_too() -> None:
    assert _close(1000, answered=(0.0, 15.4, 30.4, 80.0, 80.0), closed=80.1) == "pong_starvation"


@pytest.mark.parametrize(
    ("answered", "closed"),
    [
        ((0.0,), 2.0),
        ((0.0, 15.4, 30.4), 45.4),
        ((285.4, 300.4, 315.4, 330.4), 345.0),
        ((0.0,), 7_200.0),
    ],
)
def test_a_normal_close_of_a_socket_whose_pings_were_answered_or_never_came_is_normal(
    answered: tuple[float, ...], closed: float
) -> None:
    assert _close(1000, answered=answered, closed=closed) == "normal"


def test_every_verdict_has_a_counter() -> None:
    causes = {_upgrade(status, credentials=known).cause for status in range(200, 600) for known in (False, True)}
    assert causes | {of_proxy(status).cause for status in range(200, 600)} <= set(FAILED_DIALS)
    assert {_close(code) for code in (None, *range(1000, 5000))} <= set(CLOSES)
