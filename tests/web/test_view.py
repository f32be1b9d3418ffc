from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.web.world import instrument, quote
from web import view


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        ("4125000", 0, "4,125,000"),
        ("4.125E+6", 0, "4,125,000"),
        ("42.1", 3, "42.100"),
        ("0.00000001", 2, "0.00000001"),
        ("-1234.5", 0, "\u22121,234.5"),
        ("0", 2, "0.00"),
        ("-0.00", 0, "0"),
        ("5.20E-7", 0, "0.00000052"),
        ("1234567890123456789012345678901.000000001", 0, "1,234,567,890,123,456,789,012,345,678,901.000000001"),
    ],
)
def test_a_number_keeps_every_digit_it_has(value: str, places: int, text: str) -> None:
    assert view.number(Decimal(value), places) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [("1234.565", "+1,234.56"), ("-0.004", "0.00"), ("0.004", "0.00"), ("-2.5", "\u22122.50"), ("0", "0.00")],
)
def test_gains_carry_a_sign_and_nothing_is_never_negative(value: str, text: str) -> None:
    assert view.signed(Decimal(value)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("4125000", "4,125,000.00"),
        ("41.2345", "41.23"),
        ("0.5", "0.50"),
        ("1.23456E-7", "0.000000123"),
        ("1E-8", "0.00000001"),
        ("0", "0.00"),
        ("1E+30", "1,000,000,000,000,000,000,000,000,000,000.00"),
    ],
)
def test_a_price_is_rounded_but_never_to_nothing(value: str, text: str) -> None:
    assert view.price(Decimal(value)) == text


def test_a_sum_of_any_size_is_drawn() -> None:
    assert view.money(Decimal("1E+30")) == "1,000,000,000,000,000,000,000,000,000,000.00"


def test_what_is_missing_is_a_dash_not_a_zero() -> None:
    dashes = {view.number(None), view.money(None), view.price(None), view.signed(None), view.age(None)}
    dashes |= {view.bytes_of(None)}
    assert dashes == {view.MISSING}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.99, "<1 s"), (1, "1 s"), (89.9, "89 s"), (90, "1 min"), (5399, "89 min"), (5400, "1 h"), (129_600, "1 d")],
)
def test_ages_read_as_people_say_them(seconds: float, text: str) -> None:
    assert view.age(seconds) == text


def test_a_denials_words_stay_words() -> None:
    assert view.figure("1031250750") == "1,031,250,750"
    assert view.figure("12 s") == "12 s"
    assert view.figure("NaN") == "NaN"


def test_a_quote_row_has_the_decimals_of_its_tick() -> None:
    row = view.quote_row(
        quote("BTCTURK:USDTTRY", bid=Decimal("42.1"), ask=Decimal("42.103")),
        instrument(("USDT", "TRY")),
        datetime(2026, 11, 22, 10, 0, tzinfo=UTC),
    )
    assert (row.pair, row.bid, row.ask, row.spread) == ("USDT/TRY", "42.100", "42.103", "0.71")


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({}, ""),
        ({"delayed": True}, "delayed"),
        ({"phase": "closing_auction"}, "closing auction"),
        ({"delayed": True, "phase": "closed"}, "delayed, closed"),
    ],
)
def test_a_quote_row_says_what_keeps_it_from_being_traded_on(changes: dict[str, Any], note: str) -> None:
    assert view.quote_row(quote(**changes), None, datetime.now(UTC)).note == note


def test_a_one_sided_quote_has_no_spread() -> None:
    row = view.quote_row(quote(bid=None, bid_quantity=None), None, datetime.now(UTC))
    assert (row.bid, row.spread, row.pair) == (view.MISSING, view.MISSING, "BTCTRY")
