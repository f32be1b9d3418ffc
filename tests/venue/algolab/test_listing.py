"""The larger listing of Borsa Istanbul: different and believable shares, and an exchange that serves all of them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from itertools import pairwise

import pytest

from common.bist import rules
from tests.venue.algolab.rig import START, client, running_bist
from venue.algolab.listing import MOST_SHARES, SHARES, listed_shares
from venue.algolab.market import BistMarket
from venue.algolab.stock import ROWS
from venue.algolab.subscriptions import MOST_SYMBOLS

ALL = listed_shares(MOST_SHARES)
DAY = datetime.fromtimestamp(START, rules.ISTANBUL).date()
BANDS = [Decimal(price) for price in ("1", "20", "50", "100", "250", "500", "1000", "2500", "5000")]


@pytest.fixture(scope="module")
def exchange() -> BistMarket:
    """All shares after half a minute."""
    market = BistMarket(7, START, shares=ALL, warm_up_seconds=10.0)
    market.advance(START + 9)
    return market


@pytest.mark.parametrize("count", [6, 7, 100, MOST_SHARES])
def test_a_shorter_listing_is_the_begin_of_a_longer_one(count: int) -> None:
    assert listed_shares(count) == ALL[:count]
    assert listed_shares(count)[:6] == SHARES
    assert len(listed_shares(count)) == count


def test_no_two_shares_have_one_name_and_the_invented_ones_are_no_turkish_words() -> None:
    assert len({share.symbol for share in ALL}) == MOST_SHARES
    for share in ALL[6:]:
        assert share.symbol[0] in "QW"
        assert len(share.symbol) == 5


def test_closes_are_on_the_tick_table_and_in_each_of_its_bands() -> None:
    for share in ALL:
        assert rules.on_tick(share.close, DAY), share
        assert share.lots >= 1
    for low, high in pairwise(BANDS):
        assert sum(low <= share.close < high for share in ALL) >= 20, (low, high)


def test_shares_outside_of_the_index_do_not_move_it() -> None:
    assert sum(share.weight for share in ALL) == sum(share.weight for share in SHARES)


@pytest.mark.slow
def test_rows_are_on_the_grid_within_the_limits_and_never_cross(exchange: BistMarket) -> None:
    for share in ALL:
        view = exchange.view()[share.symbol]
        bids, asks = [row.price for row in view.bids], [row.price for row in view.asks]
        assert bids == sorted(set(bids), reverse=True)
        assert asks == sorted(set(asks))
        assert 3 <= min(len(bids), len(asks)) <= max(len(bids), len(asks)) <= ROWS
        assert view.floor <= bids[-1] <= bids[0] < asks[0] <= asks[-1] <= view.ceiling
        assert all(rules.on_tick(price, DAY) for price in (*bids, *asks))
        assert all(row.quantity > 0 and row.orders > 0 for row in (*view.bids, *view.asks))


def test_the_same_seed_gives_the_same_exchange_and_another_one_another() -> None:
    markets = [BistMarket(seed, START, shares=listed_shares(60), warm_up_seconds=10.0) for seed in (3, 3, 4)]
    for market in markets:
        market.advance(START + 5)
    first, second, other = (market.view() for market in markets)
    assert first == second
    assert all(first[share.symbol].bids != other[share.symbol].bids for share in listed_shares(60))


def test_fewer_shares_are_the_exchange_that_they_were() -> None:
    six, default = BistMarket(3, START, shares=listed_shares(6)), BistMarket(3, START)
    assert six.view() == default.view()


def test_shares_of_a_slow_pace_move_in_turn_and_all_of_them_move_at_a_change_of_phase() -> None:
    opens = datetime(2026, 9, 22, 10, 0, tzinfo=rules.ISTANBUL).timestamp()
    market = BistMarket(3, opens - 8.0, shares=listed_shares(200), sessions="real", warm_up_seconds=0.0)
    market.advance(opens - 0.9)
    before = market.view()
    market.advance(opens - 0.6)
    after = market.view()
    moved = sum(before[share.symbol].at != after[share.symbol].at for share in listed_shares(200))
    assert 6 <= moved < 120
    assert {after[share.symbol].phase for share in listed_shares(200)} == {"opening_auction"}
    market.advance(opens + 0.4)
    phases = {market.view()[share.symbol].phase for share in listed_shares(200)}
    assert phases == {"continuous"}


@pytest.mark.slow
def test_a_client_that_subscribes_to_ticks_and_books_of_six_hundred_shares_gets_every_row() -> None:
    assert 2 * (MOST_SHARES + 2) + MOST_SHARES < MOST_SYMBOLS
    symbols = [share.symbol for share in ALL]
    with running_bist(shares=ALL) as bist, client(bist) as joined:
        joined.ask("T", *symbols, "XU100", "USDTRY")
        joined.ask("D", *symbols)
        held: dict[tuple[str, str, int], Decimal] = {}
        wanted = {
            (share, side, number): row.price
            for share in symbols
            for side, rows in (("B", bist.truth(share).bids), ("S", bist.truth(share).asks))
            for number, row in enumerate(rows)
        }
        for content in joined.contents("D", len(wanted)):
            held[content["Symbol"], content["Direction"], content["Row"]] = Decimal(str(content["Price"]))
        assert held == wanted
        assert bist.server.counters.subscriptions == 1_202
