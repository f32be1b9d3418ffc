"""The consequence of a refusal or a close is decided from plain values."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from marketdata.link.failures import CLOSES, FAILED_DIALS, Verdict, of_close, of_upgrade

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC).timestamp()


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_stop_whatever_the_header_says(status: int) -> None:
    assert of_upgrade(status, "5", NOW) == Verdict("unauthorized", "stop")


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), (None, 60.0), ("soon", 60.0)])
def test_a_venue_that_is_too_busy_is_left_alone_for_as_long_as_it_says_or_a_minute(
    status: int, header: str | None, seconds: float
) -> None:
    assert of_upgrade(status, header, NOW) == Verdict("throttled", "wait", seconds)


@pytest.mark.parametrize("status", [200, 301, 302, 400, 404, 500, 502])
def test_any_other_answer_to_the_upgrade_is_tried_again_with_backoff(status: int) -> None:
    assert of_upgrade(status, "5", NOW) == Verdict("rejected")


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
    assert {of_upgrade(status, None, NOW).cause for status in range(200, 600)} <= set(FAILED_DIALS)
    assert {_close(code) for code in (None, *range(1000, 5000))} <= set(CLOSES)
