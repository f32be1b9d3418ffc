"""Changes of a book that are read the quick way are those that are read the long way, and so is all that follows."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.clock import Clock
from marketdata.counters import Counters
from marketdata.state.candlestore import CandleStore
from marketdata.state.listing import Listing
from marketdata.state.store import Store
from marketdata.venues.btcturk.diffs import LONGEST_PRICE, MOST_PRICES, DiffReader
from marketdata.venues.btcturk.frames import KINDS, REASONS, SOURCE, parse
from marketdata.venues.btcturk.intake import BtcturkIntake, StreamHooks
from marketdata.venues.btcturk.steps import on_tick
from marketdata.venues.btcturk.subscriptions import Followed
from tests.marketdata.rig import book_change, frame, whole_book
from tests.marketdata.venues.btcturk.rig import INSTRUMENT

PAIR, TICK = "BTCTRY", Decimal("0.05")
STILL = Clock(lambda: 0.0, lambda: 1.79e9)

_PRICES = ["100", "100.05", "100.10", "100.1", "1.001e2", " 100.15 ", "99.95", "1e3", "1_000"]
_ODD_PRICES = [
    100,
    100.05,
    0,
    "0",
    "-100",
    "100.01",
    "100.049999",
    "NaN",
    "Infinity",
    "1e19",
    "",
    "x",
    None,
    True,
    [],
    "5" * 60,
]
_AMOUNTS = ["1", "0.00000001", "2.50", 3, 2.5]
_ODD_AMOUNTS = ["0", 0, "-1", "1e-19", "1e19", "NaN", "sNaN", None, "", {}]
_KINDS = st.sampled_from([0, 0, 0, 1, 1, 3, 3, 2])


def _changes(prices: list[Any], amounts: list[Any], kinds: Any = _KINDS) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(
        st.fixed_dictionaries({"CP": kinds, "P": st.sampled_from(prices), "A": st.sampled_from(amounts)}), max_size=4
    )


_USUAL = _changes(_PRICES, _AMOUNTS)
_ANY: st.SearchStrategy[Any] = (
    _USUAL
    | _changes(_PRICES + _ODD_PRICES, _AMOUNTS + _ODD_AMOUNTS, _KINDS | st.sampled_from(["0", 0.0, None]))
    | st.sampled_from([None, {}, [None], "text"])
)


def _frame(asks: Any, bids: Any, **more: Any) -> bytes:
    return frame(
        432, {"CS": 11, "PS": PAIR, "AO": asks, "BO": bids, "channel": "obdiff", "event": PAIR, **more}
    ).encode()


def _reader(tick: Decimal | None = TICK) -> DiffReader:
    return DiffReader(lambda _pair: tick)


def _told(event: Any) -> list[tuple[int, str, str]]:
    """The changes with their numbers digit by digit: `Decimal("1.0")` and `Decimal("1")` are equal."""
    return [(change.kind, str(change.price), str(change.quantity)) for change in (*event.asks, *event.bids)]


READER = _reader()


@given(_ANY, _ANY)
def test_what_is_read_quickly_is_what_is_read_otherwise(asks: Any, bids: Any) -> None:
    payload = _frame(asks, bids)
    found, whole = READER.read(payload), parse(payload)
    if found is None:
        return
    assert (whole.kind, whole.events, whole.left_out, whole.oddities) == ("432", (found,), (), ())
    assert type(found) is type(whole.events[0])
    assert _told(found) == _told(whole.events[0])
    assert on_tick(found, TICK)


@given(_USUAL, _USUAL)
def test_a_frame_as_usual_is_read_quickly(asks: Any, bids: Any) -> None:
    assert READER.read(_frame(asks, bids)) is not None


CHANGE = {"CP": 0, "P": "100.05", "A": "1"}


@pytest.mark.parametrize(
    "payload",
    [
        *(_frame([{**CHANGE, "P": price}], []) for price in _ODD_PRICES),
        *(_frame([], [CHANGE, {**CHANGE, "A": amount}]) for amount in _ODD_AMOUNTS),
        _frame(None, [CHANGE]),
        _frame([CHANGE], []).replace(b'"CS":11', b'"CS":"11"'),
        _frame([CHANGE], []).replace(b"[432,", b"[ 432,"),
        _frame([CHANGE], [])[:-5],
        whole_book(PAIR, 10, {"101": "1"}, {"99": "2"}).encode(),
        b"[432," + b"[" * 100_000,
        b"[432,\xff]",
        b"",
    ],
    ids=lambda payload: payload[:150].decode(errors="replace"),
)
def test_a_frame_that_needs_a_closer_look_is_left_alone_also_when_its_prices_are_known(payload: bytes) -> None:
    reader = _reader()
    assert reader.read(_frame([CHANGE], [CHANGE])) is not None
    assert reader.read(payload) is None


def test_nothing_is_read_while_the_tick_is_not_known_and_another_tick_judges_every_price_anew() -> None:
    ticks: list[Decimal | None] = [None]
    reader = DiffReader(lambda _pair: ticks[-1])
    for tick, read in (
        (None, False),
        (TICK, True),
        (Decimal("0.1"), False),
        (Decimal("0.01"), True),
        (Decimal(0), False),
    ):
        ticks.append(tick)
        assert (reader.read(_frame([CHANGE], [])) is not None) == read, tick


def test_each_pair_has_a_tick_of_its_own() -> None:
    reader = DiffReader({PAIR: TICK, "ETHTRY": Decimal(1)}.get)
    assert reader.read(_frame([CHANGE], [])) is not None
    assert reader.read(_frame([CHANGE], [], PS="ETHTRY")) is None
    assert reader.read(_frame([CHANGE], [], PS="XRPTRY")) is None
    assert reader.read(_frame([CHANGE], [])) is not None


def test_only_so_many_prices_are_remembered_and_every_one_is_read_right() -> None:
    reader = _reader()
    for number in range(3 * MOST_PRICES):
        text = str(TICK * (number + 1))
        found = reader.read(_frame([{**CHANGE, "P": text}], [CHANGE]))
        assert found is not None
        assert _told(found) == [(0, text, "1"), (0, "100.05", "1")]
        assert len(reader._prices[PAIR]) <= MOST_PRICES
    assert reader.read(_frame([{**CHANGE, "P": "100." + "0" * LONGEST_PRICE}], [])) is None
    assert max(map(len, reader._prices[PAIR])) <= LONGEST_PRICE


class _Taking:
    """An intake with a store and counters of its own, and what it asked for."""

    def __init__(self, *, quick: bool) -> None:
        symbol, instrument = f"{SOURCE}:{PAIR}", {PAIR: INSTRUMENT}
        self.asked: list[object] = []
        self.told: list[bool] = []
        self.counters = Counters.of(kinds=KINDS, reasons=REASONS)
        self.store = Store([Listing(SOURCE, PAIR, "diffs")], market="simulated", stale_after=1e9, clock=STILL)
        self.intake = BtcturkIntake(
            Followed((PAIR,), "obdiff", lambda: instrument),
            store=self.store,
            candles=CandleStore([symbol], unix=lambda: 1.79e9),
            counters=self.counters,
            hooks=StreamHooks(self.asked.append, lambda *what: self.asked.append(what), lambda *_: None),
        )
        if not quick:
            self.intake._diffs = DiffReader(lambda _pair: None)

    def state(self) -> dict[str, Any]:
        state = self.store._states[f"{SOURCE}:{PAIR}"]
        counted = {one.name: getattr(self.counters, one.name) for one in fields(Counters)}
        del counted["clock_offset_seconds"]  # it is no number yet
        return counted | {
            "book": repr(state.book.levels(100)),
            "published": (
                repr(state.top),
                state.changed["book"],
                state.changed["quote"],
                state.book.live,
                state.lost_by,
            ),
            "proved": state.book_proved_at,
            "witness": repr([list(side._shown) for side in (self._witness()._bids, self._witness()._asks)]),
            "rest": (self.intake.off_tick, self.asked, self.told, self.store.sequence),
        }

    def _witness(self) -> Any:
        return self.intake.pairs[PAIR].witness


_NOISE = "102.00000001"
_SIDE = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 1, 3, 2]),
        st.sampled_from(["99", "100", "101", "102", "1.02e2", _NOISE, "102.5", "0"]),
        st.sampled_from(["1", "2.0", "0"]),
    ),
    max_size=3,
)
_STEP = st.sampled_from([1, 1, 1, 1, 0, 2])


@given(st.lists(st.tuples(_STEP, _SIDE, _SIDE, st.booleans()), min_size=1, max_size=8))
def test_a_run_of_frames_has_the_same_effects_whichever_way_it_is_read(runs: list[tuple[int, Any, Any, bool]]) -> None:
    quick, long = _Taking(quick=True), _Taking(quick=False)
    sequence, payloads = 10, [whole_book(PAIR, 10, {"101": "1", "103": "1"}, {"98": "2"})]
    for step, asks, bids, again in runs:
        sequence += step
        payloads.append(book_change(PAIR, sequence, asks, bids))
        if again:  # the last frame once more, written so that it is read the long way
            payloads.append(payloads[-1].replace("[432,", "[ 432,"))
    for number, payload in enumerate(payloads, 1):
        for taking in (quick, long):
            taking.told.append(taking.intake.read(payload.encode(), float(number), 1.79e9 + number))
        assert quick.state() == long.state(), payload
