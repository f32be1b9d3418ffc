"""One process follows two hundred pairs and six hundred shares, and every book is the venue's own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from marketdata.link.dial import LinkTimings
from marketdata.venues.algolab.feed import FeedTimings
from marketdata.venues.btcturk.resync import ResyncTimings
from tests.common.local import http_server
from tests.marketdata.rig import rest_app
from tests.marketdata.truth import differences, equal
from tests.marketdata.venues.algolab import rig as bist_rig
from tests.marketdata.venues.btcturk.rig import QUICK, following
from tests.venue.algolab.rig import QUICK as QUICK_BIST
from tests.venue.algolab.rig import running_bist
from tests.venue.btcturk.rig import START, running_venue
from tests.venue.rig import eventually
from venue.algolab.listing import listed_shares
from venue.btcturk.connection import BtcturkServerTimings
from venue.btcturk.listing import listed_pairs
from venue.btcturk.market import BtcturkMarket

pytestmark = pytest.mark.slow

PATIENT_SECONDS = 120.0
LINK = LinkTimings(ping_interval=5.0, ping_timeout=2.0, silence=60.0, watch=0.2, healthy=60.0, socket=20.0)
FIRM = ResyncTimings(first_data=60.0, rejoin=60.0, hopeless=60.0, no_data=60.0, unproved=60.0)


def test_two_hundred_pairs_are_followed_and_each_book_is_the_venues() -> None:
    pairs = [spec.name for spec in listed_pairs(200)]
    market = BtcturkMarket(1, START, pairs=listed_pairs(200), warm_up_seconds=0.0)
    timings = BtcturkServerTimings(conflation=0.5, step=0.1)
    with (
        running_venue(market=market, timings=timings) as venue,
        http_server(rest_app(venue)) as rest_url,
        following(
            venue.url,
            rest_url,
            ",".join(pairs),
            timings=replace(QUICK, resync=FIRM),
            link=LINK,
            stale_after=PATIENT_SECONDS,
            unix=venue.clock,
        ) as feed,
    ):
        eventually(feed.live, PATIENT_SECONDS)
        for _ in range(3):
            venue.move(4.0)
        venue.server.pause()
        try:
            eventually(lambda: equal(venue.server, feed.book_or_none, pairs), PATIENT_SECONDS)
        except AssertionError:
            raise AssertionError(differences(venue.server, feed.book_or_none, pairs)) from None
        counters = feed.counters
        assert (counters.book_gaps, counters.closes.total(), counters.drops.total()) == (0, 0, 0)
        assert counters.resyncs.total() == 0
        assert counters.decode_errors.total() == 0
        assert len(feed.venue.instruments()) == 200


def test_six_hundred_shares_are_followed_and_each_book_is_the_venues() -> None:
    shares = listed_shares(600)
    timings = replace(bist_rig.TIMINGS, feed=FeedTimings(quiet=60.0, repair_pause=60.0))
    with (
        running_bist(shares=shares, timings=replace(QUICK_BIST, step=0.1, first_subscription=60.0)) as bist,
        bist_rig.running_feed(
            bist,
            symbols=tuple(share.symbol for share in shares),
            timings=timings,
            link=replace(LINK, heartbeat=0.2),
            stale_after=PATIENT_SECONDS,
        ) as feed,
    ):
        eventually(feed.live, PATIENT_SECONDS)
        for _ in range(3):
            bist.move(4.0)
        eventually(feed.right, PATIENT_SECONDS)
        assert feed.counters.repairs == 0
        assert feed.counters.decode_errors.total() == 0
