"""BTCTurk's frames are read exactly, and nothing that comes can raise."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdata.venues.btcturk import KINDS, REASONS, parse, subscription
from marketdata.venues.events import Acknowledged, BookDiff, BookSnapshot, Ticker, Trades, Unreadable

# Captured by a third party on 2026-09-23; the books are cut to a few levels.
TICKER = (
    b'[402,{"B":"86689","A":"86699","BA":"0.00863785","AA":"0.00288357","PS":"BTCUSDT","H":"86800","L":"85148",'
    b'"LA":"86766","O":"85459","V":"16.43392495","AV":"86078.604090120000","D":"1240","DP":"1.53","DS":"USDT",'
    b'"NS":"BTC","PId":19,"channel":"ticker","event":"BTCUSDT","type":402}]'
)
SNAPSHOT = (
    b'[431,{"CS":3999242,"PS":"BTCUSDT","AO":[{"A":"0.00288357","P":"86699"},{"A":"0.06358459","P":"86718"}],'
    b'"BO":[{"A":"0.00863785","P":"86689"},{"A":"0.02307124","P":"86688"}],"channel":"obdiff","event":"BTCUSDT",'
    b'"type":431}]'
)
DIFF = (
    b'[432,{"CS":4008255,"PS":"ETHUSDT","AO":[{"CP":1,"P":"2769","A":"1.98627663"},{"CP":3,"P":"2769.6",'
    b'"A":"1.98584633"},{"CP":0,"P":"2770.3","A":"0.400488"}],"BO":[{"CP":3,"P":"2765.9","A":"2.86453815"},'
    b'{"CP":1,"P":"2531.9","A":"0.00789131"}],"channel":"obdiff","event":"ETHUSDT","type":432}]'
)
# Composed from the venue's documents.
TRADES = (
    b'[421,{"symbol":"BTCTRY","items":[{"D":1790133599123,"I":"100163785789620803","A":"0.0072834700","P":"4012345",'
    b'"S":1}],"channel":"trade","event":"BTCTRY","type":421}]'
)
TRADE = (
    b'[422,{"D":"1790133600456","I":100163785789620804,"A":"0.00100000","P":"4012346","PS":"BTCTRY","S":0,'
    b'"channel":"trade","event":"BTCTRY","type":422}]'
)


def _only(frame: bytes) -> Any:
    (event,) = parse(frame).events
    return event


def test_a_ticker_gives_last_price_and_daily_change() -> None:
    assert _only(TICKER) == Ticker("BTCUSDT", Decimal("86766"), Decimal("1.53"))
    assert _only(TICKER.replace(b'"LA"', b'"La"')) == _only(TICKER)


def test_a_whole_book_is_read_exactly() -> None:
    book = _only(SNAPSHOT)
    assert isinstance(book, BookSnapshot)
    assert (book.pair, book.channel, book.sequence) == ("BTCUSDT", "obdiff", 3999242)
    assert [(str(level.price), str(level.quantity)) for level in book.asks] == [
        ("86699", "0.00288357"),
        ("86718", "0.06358459"),
    ]
    assert book.bids[0].price == Decimal("86689")


def test_a_difference_keeps_its_change_codes() -> None:
    diff = _only(DIFF)
    assert isinstance(diff, BookDiff)
    assert (diff.pair, diff.sequence) == ("ETHUSDT", 4008255)
    assert [change.kind for change in (*diff.asks, *diff.bids)] == [1, 3, 0, 3, 1]
    assert diff.asks[2].quantity == Decimal("0.400488")


def test_trades_are_read_whether_time_and_id_are_numbers_or_texts() -> None:
    listed, single = _only(TRADES), _only(TRADE)
    assert isinstance(listed, Trades)
    assert (listed.pair, listed.replay, listed.trades[0].side) == ("BTCTRY", True, "sell")
    assert listed.trades[0].venue_time == datetime(2026, 9, 23, 3, 19, 59, 123000, tzinfo=UTC)
    assert (single.replay, single.trades[0].side) == (False, "buy")
    assert single.trades[0].trade_id == "100163785789620804"


def test_an_acknowledgement_says_whether_it_was_taken() -> None:
    frame = b'[100,{"type":100,"ok":false,"message":"join|obdiff:BTCUSDT"}]'
    assert _only(frame) == Acknowledged(False, "join|obdiff:BTCUSDT")


def test_unknown_models_say_nothing_and_are_no_fault() -> None:
    frame = parse(b'[9999,{"type":9999,"new":"thing"}]')
    assert (frame.kind, frame.events) == ("other", ())
    assert parse(b'[991,{"type":991,"current":"6.0.0","min":"2.3.0"}]').kind == "991"


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"", "json"),
        (b"hello", "json"),
        (b'[402,{"B":', "json"),
        (b"[" * 5_000, "shape"),
        (b'{"type":402}', "shape"),
        (b'["402",{}]', "shape"),
        (b"[402]", "shape"),
        (b"[402,{}]", "field"),
        (b"[431,7]", "field"),
        (DIFF.replace(b'"CP":1', b'"PS":1'), "field"),
        (DIFF.replace(b'"CS":4008255', b'"CS":"x"'), "field"),
        (TRADE.replace(b'"S":0', b'"S":2'), "field"),
        (SNAPSHOT.replace(b'"86699"', b'"abc"'), "field"),
        (SNAPSHOT.replace(b'"86699"', b'"NaN"'), "number"),
        (SNAPSHOT.replace(b'"86699"', b'"-1"'), "number"),
        (SNAPSHOT.replace(b'"86699"', b'"0"'), "number"),
        (SNAPSHOT.replace(b'"86699"', b'"1e999999"'), "number"),
        (DIFF.replace(b'"1.98627663"', b'"Infinity"'), "number"),
        (DIFF.replace(b'"1.98627663"', b'"-0.1"'), "number"),
        (TICKER.replace(b'"1.53"', b'"sNaN"'), "number"),
        (TRADE.replace(b'"1790133600456"', b'"soon"'), "time"),
        (TRADE.replace(b'"1790133600456"', b"99999999999999999999"), "time"),
    ],
)
def test_what_cannot_be_read_is_told_by_reason(frame: bytes, reason: str) -> None:
    parsed = parse(frame)
    assert (parsed.kind, parsed.events) == ("unreadable", (Unreadable(reason),))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=5,
)
_FIELDS = ["PS", "CS", "AO", "BO", "CP", "P", "A", "LA", "DP", "D", "I", "S", "symbol", "items", "channel", "ok"]
_BODIES = st.dictionaries(st.sampled_from(_FIELDS), _JSON, max_size=7)
_MODELS = st.sampled_from([100, 402, 421, 422, 431, 432, 991, 7])


@given(st.binary(max_size=200))
def test_arbitrary_bytes_never_raise(frame: bytes) -> None:
    _require_sane(frame)


@given(_JSON)
def test_arbitrary_json_never_raises(value: Any) -> None:
    _require_sane(json.dumps(value).encode())


@given(_MODELS, _BODIES)
def test_arbitrary_frames_of_known_models_never_raise(model: int, body: dict[str, Any]) -> None:
    _require_sane(json.dumps([model, body]).encode())


@given(st.sampled_from([TICKER, SNAPSHOT, DIFF, TRADES, TRADE]), st.integers(0, 250), st.binary(min_size=1, max_size=3))
def test_damaged_frames_never_raise(frame: bytes, at: int, damage: bytes) -> None:
    _require_sane(frame[:at] + damage + frame[at + len(damage) :])


def _require_sane(frame: bytes) -> None:
    parsed = parse(frame)
    assert parsed.kind in KINDS
    for event in parsed.events:
        if isinstance(event, Unreadable):
            assert event.reason in REASONS
        if isinstance(event, BookSnapshot | BookDiff):
            assert all(level.price > 0 and level.quantity >= 0 for level in (*event.asks, *event.bids))


def test_a_subscription_names_one_channel_and_one_pair() -> None:
    assert json.loads(subscription("obdiff", "BTCUSDT", join=False)) == [
        151,
        {"type": 151, "channel": "obdiff", "event": "BTCUSDT", "join": False},
    ]
