"""BTCTurk's frames are read exactly, and nothing that comes can raise."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdata.events import Acknowledged, Bar, BookDiff, BookSnapshot, CandleUpdate, Ticker, Top, Trades, Unreadable
from marketdata.venues.btcturk.frames import KINDS, REASONS, classify, parse, subscription

FRAMES = {
    file.stem: json.loads(file.read_text())["frame"].encode()
    for file in sorted((Path(__file__).parent / "frames").glob("*.json"))
}
TICKER, SNAPSHOT, DIFF = FRAMES["ticker"], FRAMES["obdiff_whole"], FRAMES["obdiff_changes"]
TRADES, TRADE, TICKERS, BAR = (
    FRAMES["trade_list"],
    FRAMES["trade_time_and_id_turned"],
    FRAMES["ticker_all"],
    FRAMES["tradeview"],
)


def _only(frame: bytes) -> Any:
    (event,) = parse(frame).events
    return event


def test_a_ticker_gives_last_price_and_daily_change() -> None:
    best = Top(Decimal("86689"), Decimal("0.00863785"), Decimal("86699"), Decimal("0.00288357"))
    assert _only(TICKER) == Ticker("BTCUSDT", Decimal("86766"), Decimal("1.53"), best=best)
    assert _only(TICKER.replace(b'"LA"', b'"La"')) == _only(TICKER)


def test_a_ticker_tells_of_each_side_by_itself_and_without_best_prices_of_none() -> None:
    for bid in (b"", b'"B":null,', b'"B":"0",', b'"B":"-1",'):
        assert _only(TICKER.replace(b'"B":"86689",', bid)).best == Top(
            None, None, Decimal(86699), Decimal("0.00288357")
        )
    assert _only(TICKER.replace(b'"B":"86689","A":"86699",', b"")).best is None


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


def test_a_trade_is_the_same_however_its_time_and_id_are_written() -> None:
    assert _only(TRADE) == _only(FRAMES["trade"])


def test_one_bad_ticker_among_all_does_not_cost_the_others() -> None:
    good, never_traded = parse(TICKERS).events
    assert good == _only(TICKER)
    assert isinstance(never_traded, Ticker)
    assert never_traded.last is None
    for bad in (b'"NaN"', b"{}", b'"1,5"', b"null", b'"-1"'):
        without, _ = parse(TICKERS.replace(b'"LA":"86766"', b'"LA":' + bad)).events
        assert without == msgspec.structs.replace(good, last=None)


_BAD_TICKERS: list[tuple[bytes, str]] = [
    (b'{"LA":"5"}', "row 1"),
    (b'{"PS":null,"LA":"5"}', "row 1"),
    (b'{"PS":{},"LA":"5"}', "row 1"),
    (b"null", "row 1"),
    (b'"BTCTRY"', "row 1"),
    (b"[]", "row 1"),
]


@pytest.mark.parametrize(("bad", "name"), _BAD_TICKERS)
@pytest.mark.parametrize("odd", [b"", b" "])
def test_a_bad_ticker_among_all_is_left_out_by_its_name(bad: bytes, name: str, odd: bytes) -> None:
    good = [b'{"PS":"ETHTRY","LA":"86766"}', b'{"PS":"USDTTRY","LA":41.5}']
    items = b",".join([good[0], bad, good[1]])
    found = parse(b'[%s401,{"items":[%s],"channel":"ticker","event":"all","type":401}]' % (odd, items))
    assert [(event.pair, event.last) for event in found.events if isinstance(event, Ticker)] == [
        ("ETHTRY", Decimal(86766)),
        ("USDTTRY", Decimal("41.5")),
    ]
    assert (found.kind, len(found.events)) == ("401", 2)
    assert [(row.of, row.row) for row in found.left_out] == [("401", name)]
    assert found.left_out[0].reason


def test_the_present_bar_is_read_with_its_start_and_resolution() -> None:
    start = datetime(2026, 9, 23, 3, 20, tzinfo=UTC)
    numbers = (Decimal(number) for number in ("4012345", "4012350", "4012340", "4012346", "0.00828347"))
    assert _only(BAR) == CandleUpdate("BTCTRY", "1", Bar(int(start.timestamp()), *numbers))


def test_the_whole_book_of_the_other_channel_is_told_apart() -> None:
    assert _only(FRAMES["orderbook_whole"]).channel == "orderbook"


def test_a_side_without_levels_is_read() -> None:
    assert _only(FRAMES["obdiff_empty_side"]).asks == ()


@pytest.mark.parametrize("name", sorted(FRAMES))
def test_every_recorded_frame_is_read_and_counted_by_its_model(name: str) -> None:
    frame = FRAMES[name]
    model = json.loads(frame)[0]
    assert parse(frame).kind == ("other" if model == 9999 else str(model))


@pytest.mark.parametrize("name", sorted(FRAMES))
def test_blanks_and_another_order_of_fields_change_nothing(name: str) -> None:
    model, body = json.loads(FRAMES[name])
    turned = json.dumps([model, dict(reversed(body.items()))], indent=1).encode()
    assert parse(turned) == parse(FRAMES[name])


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
        (b'{"type":402}', "shape"),
        (b'["402",{}]', "field"),
        (b"[402]", "shape"),
        (b"[" * 5_000, "json"),
        (b"[402,{}]", "field"),
        (b"[431,7]", "field"),
        (DIFF.replace(b'"CP":1', b'"PS":1'), "field"),
        (DIFF.replace(b'"CS":4008255', b'"CS":"x"'), "field"),
        (TRADE.replace(b'"S":0', b'"S":2'), "field"),
        (DIFF.replace(b'"1.98627663"', b'"Infinity"'), "number"),
        (DIFF.replace(b'"1.98627663"', b'"-0.1"'), "number"),
        (TRADE.replace(b'"1790133600456"', b'"soon"'), "time"),
        (TRADE.replace(b'"1790133600456"', b"99999999999999999999"), "time"),
        (TRADE.replace(b'"1790133600456"', b'"' + b"9" * 5_000 + b'"'), "time"),
        (BAR.replace(b"1790133600", b"-999999999999999"), "time"),
        (BAR.replace(b'"H":"4012350"', b'"H":"1"'), "number"),
        (BAR.replace(b'"V":"0.00828347"', b'"V":"NaN"'), "number"),
        (TICKERS.replace(b'"items":[', b'"items":[['), "json"),
        (TICKERS.replace(b'"items"', b'"things"'), "field"),
        (DIFF + b"]", "json"),
        (b"[432,7,8]", "field"),
        (b"[432]", "shape"),
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
_FIELDS = ["PS", "CS", "AO", "BO", "CP", "P", "A", "LA", "DP", "D", "I", "S", "symbol", "items", "channel", "ok", "R"]
_BODIES = st.dictionaries(st.sampled_from(_FIELDS), _JSON, max_size=7)
_MODELS = st.sampled_from([100, 401, 402, 421, 422, 428, 431, 432, 991, 7])
_REAL = st.sampled_from(sorted(FRAMES.values()))


@given(st.binary(max_size=200))
def test_arbitrary_bytes_never_raise(frame: bytes) -> None:
    _require_sane(frame)


@given(st.sampled_from([b"[%d," % model for model in (100, 401, 402, 421, 422, 428, 431, 432)]), st.binary(max_size=60))
def test_arbitrary_bytes_after_a_known_beginning_never_raise(head: bytes, rest: bytes) -> None:
    _require_sane(head + rest)


@given(_JSON)
def test_arbitrary_json_never_raises(value: Any) -> None:
    _require_sane(json.dumps(value).encode())


@given(_MODELS, _BODIES)
def test_arbitrary_frames_of_known_models_never_raise(model: int, body: dict[str, Any]) -> None:
    _require_sane(json.dumps([model, body]).encode())


@given(_REAL, st.integers(0, 600), st.integers(0, 9), st.binary(max_size=3))
def test_damaged_frames_never_raise(frame: bytes, at: int, lost: int, damage: bytes) -> None:
    _require_sane(frame[:at] + damage + frame[at + lost :])


@given(_REAL, st.data())
def test_frames_with_another_value_somewhere_never_raise(frame: bytes, data: st.DataObject) -> None:
    value = json.loads(frame)
    place, field = data.draw(st.sampled_from(_places(value)))
    place[field] = data.draw(_JSON)
    _require_sane(json.dumps(value, separators=(",", ":")).encode())


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every place of a JSON value where another value could stand, as its holder and its name or index there."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for name, part in inner for found in ((value, name), *_places(part))]


def _require_sane(frame: bytes) -> None:
    parsed = parse(frame)
    assert parsed.kind in KINDS
    for event in parsed.events:
        if isinstance(event, Unreadable):
            assert event.reason in REASONS
        if isinstance(event, BookSnapshot | BookDiff):
            assert all(level.price > 0 and level.quantity >= 0 for level in (*event.asks, *event.bids))
    class_, key = classify(frame)
    assert class_ in ("keep", "coalesce", "sequence", "plain")
    assert isinstance(key, str)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("obdiff_changes", ("sequence", "obdiff:ETHUSDT")),
        ("obdiff_whole", ("sequence", "obdiff:BTCUSDT")),
        ("orderbook_whole", ("coalesce", "orderbook:BTCUSDT")),
        ("trade", ("keep", "trade:BTCTRY")),
        ("trade_list", ("keep", "trade:BTCTRY")),
        ("ticker", ("coalesce", "ticker:BTCUSDT")),
        ("ticker_all", ("coalesce", "ticker:all")),
        ("tradeview", ("coalesce", "tradeview:BTCTRY_1")),
        ("join_taken", ("plain", "")),
        ("unknown_model", ("plain", "")),
    ],
)
def test_what_may_be_done_with_a_frame_without_room_is_told_with_its_stream(
    name: str, expected: tuple[str, str]
) -> None:
    assert classify(FRAMES[name]) == expected


def test_a_subscription_names_one_channel_and_one_pair() -> None:
    assert json.loads(subscription("obdiff", "BTCUSDT", join=False)) == [
        151,
        {"type": 151, "channel": "obdiff", "event": "BTCUSDT", "join": False},
    ]
