"""AlgoLab's frames and answers are read however they are written; nothing is worth 0; prices are on their tick."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from marketdata.events import BookRow, Equilibrium, Ticker, Top, Trades
from marketdata.rest.replies import UnusableAnswer
from marketdata.venues.algolab import steps
from marketdata.venues.algolab.answers import EquityInfo, Refused, read_equity, read_refresh, read_text
from marketdata.venues.algolab.equity_requests import EquityAnswer, EquityRequests
from marketdata.venues.algolab.frames import classify, parse
from tests.marketdata.venues.algolab.rig import Running, running_feed
from tests.marketdata.venues.algolab.test_answers import EQUITY
from tests.marketdata.venues.algolab.test_frames import ROW, TICK, with_
from tests.marketdata.venues.btcturk.test_oddframes import FORMS, rewritten
from tests.venue.algolab.rig import Bist, running_bist
from tests.venue.rig import eventually

pytestmark = pytest.mark.slow

DAY = date(2026, 9, 22)
THYAO = "BIST:THYAO"


@pytest.mark.parametrize("form", sorted(FORMS))
@pytest.mark.parametrize("frame", [TICK, ROW])
def test_a_number_is_the_same_in_every_form_in_every_field(frame: dict[str, Any], form: str) -> None:
    told = rewritten(frame, FORMS[form]).encode()
    assert parse(told) == parse(json.dumps(frame).encode()), told


@pytest.mark.parametrize("zero", [0, 0.0, "0", "0.0", "0e0", None])
def test_a_tick_without_a_trade_may_give_way_to_a_newer_one_however_that_is_written(zero: Any) -> None:
    assert classify(with_(TICK, TradeQuantity=zero))[0] == "coalesce"
    assert [type(event) for event in parse(with_(TICK, TradeQuantity=zero)).events] == [Ticker, Equilibrium]


@pytest.mark.parametrize("value", [None, "", [], {"x": 1}, "junk", True])
@pytest.mark.parametrize("field", ["Market", "Change", "High", "Low", "Buying", "Selling", "OrderCount", "BrandNew"])
@pytest.mark.parametrize("frame", [TICK, ROW])
def test_a_field_that_nobody_uses_may_be_anything(frame: dict[str, Any], field: str, value: Any) -> None:
    assert parse(with_(frame, **{field: value})) == parse(with_(frame))


@pytest.mark.parametrize("field", ["ChangePercentage", "RefPrice", "BalancePrice", "BalanceAmount", "Bid", "Ask"])
@pytest.mark.parametrize("value", [None, "", "gone"])
def test_a_tick_is_usable_without_a_field_that_it_need_not_have(field: str, value: Any) -> None:
    content = {name: part for name, part in TICK["Content"].items() if name != field or value != "gone"}
    told = json.dumps({"Type": "T", "Content": content | ({} if value == "gone" else {field: value})}).encode()
    ticker = parse(told).events[0]
    assert isinstance(ticker, Ticker)
    assert ticker.last == Decimal("2.48")
    assert (ticker.best is None) == (field in ("Bid", "Ask"))


@pytest.mark.parametrize("direction", ["b", "B", " B ", "Buy", "BUY"])
def test_a_side_comes_in_any_case(direction: str) -> None:
    assert parse(with_(TICK, Direction=direction)) == parse(with_(TICK))
    assert parse(with_(ROW, Direction=direction)) == parse(with_(ROW))


@pytest.mark.parametrize("zero", [0, 0.0, "0", "0.00", None])
def test_a_row_of_nothing_empties_its_row(zero: Any) -> None:
    for changed in ({"Price": zero}, {"Quantity": zero}):
        (row,) = parse(with_(ROW, **changed)).events
        assert isinstance(row, BookRow)
        assert not (row.quantity and row.price)


@pytest.mark.parametrize("flag", ["true", "1", "1.0", '"true"', '"True"', '"1"'])
def test_a_flag_is_taken_in_every_form_of_true(flag: str) -> None:
    assert read_refresh(flag.encode())
    assert read_refresh(f'{{"Success":{flag},"message":null}}'.encode())
    assert read_text(f'{{"success":{flag},"content":{{"token":"x"}}}}'.encode(), "token") == "x"


@pytest.mark.parametrize("flag", ["false", "0", "0.0", '"false"', '"False"', '"0"'])
def test_a_flag_that_says_no_in_any_form_is_a_refusal(flag: str) -> None:
    assert not read_refresh(flag.encode())
    with pytest.raises(Refused, match="7"):
        read_text(f'{{"success":{flag},"message":7}}'.encode(), "token")


@pytest.mark.parametrize("form", sorted(FORMS))
def test_limits_are_the_same_in_every_form(form: str) -> None:
    assert read_equity(rewritten(json.loads(EQUITY), FORMS[form]).encode()) == read_equity(EQUITY)


@pytest.mark.parametrize("zero", [b'"0.000"', b"0", b"0.0", b"null", b'""'])
def test_limits_of_nothing_are_not_told_and_the_prices_stand(zero: bytes) -> None:
    for changed in (EQUITY.replace(b'"1.840"', zero), EQUITY.replace(b'"2.240"', zero)):
        info = read_equity(changed)
        assert info == EquityInfo(None, None, Decimal("2.05"), Decimal("2.06"), Decimal("2.06"), name="TSKB")
    assert read_equity(EQUITY.replace(b'"bid":"2.050"', b'"bid":' + zero)).bid is None
    with pytest.raises(UnusableAnswer):
        read_equity(b'{"success":true,"content":{}}')


def test_float_noise_is_put_on_its_tick_and_a_price_off_its_tick_costs_what_hangs_on_it() -> None:
    noisy = parse(with_(TICK, Price=2.4800000190734863, Ask=2.4800000190734863, RefPrice=2.7512345)).events
    (ticker, trades, _), left_out = steps.tick(noisy, DAY, None)
    assert isinstance(ticker, Ticker)
    assert isinstance(trades, Trades)
    assert (str(ticker.last), ticker.best, left_out) == ("2.48", Top(ask=Decimal("2.48")), ())
    assert (trades.trades[0].price, str(ticker.reference)) == (Decimal("2.48"), "2.7512345")
    whole = [Ticker, Trades, Equilibrium]
    for changed, kinds in (
        ({"Price": 2.483}, [Ticker, Equilibrium]),
        ({"Ask": 2.483}, whole),
        ({"Bid": 2.476}, whole),
        ({"BalancePrice": 2.483}, [Ticker, Trades]),
    ):
        events, left_out = steps.tick(parse(with_(TICK, **changed)).events, DAY, None)
        assert [type(event) for event in events] == kinds
        assert [(row.of, row.row, row.reason) for row in left_out] == [("T", "PEHOL", "off_tick")]
        (ticker,) = (event for event in events if isinstance(event, Ticker))
        assert (ticker.last is None, ticker.best is None) == ("Price" in changed, "Ask" in changed or "Bid" in changed)


def test_a_price_outside_of_the_brokers_limits_is_left_out() -> None:
    limits = (Decimal("2.50"), Decimal("3.00"))
    events, left_out = steps.tick(parse(with_(TICK)).events, DAY, limits)
    assert [type(event) for event in events] == [Ticker, Equilibrium]
    assert [row.reason for row in left_out] == ["outside_limits"]


def test_a_row_is_put_on_its_tick_and_one_off_its_tick_is_left_to_the_book_to_withhold() -> None:
    for told, found in ((20.040000915527344, "20.04"), (20.05, "20.05")):
        (row,) = parse(with_(ROW, Price=told)).events
        assert isinstance(row, BookRow)
        assert str(steps.row(row, DAY).price) == found


def test_an_answer_is_put_on_its_ticks_and_a_price_off_its_tick_is_not_told() -> None:
    info = EquityInfo(None, None, Decimal("2.4800000190734863"), None, Decimal("2.48"))
    settled = EquityInfo(None, None, Decimal("2.48"), None, Decimal("2.48"))
    assert steps.equity(info, DAY) == (settled, ())
    assert steps.equity(info._replace(ask=Decimal("2.483")), DAY) == (settled._replace(told=False), ("ask",))
    spoilt = info._replace(floor=Decimal("2.003"), ceiling=Decimal("3.00"), last=Decimal("2.483"))
    assert steps.equity(spoilt, DAY) == (settled._replace(last=None), ("floor", "last"))


def test_the_comparison_of_prices_is_a_net_that_tears_when_the_broker_does_not_answer() -> None:
    requests = EquityRequests(lambda: 0.0)
    torn = []
    for _ in range(3):
        requests.failed("no answer")
        torn.append(requests.net.torn)
    requests.answer(EquityAnswer("THYAO", read_equity(EQUITY), 0.0))
    assert [*torn, requests.net.torn] == [False, False, True, False]
    requests.give_up("XU100", "unknown")
    assert requests.net.in_a_row == 0
    requests.give_up("THYAO", "unknown")
    assert requests.net.in_a_row == 1


@pytest.fixture
def bist() -> Iterator[Bist]:
    with running_bist() as running:
        yield running


@pytest.fixture
def feed(bist: Bist) -> Iterator[Running]:
    with running_feed(bist) as running:
        eventually(running.live)
        yield running


@pytest.mark.parametrize("fault", ["odd_numbers", "null_fields", "float_noise"])
def test_frames_that_are_written_oddly_are_read_as_if_they_were_not(feed: Running, fault: Any) -> None:
    feed.bist.faults.arm(fault, count=0)
    before = feed.bist.faults.done()[fault]

    def moved() -> bool:
        feed.bist.move(1.0)
        return feed.bist.faults.done()[fault] > before + 30

    eventually(moved)
    feed.move_until_right()
    last = feed.bist.truth("THYAO").last
    eventually(lambda: feed.store.quote(THYAO).last == last)
    counters = feed.counters
    assert (sum(counters.decode_errors.values()), sum(counters.left_out.values())) == (0, 0)
    assert sum(counters.books_lost.values()) == 0


@pytest.mark.parametrize("oddity", ["numbers", "null_fields", "zero_limits", "float_noise"])
def test_answers_that_are_written_oddly_are_used(bist: Bist, oddity: str) -> None:
    bist.faults.arm("odd_answer", oddity=oddity, count=0)
    with running_feed(bist) as feed:
        eventually(feed.live)
        eventually(lambda: feed.counters.equity_infos["ok"] >= 2)
        assert (feed.counters.equity_infos["failed"], sum(feed.counters.left_out.values())) == (0, 0)
        feed.move_until_right()
        assert [net.torn for net in feed.venue.nets] == [False]


def test_a_feed_whose_prices_cannot_be_compared_is_degraded(bist: Bist) -> None:
    bist.faults.arm("rest_status", endpoint="GetEquityInfo", status=500, count=0)
    with running_feed(bist, symbols=("THYAO", "GARAN", "AKBNK")) as feed:
        eventually(feed.live)
        eventually(lambda: "price_audit" in (feed.venue.reason() or ""), 60.0)
        assert feed.venue.state() == "degraded"
