"""The simulated Borsa Istanbul: ticks, limits, phases and call auctions, and a market that hangs together."""

from __future__ import annotations

import statistics
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest

from common.bist import rules
from venue.algolab.depth import DepthLevel, ShareDepth
from venue.algolab.grid import Grid
from venue.algolab.listing import SHARES
from venue.algolab.market import BistMarket, Sessions
from venue.algolab.stock import Stock
from venue.algolab.views import BistView, SymbolTick

NOON = datetime(2026, 9, 22, 9, 0, tzinfo=UTC).timestamp()
DAY = date(2026, 9, 22)
SYMBOLS = [share.symbol for share in SHARES]


def _exchange(start: float = NOON, seed: int = 1, sessions: Sessions = "always") -> BistMarket:
    return BistMarket(seed, start, sessions=sessions, warm_up_seconds=30.0)


def _at(clock: str, day: date = DAY) -> float:
    return datetime.fromisoformat(f"{day}T{clock}+03:00").timestamp()


def _new(before: BistView, after: BistView) -> tuple[SymbolTick, ...]:
    count = after.tick_count - before.tick_count
    return after.ticks[len(after.ticks) - count :] if count else ()


def test_the_same_seed_and_times_give_the_same_market() -> None:
    one, other = _exchange(), _exchange()
    one.advance(NOON + 8)
    for step in range(1, 5):
        other.advance(NOON + 2 * step)
    assert one.view() == other.view()
    assert _exchange(seed=2).view() != _exchange().view()


def test_ten_rows_a_side_on_ticks_in_order_and_never_crossed() -> None:
    exchange = _exchange()
    for second in range(1, 121):
        exchange.advance(NOON + second)
        for symbol in SYMBOLS:
            view = exchange.view()[symbol]
            bids, asks = [row.price for row in view.bids], [row.price for row in view.asks]
            assert len(bids) == len(asks) == 10
            assert bids == sorted(set(bids), reverse=True)
            assert asks == sorted(set(asks))
            assert view.floor <= bids[-1] < bids[0] < asks[0] < asks[-1] <= view.ceiling
            assert all(rules.on_tick(price, DAY) for price in (*bids, *asks, view.last))
            assert all(row.quantity > 0 and row.orders > 0 for row in (*view.bids, *view.asks))


@pytest.mark.slow
def test_shares_move_together() -> None:
    exchange = _exchange()
    prices: dict[str, list[float]] = {"GARAN": [], "AKBNK": []}
    for step in range(400):
        exchange.advance(NOON + 9 * step)
        for symbol, seen in prices.items():
            seen.append(float(exchange.view()[symbol].last))
    changes = [[after / before - 1 for before, after in zip(p[::20], p[20::20], strict=False)] for p in prices.values()]
    assert statistics.correlation(*changes) > 0.3


@pytest.mark.slow
def test_trades_come_in_clusters_and_name_two_brokers() -> None:
    exchange = _exchange()
    gaps: list[float] = []
    last = 0.0
    before = exchange.view()["THYAO"]
    for step in range(1, 200):
        exchange.advance(NOON + 5 * step)
        after = exchange.view()["THYAO"]
        for tick in _new(before, after):
            assert tick.quantity > 0
            assert tick.buyer != tick.seller
            gaps += [tick.at - last] if last else []
            last = tick.at
        before = after
    assert len(gaps) > 500
    assert statistics.pstdev(gaps) > 1.1 * statistics.mean(gaps), "independent trades would have a ratio of 1"


def test_the_dollar_agrees_with_the_other_side_of_the_venue() -> None:
    tick = _exchange().view()["USDTRY"].ticks[-1]
    assert abs(tick.price - Decimal("46.28")) < Decimal("0.05")
    assert tick.bid < tick.price < tick.ask


def test_the_index_follows_its_shares_and_has_no_quotes() -> None:
    exchange = _exchange()
    view = exchange.view()["XU100"]
    gains = [float(exchange.view()[share.symbol].last / share.close - 1) * share.weight for share in SHARES]
    assert float(view.last / view.reference - 1) == pytest.approx(sum(gains), abs=0.001)
    assert view.ticks[-1].bid == view.ticks[-1].ask == 0


@pytest.mark.parametrize(("sessions", "phase"), [("always", "continuous"), ("real", "closed")])
def test_shares_sleep_at_night_only_when_sessions_are_real(sessions: Sessions, phase: str) -> None:
    night = _at("23:00:00")
    exchange = _exchange(night, sessions=sessions)
    before = exchange.view()
    exchange.advance(night + 10)
    after = exchange.view()
    assert after["THYAO"].phase == phase
    assert (after["THYAO"].tick_count > before["THYAO"].tick_count) == (sessions == "always")
    assert after["USDTRY"].tick_count > before["USDTRY"].tick_count
    assert after["THYAO"].bids, "what was last known still shows"
    assert (after["THYAO"].at > before["THYAO"].at) == (sessions == "always")


def test_a_real_day_goes_through_its_phases() -> None:
    exchange = _exchange(_at("09:30:00"), sessions="real")
    seen = []
    for clock in ("09:35", "09:50", "09:59", "10:01", "15:00", "18:03", "18:08", "18:11"):
        exchange.advance(_at(f"{clock}:00"))
        seen.append(exchange.view()["THYAO"].phase)
    assert seen == [
        *("closed", "opening_auction", "opening_auction", "continuous", "continuous"),
        *("closing_auction", "trades_at_close", "closed"),
    ]


def test_a_call_auction_shows_where_it_would_match_and_ends_with_that_trade() -> None:
    exchange = _exchange(_at("09:50:00"), sessions="real")
    exchange.advance(_at("09:50:00"))
    exchange.advance(_at("09:59:59"))
    during = exchange.view()["GARAN"]
    news = during.ticks[-1]
    assert news.quantity == 0
    assert news.buy is None
    assert news.balance_quantity > 0
    assert during.floor <= news.balance_price <= during.ceiling
    exchange.advance(_at("10:00:02"))
    after = exchange.view()["GARAN"]
    matched = next(tick for tick in _new(during, after) if tick.quantity)
    assert matched.balance_price == matched.balance_quantity == 0
    assert matched.quantity >= news.balance_quantity
    assert after.bids[0].price < after.asks[0].price


def test_the_next_day_counts_from_the_last_price() -> None:
    exchange = _exchange(_at("23:59:50"))
    before = exchange.view()["THYAO"]
    exchange.advance(_at("00:00:05", DAY + timedelta(days=1)))
    after = exchange.view()["THYAO"]
    assert after.reference != before.reference
    assert (after.floor, after.ceiling) == rules.price_limits(after.reference, DAY + timedelta(days=1))


def _play(stock: Stock, begin: float, seconds: float, *, move: float = 0.0) -> BistView:
    """Noon's trading from `begin` for some seconds, with a move of the fair price at once."""
    steps = round(seconds * 5)
    for step in range(1, steps + 1):
        stock.step(NOON + begin + step * 0.2, 0.2, "continuous", move if step == 1 else 0.0)
    return stock.view()


def test_a_share_at_its_floor_has_no_buyers() -> None:
    stock = Stock(SHARES[0], DAY, Random(1))
    _play(stock, 0, 5)
    view = _play(stock, 5, 1, move=-0.2)
    assert view.bids == ()
    assert view.asks[0].price == view.floor


def test_a_move_of_five_percent_leads_to_a_call_auction_of_ten_minutes() -> None:
    stock = Stock(SHARES[0], DAY, Random(1))
    _play(stock, 0, 5)
    view = _play(stock, 5, 60, move=0.07)
    assert view.phase == "halted"
    assert view.ticks[-1].balance_quantity > 0
    assert _play(stock, 65, 530).phase == "halted"
    assert _play(stock, 595, 70).phase == "continuous"


def test_an_auction_matches_the_most_lots() -> None:
    depth = ShareDepth(100, 10, Random(1))
    depth.bids = {12: DepthLevel(100, 1), 11: DepthLevel(50, 1), 10: DepthLevel(500, 3)}
    depth.asks = {10: DepthLevel(120, 2), 11: DepthLevel(60, 1), 13: DepthLevel(900, 4)}
    assert depth.balance() == (11, 150)
    assert depth.uncross() == (11, 150)
    assert depth.bids == {10: DepthLevel(500, 3)}
    assert depth.asks == {11: DepthLevel(30, 1), 13: DepthLevel(900, 4)}


def test_an_auction_without_a_match_trades_nothing() -> None:
    depth = ShareDepth(100, 10, Random(1))
    depth.bids, depth.asks = {10: DepthLevel(5, 1)}, {11: DepthLevel(5, 1)}
    assert depth.balance() is None
    assert depth.uncross() is None
    assert (len(depth.bids), len(depth.asks)) == (1, 1)


def test_the_grid_changes_its_step_where_the_tick_table_does() -> None:
    grid = Grid(Decimal("246.60"), DAY)
    steps = {after - before for before, after in zip(grid.prices, grid.prices[1:], strict=False)}
    assert steps == {Decimal("0.10"), Decimal("0.25")}
    assert (grid.floor, grid.ceiling) == (Decimal("222.00"), Decimal("271.25"))
    assert all(grid.position(float(price)) == pytest.approx(place) for place, price in enumerate(grid.prices))
    assert grid.position(221.9) < 0
    assert grid.position(280.0) > len(grid) - 1
