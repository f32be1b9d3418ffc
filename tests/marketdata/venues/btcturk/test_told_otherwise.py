"""A venue that tells truths in other spellings, and streams that contradict each other, over real sockets."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from common.wire import Instrument
from tests.marketdata.rest.rest_server import Handler, running_server
from tests.marketdata.rig import ScriptedVenue, frame, scripted_venue
from tests.marketdata.venues.btcturk.rig import Following, all_on_join, following, single_trade
from tests.venue.rig import eventually

BTCTRY, ETHUSDT = "BTCTURK:BTCTRY", "BTCTURK:ETHUSDT"
LONG = 40.0

Change = Callable[[str], str]


def ticker(bid: str | None, ask: str | None, last: str = "100", pair: str = "BTCTRY") -> str:
    """A 402 with the quantities of `rig.books_on_join`."""
    told = {"PS": pair, "LA": last, "B": bid, "BA": bid and "2", "A": ask, "AA": ask and "1"}
    return frame(402, {**told, "channel": "ticker", "event": pair})


def _saying(venue: ScriptedVenue, frames: Callable[[int], list[str]], bid: str = "99") -> Callable[[], bool]:
    """Returns a function that says the next frames each time, some in a second; `bid` is that of ETHUSDT's ticker."""
    numbers = count(10)

    def say() -> bool:
        for told in (*frames(next(numbers)), ticker(bid, "101", pair="ETHUSDT")):
            venue.say(told)
        time.sleep(0.05)
        return True

    return say


def _stale(feed: Following) -> str:
    return feed.store.faults().get(BTCTRY, "")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("witness", "frames"),
    [
        ("trade", lambda number: [ticker("99", "101"), single_trade("BTCTRY", number, "80")]),
        ("ticker", lambda _: [ticker("80", None)]),
        ("ticker", lambda _: [ticker(None, "120")]),
        ("ticker", lambda number: [ticker(None, None, f"8{number % 10}")]),
    ],
    ids=["a ticker that stands still and far trades", "a bid alone", "an ask alone", "a last price that moves far off"],
)
def test_a_contradiction_is_found_whatever_tells_it(
    rest_url: str, witness: str, frames: Callable[[int], list[str]]
) -> None:
    with scripted_venue(all_on_join) as venue, following(venue.url, rest_url, stale_after=300.0) as feed:
        eventually(feed.live, LONG)
        say = _saying(venue, frames)
        eventually(lambda: say() and _stale(feed) == f"contradicted by its {witness}", LONG)
        assert feed.counters.contradictions[witness] == 1
        assert ETHUSDT not in feed.store.faults()
        agree = _saying(venue, lambda number: [single_trade("BTCTRY", number + 500), ticker("99", "101")])
        eventually(lambda: agree() and not feed.store.faults(), LONG)
        assert venue.accepted == 1


@pytest.mark.slow
@pytest.mark.parametrize("nothing", ["0", "0.00000000", None])
def test_a_ticker_without_best_prices_costs_no_book(rest_url: str, nothing: str | None) -> None:
    with scripted_venue(all_on_join) as venue, following(venue.url, rest_url, stale_after=300.0) as feed:
        eventually(feed.live, LONG)
        say = _saying(venue, lambda _: [ticker(nothing, nothing)], bid="80")
        eventually(lambda: say() and ETHUSDT in feed.store.faults(), LONG)
        assert _stale(feed) == ""
        assert feed.counters.contradictions["ticker"] == 1


@pytest.mark.slow
def test_a_book_that_the_rest_book_contradicts_again_is_stale_until_another_witness_agrees(rest_url: str) -> None:
    with (
        scripted_venue(all_on_join) as venue,
        following(venue.url, rest_url, "BTCTRY", stale_after=300.0, audit_seconds=0.05) as feed,
    ):
        eventually(lambda: _stale(feed) == "contradicted by its REST book", LONG)
        assert feed.counters.audit_mismatches >= 2
        assert feed.counters.resyncs["audit"] >= 1
        agree = _saying(venue, lambda _: [ticker("99", "101")])
        eventually(lambda: agree() and feed.live(), LONG)


@pytest.mark.slow
def test_a_trade_that_is_told_again_and_again_does_not_prove_the_trades(rest_url: str) -> None:
    with scripted_venue(all_on_join) as venue, following(venue.url, rest_url, "BTCTRY", stale_after=2.0) as feed:
        eventually(feed.live, LONG)
        say = _saying(venue, lambda _: [single_trade("BTCTRY", 9)])
        eventually(lambda: say() and feed.store.trades_age(BTCTRY)[1], LONG)
        fresh = _saying(venue, lambda number: [single_trade("BTCTRY", number)])
        eventually(lambda: fresh() and not feed.store.trades_age(BTCTRY)[1], LONG)


def _changed(text: str) -> str:
    """A frame with names in small letters, and its pair in another spelling."""
    model, body = json.loads(text)
    body = {name.lower(): value for name, value in body.items() if name != "channel"}
    return json.dumps([model, body]).replace('"BTCTRY"', '"btc_try"')


def test_frames_with_other_spellings_are_those_of_their_pair(rest_url: str) -> None:
    def answer(request: dict[str, Any]) -> list[str]:
        return [_changed(told) for told in all_on_join(request)]

    with scripted_venue(answer) as venue, following(venue.url, rest_url, "BTCTRY") as feed:
        eventually(feed.live, LONG)
        assert [level.price for level in feed.book("BTCTRY").bids] == [99]
        venue.say(_changed(single_trade("BTCTRY", 9, "98")))
        eventually(lambda: feed.store.quote(BTCTRY).last == 98, LONG)
        assert feed.counters.decode_errors.total() == 0


def symbol(name: str, tick: Any = "0.01", **more: Any) -> dict[str, Any]:
    """A pair as exchangeinfo tells it."""
    rule = {"filterType": "PRICE_FILTER", "tickSize": tick, "minExchangeValue": "10"}
    told = {"id": 1, "name": name, "status": "TRADING", "numerator": "BTC", "denominator": "TRY"}
    return {**told, "numeratorScale": 8, "filters": [rule], **more}


def _respelled(symbols: list[Any], change: Change = str) -> str:
    return change(json.dumps({"success": True, "data": {"symbols": symbols}}))


INFOS = {
    "small letters": _respelled([symbol("btctry", numerator="btc")]),
    "words apart": _respelled([symbol("BTC_TRY")]),
    "a slash": _respelled([symbol("BTC/TRY")]),
    "no success": json.dumps({"data": {"symbols": [symbol("BTCTRY")]}}),
    "names in capitals": _respelled([symbol("BTCTRY")], lambda text: text.replace('"name"', '"Name"')),
    "names of rules with blanks": _respelled([symbol("BTCTRY")], lambda text: text.replace("tickSize", "tick_size")),
    "listed twice": _respelled([symbol("BTCTRY"), symbol("BTCTRY", "10", status="DELISTED", id=2)]),
    "listed twice, first badly": _respelled([{"name": "BTCTRY", "filters": None}, symbol("BTCTRY")]),
    "a bad rule first": _respelled(
        [symbol("BTCTRY", filters=[{"filterType": "PRICE_FILTER", "tickSize": 0}, *symbol("x")["filters"]])]
    ),
}


def _serving(info: str) -> Callable[[Handler], None]:
    def script(handler: Handler) -> None:
        body = info if handler.path.endswith("exchangeinfo") else "{}"
        handler.answer(200, body.encode())

    return script


@pytest.mark.parametrize("info", sorted(INFOS))
def test_a_pair_is_joined_however_exchangeinfo_spells_it(info: str) -> None:
    with (
        running_server(_serving(INFOS[info])) as rest,
        scripted_venue(all_on_join) as venue,
        following(venue.url, rest.url, "BTCTRY") as feed,
    ):
        eventually(feed.live, LONG)
        instrument = feed.instrument("BTCTRY")
        assert isinstance(instrument, Instrument)
        assert (str(instrument.tick_size), instrument.base_asset, instrument.state) == ("0.01", "BTC", "trading")


@pytest.mark.parametrize("tick", ["0", "-1", None, "NaN"])
def test_a_pair_whose_rules_cannot_be_used_is_named_with_the_reason(tick: Any) -> None:
    info = _respelled([symbol("BTCTRY", tick), symbol("ETHUSDT", id=2)])
    with (
        running_server(_serving(info)) as rest,
        scripted_venue(all_on_join) as venue,
        following(venue.url, rest.url) as feed,
    ):
        told = "the venue does not trade BTCTRY (its rules can't be used)"
        eventually(lambda: feed.venue.reason() == told and ETHUSDT not in feed.store.faults(), LONG)
        assert feed.counters.left_out["exchangeinfo"] >= 1
