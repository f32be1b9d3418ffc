"""Float noise is put on its tick, a price that is off its tick is refused; whole numbers are read in any form."""

from __future__ import annotations

import struct
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdata.numbers import identity, snapped, whole


@pytest.mark.parametrize(
    ("price", "tick", "found"),
    [
        ("6.0229997634888", "0.001", "6.023"),
        ("6.0229997634888", "0.01", None),
        ("0.30000000000000004", "0.1", "0.3"),
        ("20.040000915527344", "0.02", "20.04"),
        ("100.0001", "0.01", "100.00"),
        ("100.00011", "0.01", None),
        ("1000000.1", "1", "1000000"),
        ("1000000.11", "1", None),
        ("999999.9", "1", "1000000"),
        ("5", "1", "5"),
        ("0", "1", None),
        ("-5", "1", None),
        ("0.000001", "1", None),
        ("NaN", "1", None),
        ("Infinity", "1", None),
        ("1e18", "1e-13", None),
    ],
)
def test_only_float_noise_is_put_on_its_tick(price: str, tick: str, found: str | None) -> None:
    result = snapped(Decimal(price), Decimal(tick))
    assert result == (None if found is None else Decimal(found))


@given(st.integers(1, 10**6), st.integers(0, 4))
def test_a_price_that_went_through_a_float_is_its_own_again(ticks: int, decimals: int) -> None:
    tick = Decimal(1).scaleb(-decimals)
    price = ticks * tick
    assert snapped(Decimal(float(price)), tick) == price
    if ticks < 10**5:
        (single,) = struct.unpack("f", struct.pack("f", float(price)))
        assert snapped(Decimal(single), tick) == price


@pytest.mark.parametrize("value", [15, "15", "15.0", "1.5e1", Decimal("15.00"), "0015"])
def test_a_whole_number_is_read_in_any_form(value: Any) -> None:
    assert whole(value) == 15


@pytest.mark.parametrize("value", ["", "x", "1.5", "NaN", "Infinity", "1e99", "9" * 5_000])
def test_what_is_no_whole_number_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="whole number"):
        whole(value)


@pytest.mark.parametrize(
    ("told", "found"),
    [(9, "9"), ("9", "9"), ("9.0", "9"), ("009", "009"), ("9a", "9a"), ("a-9.0", "a-9.0")],
)
def test_an_id_is_the_same_text_in_every_form_of_its_number(told: Any, found: str) -> None:
    assert identity(told) == found
