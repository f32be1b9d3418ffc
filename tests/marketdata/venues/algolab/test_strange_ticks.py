"""A share's tick is used field by field; a part that can't be used is told as missing, and costs no other share."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from marketdata.venues.algolab.assembly import AlgolabTimings
from marketdata.venues.algolab.feed import FeedTimings
from tests.marketdata.venues.algolab.broker import (
    GONE,
    LONG,
    begun,
    changed,
    gaps_end,
    heard,
    now,
    rows,
    running_broker,
    settled,
    tick,
    trade,
    without,
)
from tests.venue.rig import eventually

pytestmark = pytest.mark.slow

THYAO, GARAN = "BIST:THYAO", "BIST:GARAN"
TIMINGS = AlgolabTimings(calls=0.02, logins=0.05, audits=3600.0, feed=FeedTimings(quiet=20.0, repair_pause=0.1))


NOTHING: tuple[Any, ...] = ("-", "NaN", "1,5", "junk", True, [1], {"x": 1}, None, "", GONE)
USED: list[tuple[str, Any]] = [
    *((field, value) for field in ("ChangePercentage", "BalancePrice", "BalanceAmount", "RefPrice", "Bid", "Ask")
      for value in NOTHING),
    ("Bid", -1), ("Ask", 1e300), ("Ask", 300.1), ("Bid", 3000.0), ("BalancePrice", -2), ("ChangePercentage", 1e-12),
    ("Direction", " b "), ("Direction", "BUY"), ("Symbol", " THYAO "), ("Price", "299.7500"), ("Price", "2.9975e2"),
    ("Price", 299.75000001), ("TradeQuantity", "7"), ("TradeQuantity", "7.000"), ("Brand", {"new": [1]}),
]  # fmt: skip
UNREADABLE: tuple[Any, ...] = ("7,5", "NaN", "junk", True, -5, 1e300, [])
LOST: list[tuple[str, Any]] = [
    *((field, value) for field in ("Price", "TradeQuantity") for value in UNREADABLE),
    *(("Direction", value) for value in ("", "X", None, 1, GONE)),
    *(("Date", value) for value in ("yesterday", "", None, GONE, "0001-01-01T00:00:00", 7, "2026", [])),
    ("Price", 300.1), ("Price", 3000.0), ("Price", 2.5),
]  # fmt: skip
NO_TRADE: list[tuple[str, Any]] = [("TradeQuantity", value) for value in (0, "0", None, "", "-", GONE)] + [
    ("Price", 0),
    ("Price", None),
]


def test_a_trade_is_used_whatever_became_of_the_fields_that_it_can_do_without() -> None:
    with running_broker(timings=TIMINGS) as (broker, feed):
        begun(broker, feed)
        known_from = gaps_end(feed)
        for count, (field, value) in enumerate(USED, 1):
            broker.say(changed(trade, field, value))
            heard(broker, feed)
            assert len(feed.store.trades(THYAO, 200).trades) == count + 1, (field, value)
            assert feed.store.quote(THYAO).last == Decimal("299.75"), (field, value)
            assert feed.store.quote(THYAO).phase == "continuous", (field, value)
            assert (feed.store.faults(), gaps_end(feed)) == ({}, known_from), (field, value)
        assert feed.counters.attempts["open"] == 1


@pytest.mark.parametrize(("field", "value"), LOST)
def test_a_trade_that_can_not_be_used_is_a_gap_of_its_own_share_alone(field: str, value: Any) -> None:
    with running_broker(timings=TIMINGS) as (broker, feed):
        begun(broker, feed)
        known_from, others = gaps_end(feed), gaps_end(feed, GARAN)
        broker.say(changed(trade, field, value))
        heard(broker, feed)
        assert len(feed.store.trades(THYAO, 9).trades) == 1
        assert feed.store.quote(THYAO).last in (Decimal(300), Decimal("299.75"))
        assert gaps_end(feed) > known_from
        assert gaps_end(feed, GARAN) == others
        assert sum(feed.counters.decode_errors.values()) + sum(feed.counters.left_out.values()) >= 1
        assert feed.store.faults() == {}


@pytest.mark.parametrize(("field", "value"), NO_TRADE)
def test_a_tick_without_a_trade_loses_none(field: str, value: Any) -> None:
    with running_broker(timings=TIMINGS) as (broker, feed):
        begun(broker, feed)
        known_from = gaps_end(feed)
        broker.say(changed(trade, field, value))
        heard(broker, feed)
        assert len(feed.store.trades(THYAO, 9).trades) == 1
        assert gaps_end(feed) == known_from


def test_a_time_is_read_however_it_is_written() -> None:
    with running_broker(timings=TIMINGS) as (broker, feed):
        begun(broker, feed)
        at = datetime.fromisoformat(now()) + timedelta(seconds=1)
        bare, utc = at.replace(tzinfo=None), at - timedelta(hours=3)
        for count, text in enumerate(
            (
                bare.isoformat(),
                f"{bare.isoformat()}.1234567+03:00",
                f"{utc.replace(tzinfo=None).isoformat()}Z",
                bare.strftime("%d.%m.%Y %H:%M:%S"),
                bare.isoformat(" "),
                int(at.timestamp()),
                int(at.timestamp() * 1000),
                f"/Date({int(at.timestamp() * 1000)}+0300)/",
            ),
            1,
        ):
            broker.say(trade("THYAO", Date=text))
            heard(broker, feed)
            held = feed.store.trades(THYAO, 9).trades
            assert len(held) == count + 1, text
            assert held[0].venue_time is not None
            assert int(held[0].venue_time.timestamp()) == at.timestamp(), text
        assert not feed.store.quote(THYAO).delayed


SAYING_NOTHING = [
    '{"Type":"O","Content":{"Symbol":"THYAO","Price":1}}',
    '{"Type":"H"}',
    '{"Type":"Z","Content":{"Symbol":"THYAO","Price":300.0,"Bid":299.75,"Ask":300.25}}',
    '{"Type":"T","Content":{}}',
    '{"Type":"T","Content":null}',
    '{"Type":"T"}',
    "<html><body>Bakim</body></html>",
    "null", "[]", '"ok"', "true", "7", "", " ",
    json.dumps({"Type": "T", "Content": {"Symbol": "THYAO", "Date": now()}}),
    tick("THYAO", Price=0, Bid=None, Ask=None, BalancePrice=None),
    tick("THYAO", Price=0, Bid=0, Ask=0, BalancePrice=None),
    tick("AKBNK"), *rows("AKBNK"),
    json.dumps({"Type": "T", "Content": {"Symbol": "USDTRY", "Price": 41.2, "Bid": 41.1, "Ask": 41.3, "Date": now()}}),
]  # fmt: skip


def test_frames_that_say_nothing_of_a_share_prove_none_of_it() -> None:
    with running_broker(timings=TIMINGS, stale_after=2.0) as (broker, feed):
        eventually(lambda: broker.sockets and feed.venue.connection.connected, LONG)
        eventually(lambda: feed.store.trades(THYAO, 1).stale, LONG)

        def fresh() -> bool:
            broker.say(*rows("THYAO"), *rows("GARAN"), trade("THYAO"))
            return not feed.store.faults() and not feed.store.trades(THYAO, 1).stale

        def stale() -> bool:
            broker.say(*SAYING_NOTHING)
            return set(feed.store.faults()) == {THYAO, GARAN} and feed.store.trades(THYAO, 1).stale

        eventually(fresh, LONG)
        eventually(stale, LONG)
        assert all("not proved" in fault for fault in feed.store.faults().values())
        eventually(fresh, LONG)


CLAIMS = {
    "both sides": [tick("THYAO", Bid=280.0, Ask=280.25, Price=280.0)],
    "bids alone": [tick("THYAO", Bid=290.0)],
    "asks alone": [tick("THYAO", Ask=300.5)],
    "no bid": [tick("THYAO", Bid=0.0)],
    "trades alone": [trade("THYAO", Price=280.0, Bid=None, Ask=None)],
    "best prices without a last one": [tick("THYAO", Bid=280.0, Ask=280.25, Price=0)],
    "a last price off its tick": [tick("THYAO", Bid=280.0, Ask=280.25, Price=280.1)],
    "a frame without a time": [without(tick("THYAO", Bid=280.0, Ask=280.25), "Date")],
}


@pytest.mark.parametrize("claim", sorted(CLAIMS))
def test_ticks_that_go_on_elsewhere_make_frozen_rows_stale(claim: str) -> None:
    with running_broker(timings=TIMINGS) as (broker, feed):
        settled(broker, feed)
        broker.books["THYAO"] = []

        def contradicted() -> bool:
            broker.say(*CLAIMS[claim], tick("GARAN"))
            time.sleep(0.1)
            return feed.store.faults().get(THYAO, "").startswith("contradicted")

        eventually(contradicted, LONG)
        assert GARAN not in feed.store.faults()
        broker.say(*rows("THYAO"), tick("THYAO"))
        eventually(feed.live, LONG)
        eventually(lambda: not feed.store.faults(), LONG)
        assert feed.counters.attempts["open"] == 1


def test_what_is_not_told_of_an_auction_does_not_end_it() -> None:
    with running_broker(timings=TIMINGS) as (broker, feed):
        settled(broker, feed)
        broker.say(tick("THYAO", BalancePrice=300.0, BalanceAmount=50.0))
        eventually(lambda: feed.store.quote(THYAO).phase == "halted", LONG)
        for told in (None, "", "-", "junk", GONE):
            broker.say(changed(trade, "BalancePrice", told))
            heard(broker, feed)
            assert feed.store.quote(THYAO).phase == "halted", told
        broker.say(tick("THYAO"))
        eventually(lambda: feed.store.quote(THYAO).phase == "continuous", LONG)


def test_a_frame_that_breaks_off_is_a_gap_of_its_share_or_of_all() -> None:
    with running_broker(timings=TIMINGS) as (broker, feed):
        begun(broker, feed)
        known_from, others = gaps_end(feed), gaps_end(feed, GARAN)
        broker.say('{"Type":"T","Content":{"Symbol":"THYAO","Price":')
        heard(broker, feed)
        assert gaps_end(feed) > known_from
        assert gaps_end(feed, GARAN) == others
        broker.say('{"Ty')
        heard(broker, feed)
        assert gaps_end(feed, GARAN) > others


def test_ticks_of_the_future_prove_nothing_and_the_feed_says_so() -> None:
    with running_broker(timings=TIMINGS) as (broker, feed):
        begun(broker, feed)
        known_from, future = gaps_end(feed), (datetime.fromisoformat(now()) + timedelta(hours=3)).isoformat()
        broker.say(*[trade("THYAO", Price=299.75, Date=future)] * 5)
        heard(broker, feed)
        assert (feed.store.quote(THYAO).last, len(feed.store.trades(THYAO, 9).trades)) == (Decimal(300), 1)
        assert gaps_end(feed) > known_from
        assert feed.venue.state() == "degraded"
        assert "future" in (feed.venue.reason() or "")
        broker.say(trade("THYAO"))
        heard(broker, feed)
        assert feed.venue.state() == "live"
