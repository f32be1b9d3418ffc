"""The instruments outlive the process; a file that is not right is refused, told and left."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from common.wire import Instrument
from marketdata.venues.btcturk.instrument_file import InstrumentFile
from marketdata.venues.btcturk.known_pairs import KnownPair

NOW = 1_790_000_000.0
ADDRESS = "http://venue:7001"
PAIRS = {
    "BTCTRY": KnownPair(
        1,
        Instrument(
            symbol="BTCTURK:BTCTRY",
            base_asset="BTC",
            quote_currency="TRY",
            tick_size=Decimal("0.10"),
            lot_size=Decimal("1E-8"),
            min_notional=Decimal("99.91"),
            state="halted",
            reason="the venue's status is 'HALTED'",
        ),
    )
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "btcturk_instruments.json"


def file(path: Path | None, *, address: str = ADDRESS, now: float = NOW) -> InstrumentFile:
    return InstrumentFile(path, address, lambda: now)


def test_what_was_saved_is_read_exactly_with_the_time_it_was_told(path: Path) -> None:
    file(path).save(PAIRS)
    stored = file(path, now=NOW + 86_400).load()
    assert stored is not None
    assert (stored.told_at, stored.pairs) == (NOW, PAIRS)
    assert str(stored.pairs["BTCTRY"].instrument.tick_size) == "0.10"


def test_no_file_and_no_place_for_one_are_no_faults(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert file(path).load() is None
    assert file(None).load() is None
    file(None).save(PAIRS)
    assert caplog.records == []


def _changed(**changes: Any) -> Callable[[bytes], bytes]:
    return lambda content: json.dumps(json.loads(content) | changes).encode()


def _with_rule(name: str, value: Any) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        stored = json.loads(content)
        stored["pairs"]["BTCTRY"]["instrument"][name] = value
        return json.dumps(stored).encode()

    return change


@pytest.mark.parametrize(
    "damage",
    [
        lambda _content: b"",
        lambda content: content[: len(content) // 2],
        lambda _content: b"\xff\xfe\x00",
        lambda _content: b"[" * 100_000,
        lambda _content: b"null",
        _changed(version=2),
        _changed(version="1"),
        _changed(version=None),
        _changed(told_at=NOW + 3_600),
        _changed(told_at=-1),
        _changed(told_at=1e300),
        _changed(address="https://api.btcturk.com"),
        _changed(pairs=[]),
        _with_rule("tick_size", "0"),
        _with_rule("tick_size", "NaN"),
        _with_rule("lot_size", "-1"),
        _with_rule("min_notional", "Infinity"),
        _with_rule("symbol", "BTCTURK:ETHTRY"),
        _with_rule("state", "sleeping"),
    ],
)
def test_a_file_that_is_not_right_is_refused_told_and_left(
    path: Path, caplog: pytest.LogCaptureFixture, damage: Callable[[bytes], bytes]
) -> None:
    file(path).save(PAIRS)
    wrong = damage(path.read_bytes())
    path.write_bytes(wrong)
    with caplog.at_level(logging.WARNING):
        assert file(path).load() is None
    assert [record.message for record in caplog.records] == ["the stored instruments can't be used"]
    assert path.read_bytes() == wrong


def test_a_clock_that_was_set_back_a_little_does_not_make_a_file_one_from_the_future(path: Path) -> None:
    file(path).save(PAIRS)
    assert file(path, now=NOW - 59).load() is not None
    assert file(path, now=NOW - 61).load() is None


def test_a_place_that_cannot_be_written_is_told_and_costs_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        file(tmp_path / "nowhere" / "file").save(PAIRS)
        file(tmp_path).save(PAIRS)
        assert file(tmp_path).load() is None
    assert [record.message for record in caplog.records].count("the instruments could not be stored") == 2
