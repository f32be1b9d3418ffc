"""The rounds of the stream cost as much as there is news, not as much as there are symbols."""

from __future__ import annotations

import time

from common.clock import Clock
from marketdata.state.listing import Listing
from marketdata.state.store import Store
from marketdata.stream.publisher import SETTLE_SECONDS, Publisher
from tests.marketdata.busy import PAIRS, book


class CountingStore(Store):
    """A store that counts how often every symbol is looked at."""

    looks = 0

    def settle(self) -> None:
        self.looks += 1
        super().settle()


def test_every_symbol_is_looked_at_ten_times_a_second_however_often_a_round_begins() -> None:
    listings = [Listing("BTCTURK", pair, "diffs") for pair in PAIRS]
    store = CountingStore(listings, market="simulated", stale_after=5.0, clock=Clock(time.monotonic, lambda: 1.0))
    publisher, begun = Publisher(store, dict, lambda: 0), time.monotonic()
    rounds = [publisher.rounds.number]
    for quantity in range(1, 301):
        store.apply_book(store.symbols[0], book(100, quantity, depth=1), 1.0)
        publisher.step(0.0)
        rounds.append(publisher.rounds.number)
    assert len(set(rounds)) == 301
    assert 1 <= store.looks <= 1 + (time.monotonic() - begun) / SETTLE_SECONDS
