"""Bars are read however they are written, and bar by bar; an answer that can't be used says why."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from marketdata.events import Bar
from marketdata.rest.replies import UnusableAnswer
from marketdata.venues.btcturk.bar_answers import days, minutes
from tests.marketdata.venues.btcturk.test_oddframes import FORMS, rewritten

DAY: dict[str, Any] = {
    "pair": "BTCTRY",
    "time": 1790035200,
    "open": 5.5,
    "high": "6.5",
    "low": 5,
    "close": 6,
    "volume": "0.30",
}


def days_of(**changed: Any) -> bytes:
    return json.dumps([DAY | changed]).encode()


def test_daily_bars_are_read_exactly_whether_numbers_or_texts() -> None:
    numbers = (Decimal(number) for number in ("5.5", "6.5", "5", "6", "0.30"))
    assert days(days_of()).rows == (Bar(1790035200, *numbers),)


def test_bars_come_out_in_the_order_of_time() -> None:
    body = json.dumps([DAY, DAY | {"time": 1790035200 - 86_400}]).encode()
    assert [bar.start for bar in days(body).rows] == [1790035200 - 86_400, 1790035200]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        days_of(high=5),
        days_of(low="6"),
        days_of(low=0),
        days_of(volume=-1),
        days_of(volume="NaN"),
        days_of(time=-5),
        json.dumps([DAY, DAY | {"close": "5.5"}]).encode(),
        json.dumps([DAY, DAY | {"time": 1790035201}]).encode(),
    ],
)
def test_daily_bars_that_cannot_be_are_refused(body: bytes) -> None:
    with pytest.raises(UnusableAnswer, match="ohlcs"):
        days(body)


def klines(**changed: Any) -> bytes:
    body = {"s": "ok", "t": [60, 180], "o": [1, 2], "h": [3, 4], "l": [1, 1], "c": [2, 3], "v": [0, "1.5"]}
    return json.dumps(body | changed).encode()


def test_minute_bars_are_read_from_their_columns() -> None:
    assert [(bar.start, str(bar.high), str(bar.volume)) for bar in minutes(klines()).rows] == [
        (60, "3", "0"),
        (180, "4", "1.5"),
    ]
    assert minutes(b'{"s":"no_data"}').rows == ()


@pytest.mark.parametrize(
    "body",
    [
        klines(s="error"),
        klines(v=[1]),
        klines(t=[60, 90]),
        klines(t=[60, 60]),
        klines(t=None),
        klines(v=None),
        klines(h=[1, 0]),
        b"[]",
    ],
)
def test_minute_bars_that_cannot_be_are_refused(body: bytes) -> None:
    with pytest.raises(UnusableAnswer, match="klines"):
        minutes(body)


BAD_VALUES: list[Any] = [None, "", "x", "NaN", "-1", [], {}, "1e99"]


@pytest.mark.parametrize("bad", BAD_VALUES)
@pytest.mark.parametrize("field", ["time", "open", "high", "low", "close", "volume"])
def test_a_bad_day_is_left_out_and_the_others_stand(field: str, bad: Any) -> None:
    rows = [DAY, DAY | {"time": DAY["time"] + 86_400, field: bad}, DAY | {"time": DAY["time"] + 2 * 86_400}]
    found = days(json.dumps(rows).encode())
    assert [bar.start for bar in found.rows] == [DAY["time"], DAY["time"] + 2 * 86_400]
    assert [row.of for row in found.left_out] == ["ohlcs"]


@pytest.mark.parametrize("bad", BAD_VALUES)
@pytest.mark.parametrize("column", ["t", "o", "h", "l", "c", "v"])
def test_a_minute_with_a_bad_value_is_left_out_as_a_row(column: str, bad: Any) -> None:
    columns = {name: [start, start, start] for name, start in {"o": 2, "h": 3, "l": 1, "c": 2, "v": 1}.items()}
    columns["t"] = [60, 120, 180]
    columns[column][1] = bad
    found = minutes(klines(**columns))
    assert [bar.start for bar in found.rows] == [60, 180]
    assert [row.of for row in found.left_out] == ["klines"]


@pytest.mark.parametrize("zero", [0, "0", 0.0])
@pytest.mark.parametrize("column", ["o", "h", "l", "c"])
def test_a_bar_with_a_price_of_nothing_is_no_bar(column: str, zero: Any) -> None:
    columns = {"o": [2, 2], "h": [3, 3], "l": [1, 1], "c": [2, 2], "v": [0, 1]}
    columns[column][0] = zero
    assert [bar.start for bar in minutes(klines(**columns)).rows] == [180]


def test_a_day_that_is_told_twice_is_one_and_one_that_is_told_in_two_ways_is_none() -> None:
    later = DAY | {"time": DAY["time"] + 86_400}
    assert len(days(json.dumps([DAY, DAY, later]).encode()).rows) == 2
    found = days(json.dumps([DAY, DAY | {"close": "5.5"}, later]).encode())
    assert [bar.start for bar in found.rows] == [later["time"]]
    assert len(found.left_out) == 2


def test_a_day_out_of_step_is_left_out() -> None:
    rows = [DAY | {"time": DAY["time"] + offset} for offset in (0, 86_400, 90_000, 2 * 86_400)]
    found = days(json.dumps(rows).encode())
    assert len(found.rows) == 3
    assert [row.row for row in found.left_out] == [str(DAY["time"] + 90_000)]


def test_float_noise_of_a_bar_is_put_on_its_tick_and_a_price_off_its_tick_leaves_the_bar_out() -> None:
    noisy = klines(o=[6.0229997634888, 2], h=[6.0229997634888, 4], l=[6.0199999809265, 1], c=[6.02, 2])
    assert [str(number) for number in minutes(noisy, Decimal("0.001")).rows[0][1:5]] == [
        "6.023",
        "6.023",
        "6.020",
        "6.02",
    ]
    found = minutes(noisy, Decimal("0.01"))
    assert [bar.start for bar in found.rows] == [180]
    assert "off_tick" in found.left_out[0].reason


@pytest.mark.parametrize("form", sorted(FORMS))
@pytest.mark.parametrize(("read", "body"), [(days, days_of()), (minutes, klines())])
def test_a_number_is_the_same_in_every_form_in_every_field(read: Any, body: bytes, form: str) -> None:
    assert read(rewritten(json.loads(body), FORMS[form]).encode()) == read(body)


@pytest.mark.parametrize(
    ("times", "bad", "lost"),
    [
        ([60, 120, 180, 240], {"h": [2]}, [(180, 240)]),
        ([60, 120, 180, 240], {"h": [1, 2]}, [(120, 180), (180, 240)]),
        ([240, 180, 120, 60], {"h": [1]}, [(180, 240)]),
        ([60, None, 240], {}, [(120, 240)]),
        ([60, "-1", 240], {}, [(120, 240)]),
        ([60, 150, 240, 300], {}, [(120, 240)]),
        ([240, None, 60], {}, [(120, 240)]),
        ([60, None, 120], {}, [(120, 120)]),
        ([None, 60, 120], {}, []),
        ([60, 120, None], {}, []),
        ([120, 60, None, 240], {}, [(60, 300)]),
        ([60, 120, 120, 180], {"h": [2]}, []),
        ([60, 60, 120, 180], {"c": [1]}, [(60, 120)]),
    ],
)
def test_the_time_of_a_bar_that_is_left_out_is_lost_and_no_more(
    times: list[Any], bad: dict[str, list[int]], lost: list[tuple[int, int]]
) -> None:
    columns: dict[str, list[Any]] = {name: [2] * len(times) for name in "olcv"} | {"t": times, "h": [3] * len(times)}
    for name, places in bad.items():
        for place in places:
            columns[name][place] = 1 if name == "h" else 3
    found = minutes(klines(**columns))
    assert list(found.lost) == lost
    assert found.left_out


def test_a_bar_that_was_told_twice_and_once_badly_is_known() -> None:
    columns = {"t": [60, 60, 120], "o": [2, 2, 2], "h": [3, 1, 3], "l": [1, 1, 1], "c": [2, 2, 2], "v": [1, 1, 1]}
    found = minutes(klines(**columns))
    assert [bar.start for bar in found.rows] == [60, 120]
    assert found.lost == ()


def test_longer_bars_are_read_in_their_own_step() -> None:
    assert [bar.start for bar in minutes(klines(t=[900, 2700]), apart=900).rows] == [900, 2700]
    with pytest.raises(UnusableAnswer, match="900 s"):
        minutes(klines(t=[900, 960]), apart=900)
