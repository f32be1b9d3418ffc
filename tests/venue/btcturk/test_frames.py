"""The venue's frames have the documented shapes, and its diffs lead from one book to the next."""

from __future__ import annotations

import json
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.venue.btcturk.rig import START
from venue.btcturk import frames
from venue.btcturk.ladder import Levels
from venue.btcturk.market import BtcturkMarket
from venue.btcturk.pairs import decimal_text
from venue.btcturk.views import PairView

_SIDE = st.dictionaries(st.integers(1, 60), st.integers(1, 5), max_size=20)


def _levels(side: dict[int, int], descending: bool) -> Levels:
    return tuple(sorted(side.items(), reverse=descending))


@given(_SIDE, _SIDE, st.booleans())
def test_changes_lead_from_one_window_to_the_next(before: dict[int, int], after: dict[int, int], bids: bool) -> None:
    found = frames.changes(_levels(before, bids), _levels(after, bids))
    book = dict(before)
    for code, price, amount in found:
        assert amount > 0
        if code == frames.DELETED:
            assert amount == book.pop(price)
        else:
            assert (price in book) == (code == frames.UPDATED)
            book[price] = amount
    assert book == after


@given(st.integers(0, 10**15), st.integers(0, 10))
def test_decimal_text_is_exact_and_plain(mantissa: int, scale: int) -> None:
    text = decimal_text(mantissa, scale)
    assert Decimal(text) == Decimal(mantissa).scaleb(-scale)
    assert "e" not in text.lower()
    assert not text.endswith(".")


def _view(pair: str) -> PairView:
    return BtcturkMarket(1, START).view()[pair]


def test_the_ticker_has_the_captured_keys_in_their_order() -> None:
    kind, body = json.loads(frames.ticker(_view("BTCUSDT")))
    assert kind == 402
    keys = "B A BA AA PS H L LA O V AV D DP DS NS PId channel event type"
    assert list(body) == keys.split()
    texts = {name: value for name, value in body.items() if name not in ("PId", "type")}
    assert all(isinstance(value, str) for value in texts.values())
    assert body["PId"] == 19


def test_the_whole_book_has_prices_on_the_tick_best_first() -> None:
    view = _view("ETHUSDT")
    kind, body = json.loads(frames.book(view, "obdiff", 17))
    assert (kind, body["CS"], body["PS"], body["channel"], body["event"]) == (431, 17, "ETHUSDT", "obdiff", "ETHUSDT")
    asks, bids = ([Decimal(level["P"]) for level in body[side]] for side in ("AO", "BO"))
    assert asks == sorted(asks)
    assert bids == sorted(bids, reverse=True)
    assert all(price % view.spec.tick == 0 for price in asks + bids)


def test_trades_come_newest_first_with_integer_times_and_sides() -> None:
    view = _view("BTCTRY")
    kind, body = json.loads(frames.trade_list(view))
    times = [item["D"] for item in body["items"]]
    assert (kind, body["symbol"]) == (421, "BTCTRY")
    assert times == sorted(times, reverse=True)
    assert {item["S"] for item in body["items"]} == {0, 1}
    kind, single = json.loads(frames.trade_single(view.spec, view.trades[-1]))
    assert kind == 422
    assert single["I"] == body["items"][0]["I"]
    assert single["PS"] == "BTCTRY"
