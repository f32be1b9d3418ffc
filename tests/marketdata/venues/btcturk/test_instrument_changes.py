"""The venue halts, changes, renames, delists and adds pairs while it is followed, over real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from marketdata.state.selection import Selection
from tests.common.local import http_server
from tests.marketdata.rig import rest_app, scripted_venue
from tests.marketdata.truth import difference
from tests.marketdata.venues.btcturk.rig import QUICK, Following, all_on_join, following
from tests.venue.btcturk.rig import Venue, running_venue
from tests.venue.rig import eventually
from venue.btcturk.rules import PairChange

pytestmark = pytest.mark.slow

NEVER = 3_600.0
ONLY_HINTS = replace(QUICK, instruments=replace(QUICK.instruments, refresh=NEVER))
"""The instruments are asked for again only when something hints at a change."""


@pytest.fixture
def venue() -> Iterator[Venue]:
    with running_venue(warm_up=1.0) as running:
        yield running


@pytest.fixture
def feed(venue: Venue) -> Iterator[Following]:
    """Follows two pairs, both live."""
    with http_server(rest_app(venue)) as url, following(venue.url, url, "BTCTRY,ETHUSDT") as followed:
        eventually(followed.live)
        yield followed


def change(venue: Venue, pair: str = "BTCTRY", **changes: Any) -> None:
    venue.server.change_pair(pair, PairChange(**changes))


def phases(feed: Following, pair: str = "BTCTRY") -> set[str]:
    symbol = f"BTCTURK:{pair}"
    book = feed.book_or_none(pair)
    return {feed.store.quote(symbol).phase, feed.store.status(symbol).phase, *([book.phase] if book else [])}


def state(feed: Following, pair: str = "BTCTRY") -> str | None:
    instrument = feed.instrument(pair)
    return instrument.state if instrument else None


def test_a_halted_pair_is_halted_everywhere_and_trades_again_when_the_venue_says_so(
    venue: Venue, feed: Following
) -> None:
    change(venue, status="HALTED")
    eventually(lambda: phases(feed) == {"halted"})
    assert (state(feed), state(feed, "ETHUSDT"), phases(feed, "ETHUSDT")) == ("halted", "trading", {"continuous"})
    row = feed.venue.row()
    assert row["reason"] == "not traded: BTCTURK:BTCTRY (halted: the venue's status is 'HALTED')"
    assert row["not_trading"] == {"BTCTURK:BTCTRY": "halted: the venue's status is 'HALTED'"}
    change(venue, status="TRADING")
    eventually(lambda: phases(feed) == {"continuous"})
    eventually(lambda: feed.venue.row()["reason"] is None)
    changes = feed.counters.instrument_changes
    assert (changes["halted"], changes["trading"]) == (1, 1)


def test_a_halted_pair_without_data_does_not_degrade_the_feed_and_is_not_asked_for(venue: Venue) -> None:
    """The socket tells nothing of the halted pair any more; the other pair is followed as before."""

    def only_ethusdt(request: dict[str, Any]) -> list[str]:
        return [] if request["event"].startswith("BTCTRY") else all_on_join(request)

    change(venue, status="HALTED")
    quick = replace(QUICK, resync=replace(QUICK.resync, first_data=0.05, rejoin=0.05, hopeless=0.05, unproved=NEVER))
    with (
        scripted_venue(only_ethusdt) as script,
        http_server(rest_app(venue)) as rest,
        following(script.url, rest, timings=quick, stale_after=NEVER) as feed,
    ):
        eventually(lambda: feed.store.is_live("BTCTURK:ETHUSDT"))
        eventually(lambda: feed.counters.no_data["obdiff"] > 2)
        assert (feed.venue.lost(), feed.venue.trouble()) == ({}, None)
        assert feed.venue.state() == "live"
        assert feed.venue.readiness["books"]() is None
        assert script.accepted == 1


@pytest.mark.parametrize(
    ("changes", "field", "new"),
    [
        ({"tick_size": Decimal(10)}, "tick_size", "10"),
        ({"tick_size": Decimal("0.5")}, "tick_size", "0.5"),
        ({"amount_scale": 4}, "lot_size", "0.0001"),
        ({"min_exchange_value": Decimal(250)}, "min_notional", "250"),
    ],
)
def test_a_new_rule_is_seen_counted_and_told_to_streams(
    venue: Venue, feed: Following, changes: dict[str, Any], field: str, new: str
) -> None:
    before = feed.store.sequence
    change(venue, **changes)
    eventually(lambda: getattr(feed.instrument("BTCTRY"), field) == Decimal(new))
    eventually(lambda: feed.counters.instrument_changes[field] == 1)
    wanted = Selection(("BTCTURK:BTCTRY",), ("instrument",))

    def told() -> list[object]:
        return [event.body for event in feed.store.since(wanted, before, (), feed.venue.instruments())[1]]

    eventually(lambda: told() == [feed.instrument("BTCTRY")])
    eventually(lambda: feed.live() and feed.book("BTCTRY").phase == "continuous")
    eventually(lambda: feed.counters.resyncs["new_tick"] == (field == "tick_size"))


def test_a_delisted_pair_is_closed_its_streams_are_left_and_the_feed_stays_live(venue: Venue, feed: Following) -> None:
    change(venue, listed=False)
    eventually(lambda: phases(feed) == {"closed"})
    eventually(lambda: feed.book("BTCTRY").stale)
    assert state(feed) == "delisted"
    eventually(lambda: venue.server.counters.connections == 1 and feed.venue.state() == "live")
    assert feed.venue.row()["not_live"] == []
    assert feed.venue.readiness["books"]() is None
    assert feed.venue.readiness["instruments"]() is None
    change(venue, listed=True)
    eventually(lambda: phases(feed) == {"continuous"} and feed.live())
    assert feed.counters.instrument_changes["delisted"] == 1


def test_a_renamed_pair_says_its_new_name(venue: Venue, feed: Following) -> None:
    change(venue, name="BTCNEWTRY")
    eventually(lambda: phases(feed) == {"halted"})
    instrument = feed.instrument("BTCTRY")
    assert instrument is not None
    assert (instrument.state, instrument.reason) == ("renamed", "the venue calls it BTCNEWTRY now")
    eventually(lambda: feed.venue.state() == "live")
    change(venue, "BTCNEWTRY", name="BTCTRY")
    eventually(lambda: phases(feed) == {"continuous"} and feed.live())


def test_a_configured_pair_that_the_venue_adds_later_is_joined(venue: Venue) -> None:
    with http_server(rest_app(venue)) as url, following(venue.url, url, "BTCTRY,AVAXTRY") as feed:
        eventually(lambda: feed.venue.readiness["instruments"]() == "the venue does not trade AVAXTRY")
        change(venue, "AVAXTRY", like="ETHTRY")
        eventually(feed.live)
        assert feed.counters.instrument_changes["listed"] == 1
        assert feed.venue.readiness["instruments"]() is None


@pytest.mark.parametrize("fault", ["missing_pair", "no_pairs", "rest_status"])
def test_one_answer_that_tells_nothing_of_a_pair_changes_nothing(venue: Venue, feed: Following, fault: str) -> None:
    parameters: dict[str, dict[str, Any]] = {
        "missing_pair": {"pair": "BTCTRY"},
        "rest_status": {"endpoint": "exchangeinfo", "status": 500},
    }
    before = feed.store.status("BTCTURK:BTCTRY").sequence
    venue.server.faults.arm(fault, **parameters.get(fault, {}))
    eventually(lambda: venue.server.faults.done()[fault] == 1)
    asked = feed.venue.nets[0].successes
    eventually(lambda: feed.venue.nets[0].successes >= asked + 2)
    assert (state(feed), feed.store.status("BTCTURK:BTCTRY").sequence) == ("trading", before)
    assert sum(feed.counters.instrument_changes.values()) == 0


def test_answers_that_stay_away_degrade_the_feed_and_their_return_ends_that(venue: Venue, feed: Following) -> None:
    venue.server.faults.arm("rest_status", endpoint="exchangeinfo", status=500, count=10_000)
    eventually(lambda: "instruments failed" in str(feed.venue.reason()))
    assert (feed.venue.state(), feed.live()) == ("degraded", True)
    venue.server.faults.clear()
    eventually(lambda: feed.venue.state() == "live")


def test_a_stream_that_stays_silent_has_the_instruments_asked_for_again(venue: Venue) -> None:
    quick = replace(ONLY_HINTS, resync=replace(QUICK.resync, first_data=0.05, rejoin=0.2, hopeless=0.2))
    with http_server(rest_app(venue)) as url, following(venue.url, url, "BTCTRY", timings=quick) as feed:
        eventually(feed.live)
        change(venue, listed=False)
        venue.server.faults.arm("close")
        eventually(lambda: state(feed) == "delisted")


@pytest.mark.parametrize(
    "strange",
    [
        '[100,{"type":100,"ok":false,"message":"join|obdiff:BTCTRY"}]',
        '[402,{"type":402,"PS":"BTCNTRY","LA":"1","DP":"1","channel":"ticker","event":"BTCNTRY"}]',
    ],
)
def test_a_refused_join_and_an_unknown_pair_have_the_instruments_asked_for_again(venue: Venue, strange: str) -> None:
    with (
        scripted_venue(all_on_join) as script,
        http_server(rest_app(venue)) as rest,
        following(script.url, rest, "BTCTRY", timings=ONLY_HINTS) as feed,
    ):
        eventually(lambda: feed.store.is_live("BTCTURK:BTCTRY"))
        change(venue, status="HALTED")
        assert state(feed) == "trading"
        script.say(strange)
        eventually(lambda: phases(feed) == {"halted"})


def test_a_price_off_its_tick_has_the_instruments_asked_for_again(venue: Venue) -> None:
    with http_server(rest_app(venue)) as url, following(venue.url, url, "BTCTRY", timings=ONLY_HINTS) as feed:
        eventually(feed.live)
        change(venue, min_exchange_value=Decimal(250))
        venue.server.faults.arm("off_tick", pair="BTCTRY")
        venue.move(1.0)
        eventually(lambda: getattr(feed.instrument("BTCTRY"), "min_notional", None) == Decimal(250))


def test_a_book_is_asked_for_again_when_its_tick_changes(venue: Venue, feed: Following) -> None:
    change(venue, tick_size=Decimal(10))
    eventually(lambda: getattr(feed.instrument("BTCTRY"), "tick_size", None) == Decimal(10))
    venue.move(1.0)
    eventually(lambda: feed.counters.resyncs["new_tick"] == 1)
    eventually(lambda: feed.live() and all(level.price % 10 == 0 for level in feed.book("BTCTRY").bids))
    assert feed.counters.resyncs["new_tick"] == 1


def test_a_rest_outage_at_the_start_does_not_keep_the_pairs_from_being_joined(venue: Venue, tmp_path: Path) -> None:
    path = tmp_path / "btcturk_instruments.json"
    with http_server(rest_app(venue)) as url:
        with following(venue.url, url, instruments_file=path) as feed:
            eventually(lambda: feed.live() and path.exists())
        venue.server.faults.arm("rest_status", endpoint="exchangeinfo", status=500, count=10_000)
        with following(venue.url, url, instruments_file=path) as feed:
            eventually(feed.live)
            told = str(feed.venue.readiness["instruments"]())
            assert told.startswith("those that the venue told at ")
            assert "exchangeinfo" in told
            eventually(lambda: feed.venue.state() == "degraded")
            venue.server.faults.clear()
            eventually(lambda: feed.venue.readiness["instruments"]() is None and feed.venue.state() == "live")


def test_a_damaged_file_is_no_reason_not_to_start(venue: Venue, tmp_path: Path) -> None:
    path = tmp_path / "btcturk_instruments.json"
    path.write_bytes(b'{"version":1,"pairs":')
    with http_server(rest_app(venue)) as url, following(venue.url, url, instruments_file=path) as feed:
        eventually(feed.live)
        eventually(lambda: path.read_bytes().endswith(b"}}"))


def test_prices_off_their_tick_have_the_instruments_asked_for_again_and_the_book_comes_anew(venue: Venue) -> None:
    change(venue, tick_size=Decimal(10))
    with http_server(rest_app(venue)) as url, following(venue.url, url, "BTCTRY", timings=ONLY_HINTS) as feed:
        eventually(lambda: feed.live() and feed.instrument("BTCTRY") is not None)
        change(venue, tick_size=Decimal(1))
        eventually(lambda: getattr(feed.instrument("BTCTRY"), "tick_size", None) == 1)
        eventually(lambda: feed.counters.resyncs["new_tick"] == 1 and feed.live())
        view = venue.server.views["BTCTRY"]
        eventually(lambda: difference(view, feed.book("BTCTRY")) is None)
