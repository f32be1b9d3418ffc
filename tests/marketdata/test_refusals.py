"""Retry-After is read in both of its forms, and within reason."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from marketdata.refusals import retry_after_seconds, wait_seconds

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        (" 120 ", 120.0),
        ("Sun, 22 Nov 2026 12:01:30 GMT", 90.0),
        ("Sunday, 22-Nov-26 12:01:30 GMT", 90.0),
        ("Sun Nov 22 12:01:30 2026", 90.0),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0.0),
        ("-5", None),
        ("1.5", None),
        ("١٢", None),
        ("Sun, 99 Nov 2026 12:01:30 GMT", None),
        ("", None),
        (None, None),
    ],
)
def test_both_forms_of_retry_after_are_read_and_nonsense_is_not(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, NOW) == seconds


@pytest.mark.parametrize("header", ["99999999", "9" * 5_000, "Sun, 22 Nov 2099 12:00:00 GMT"])
def test_an_absurd_wait_is_cut_to_an_hour(header: str) -> None:
    assert wait_seconds(header, NOW) == 3_600
