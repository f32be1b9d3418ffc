"""One share: its day, its orders, its trades and its call auctions."""

from __future__ import annotations

import math
import random
from collections import deque
from dataclasses import replace
from datetime import date, timedelta

from common.bist.rules import breakers
from common.wire import Phase
from venue.algolab.depth import DepthLevel, ShareDepth
from venue.algolab.grid import Grid
from venue.algolab.listing import BROKERS, SHARE_MARKET, ListedShare
from venue.algolab.views import NOTHING, BistView, DepthRow, SymbolTick

TICKS_KEPT = 200
ROWS = 10
BALANCE_SECONDS = 1.0
AUCTIONS = ("opening_auction", "closing_auction", "halted")
_EXCITEMENT, _CALM_PER_SECOND = 0.4, 0.6


class Stock:
    """One share; `step` moves it. The phase `halted` is the call auction that interrupts continuous trading.

    share: the share's figures.
    last: the last price, in TRY.
    phase: the phase of trading.
    reference: the base price of the day's limits.
    grid: the day's prices.
    depth: the orders.
    """

    def __init__(self, share: ListedShare, day: date, rng: random.Random) -> None:
        self.share, self._rng = share, rng
        self._fair = float(share.close) * math.exp(rng.gauss(0.0, 0.01))
        self.last = share.close
        self.phase: Phase = "continuous"
        self._ticks: deque[SymbolTick] = deque(maxlen=TICKS_KEPT)
        self._tick_count = 0
        self._rate = share.trades_per_second
        self._buying = True
        self._halted_until = self._moved_at = 0.0
        self._view: BistView | None = None
        self.open_day(day)

    def open_day(self, day: date) -> None:
        """Begins another day: the last price becomes the reference of its limits, and old orders are removed."""
        self._view = None
        self.reference = self.last
        self.grid = Grid(self.reference, day)
        self.depth = ShareDepth(len(self.grid), self.share.lots, self._rng)
        self._high = self._low = self.last
        self._auction_price = self.last
        known = breakers(day)
        self._breaker = known.stock_move_percent / 100
        self._breaker_pause = known.stock_auction

    def interrupt(self, until: float) -> None:
        """Puts the share into a call auction until `until`, unix seconds, as the circuit breaker does."""
        self._halted_until = until

    def step(self, at: float, seconds: float, market_phase: Phase, shock: float) -> None:
        """Moves the share by `seconds` to `at`; `shock` is the change of the fair price's logarithm."""
        self._view = None
        halted = market_phase == "continuous" and at < self._halted_until
        phase: Phase = "halted" if halted else market_phase
        if phase != self.phase:
            self._change_phase(at, phase)
        if phase == "closed":
            return
        self._moved_at = at
        floor, ceiling = float(self.grid.floor), float(self.grid.ceiling)
        self._fair = min(max(self._fair * math.exp(shock), floor * 0.99), ceiling * 1.01)
        middle = self.grid.position(self._fair)
        if phase in AUCTIONS:
            self.depth.collect(middle)
            self._tick_balance(at)
        elif phase == "continuous":
            self.depth.follow(middle)
            self._maybe_trade(at, seconds)
        elif phase == "trades_at_close" and self._rng.random() < 0.5 * self.share.trades_per_second * seconds:
            self._buying = not self._buying
            self._trade(at, self.grid.prices.index(self.last), self.share.lots // 100)

    def view(self) -> BistView:
        """Returns the view of the share's last move. It is made anew only after another one."""
        depth = self.depth
        self._view = self._view or BistView(
            symbol=self.share.symbol,
            market=SHARE_MARKET,
            at=self._moved_at,
            phase=self.phase,
            last=self.last,
            reference=self.reference,
            ticks=tuple(self._ticks),
            tick_count=self._tick_count,
            bids=self._rows(depth.bids, best_first=True),
            asks=self._rows(depth.asks, best_first=False),
            floor=self.grid.floor,
            ceiling=self.grid.ceiling,
        )
        return self._view

    def _rows(self, side: dict[int, DepthLevel], *, best_first: bool) -> tuple[DepthRow, ...]:
        places = sorted(side, reverse=best_first)[:ROWS]
        return tuple(DepthRow(self.grid.prices[place], side[place].quantity, side[place].orders) for place in places)

    def _change_phase(self, at: float, phase: Phase) -> None:
        """Changes the phase. A call auction ends with its match; the opening auction begins without orders."""
        if self.phase in AUCTIONS:
            match = self.depth.uncross()
            if match is not None:
                self._auction_price = self.grid.prices[match[0]]
                self._buying = self._rng.random() < 0.5
                self._trade(at, *match)
        if phase == "opening_auction":
            self.depth.clear()
        self.phase = phase

    def _maybe_trade(self, at: float, seconds: float) -> None:
        base = self.share.trades_per_second
        self._rate = base + (self._rate - base) * math.exp(-_CALM_PER_SECOND * seconds)
        if self._rng.random() >= 1.0 - math.exp(-self._rate * seconds):
            return
        self._rate += _EXCITEMENT
        self._buying = self._buying if self._rng.random() < 0.7 else not self._buying
        wanted = max(int(self.share.lots * 0.15 * math.exp(self._rng.gauss(0.0, 1.3))), 1)
        for place, lots in self.depth.fill(self._buying, wanted):
            self._trade(at, place, lots)
        if abs(self.last / self._auction_price - 1) >= self._breaker:
            self.interrupt(at + self._breaker_pause / timedelta(seconds=1))

    def _trade(self, at: float, place: int, lots: int) -> None:
        self.last = self.grid.prices[place]
        self._high, self._low = max(self._high, self.last), min(self._low, self.last)
        buyer, seller = self._rng.sample(BROKERS, 2)
        self._add(replace(self._tick(at), quantity=lots, buy=self._buying, buyer=buyer, seller=seller))

    def _tick_balance(self, at: float) -> None:
        """Makes a tick of the call auction's balance when that changed, once a second at most."""
        if self._ticks and at - self._ticks[-1].at < BALANCE_SECONDS:
            return
        match = self.depth.balance()
        price, lots = (self.grid.prices[match[0]], match[1]) if match else (NOTHING, 0)
        before = self._ticks[-1] if self._ticks else None
        if before is None or (before.balance_price, before.balance_quantity) != (price, lots):
            self._add(replace(self._tick(at), balance_price=price, balance_quantity=lots))

    def _tick(self, at: float) -> SymbolTick:
        """Returns a tick of the present prices, without a trade."""
        bid, ask = self.depth.best_bid(), self.depth.best_ask()
        prices = self.grid.prices
        return SymbolTick(
            at=at,
            price=self.last,
            high=self._high,
            low=self._low,
            bid=NOTHING if bid is None else prices[bid],
            ask=NOTHING if ask is None else prices[ask],
        )

    def _add(self, tick: SymbolTick) -> None:
        self._ticks.append(tick)
        self._tick_count += 1
