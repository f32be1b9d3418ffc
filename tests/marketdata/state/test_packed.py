"""Bars as rows of bytes are the same bars, in a fraction of the memory."""

from __future__ import annotations

import gc
import math
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from multiprocessing import get_context
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdata.events import Bar, VenueTrade
from marketdata.state.bars import DAY, LENGTHS, MINUTE, MOST_BARS, MOST_MINUTES, RESOLUTIONS, GrowingBar
from marketdata.state.candles import Series
from marketdata.state.kept import KeptBar
from marketdata.state.packed import Packed, PackedBars, PackedMinutes, PackedSums
from marketdata.state.told import Wanted
from tests.marketdata.state.series import DAWN

MIB = 1 << 20

T = TypeVar("T")

NUMBERS = st.one_of(
    st.decimals(min_value=0, allow_nan=False, allow_infinity=False),
    st.builds(
        lambda digits, exponent: Decimal(digits).scaleb(exponent), st.integers(0, 10**18 - 1), st.integers(-30, 30)
    ),
)
BARS = st.builds(Bar, st.just(0), *[NUMBERS] * 5)
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - as the strategy wants them
ORDERS = st.builds(lambda at, name: (at, len(name), name), MOMENTS, st.text(max_size=24))
STEPS = st.tuples(st.sampled_from(["set", "set", "set", "delete"]), st.integers(0, 12), st.integers(0, 10**6))


def _digits(bar: Bar) -> list[object]:
    return [bar.start, *(number.as_tuple() for number in bar[1:])]


def _again(held: Packed[T], value: T) -> T:
    """The value once it is no longer the one that was set last."""
    held[0] = held[1] = value
    return held[0]


@given(BARS)
def test_a_told_bar_comes_back_digit_for_digit(bar: Bar) -> None:
    assert _digits(_again(PackedBars(), bar)) == _digits(bar)


@given(BARS, st.booleans())
def test_a_sum_comes_back_digit_for_digit(bar: Bar, complete: bool) -> None:
    back = _again(PackedSums(), KeptBar(bar, complete))
    assert (_digits(back.bar), back.complete, back.first, back.last) == (_digits(bar), complete, None, None)


@given(BARS, ORDERS, ORDERS)
def test_a_minute_comes_back_with_the_places_of_its_trades(
    bar: Bar, first: tuple[datetime, int, str], last: tuple[datetime, int, str]
) -> None:
    back = _again(PackedMinutes(), GrowingBar(bar, first, last))
    assert (_digits(back.bar), back.first, back.last) == (_digits(bar), first, last)


@given(st.lists(STEPS, max_size=60))
def test_packed_bars_are_a_dictionary_in_the_order_of_time(steps: list[tuple[str, int, int]]) -> None:
    packed, plain = PackedBars(), dict[int, Bar]()
    for name, start, price in steps:
        if name == "set":
            # Some of them are too long for a row.
            number = Decimal(price) * (Decimal(10) ** 20 + 1 if price % 5 == 0 else 1)
            packed[start] = plain[start] = Bar(start, number, number, number, number, number)
        elif start in plain:
            del packed[start], plain[start]
        else:
            with pytest.raises(KeyError):
                del packed[start]
            assert packed.get(start) is None
        assert (list(packed), len(packed)) == (sorted(plain), len(plain))
        assert dict(packed) == plain
        assert all((key in packed) == (key in plain) for key in range(14))
        assert packed.newest(3) == sorted(plain)[-3:]
        assert packed.between(3, 9) == {key: bar for key, bar in plain.items() if 3 <= key < 9}
        assert packed.between(-math.inf, math.inf) == plain


def _number(place: int, decimals: int) -> Decimal:
    return Decimal(10**6 + 7_919 * place % 10**6).scaleb(-decimals)


def _pair() -> Series:
    """A pair whose venue told bars of every resolution, as many as are kept."""
    series = Series()
    for resolution in RESOLUTIONS:
        length, most = LENGTHS[resolution], MOST_BARS[resolution]
        starts = range(DAWN - most * length, DAWN + length, length)
        bars = [
            Bar(start, _number(place, 2), _number(place, 2), _number(place, 2), _number(place, 2), _number(place, 8))
            for place, start in enumerate(starts)
        ]
        series.merge(resolution, bars, Wanted(bars[0].start, math.inf, -math.inf), DAWN + 10.0)
        series.take("")
    return series


def _share() -> Series:
    """A share with as many minutes as are kept, all made of trades."""
    series = Series()
    series.begin(DAWN - 40 * DAY, DAWN)
    for at in range(DAWN - (MOST_MINUTES + 100) * MINUTE, DAWN, MINUTE):
        opened = datetime.fromtimestamp(at, UTC)
        series.add([VenueTrade(f"{at}-000001", _number(at, 2), Decimal(at % 97 + 1), "buy", opened)])
        series.take("")
    return series


def _taken(filled: Callable[[], Series]) -> int:
    """Returns the bytes that the bars take; for a process of its own, since other threads' memory counts too."""
    tracemalloc.start()
    series = filled()
    gc.collect()
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert len(series.chart("1m", MOST_MINUTES, DAWN + 10.0).candles) == MOST_MINUTES
    return taken


@pytest.mark.slow
@pytest.mark.parametrize(("filled", "most"), [(_pair, 0.25), (_share, 0.35)])
def test_all_bars_of_a_symbol_take_a_fraction_of_a_mebibyte(filled: Callable[[], Series], most: float) -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
        assert alone.submit(_taken, filled).result() / MIB < most
