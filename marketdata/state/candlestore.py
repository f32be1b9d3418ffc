"""The bars of every symbol: written by feeds and their backfills, read by any thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence

from common import wire
from marketdata.state.candles import Missed, Resolution, Series
from marketdata.events import Bar, VenueTrade


class CandleStore:
    """One `Series` for each symbol, behind one lock. `clock` gives unix seconds. An unknown symbol is a `KeyError`."""

    def __init__(self, symbols: Iterable[str], *, clock: Callable[[], float]) -> None:
        self._series = {symbol: Series() for symbol in symbols}
        self._clock = clock
        self._lock = threading.Lock()

    def latest(self, symbol: str, resolution: Resolution, limit: int) -> list[wire.Candle]:
        """The newest `limit` bars, oldest first; the last may still grow. Minutes without a trade have no bar."""
        with self._lock:
            return self._series[symbol].latest(resolution, limit, self._clock())

    def wanted_since(self, symbol: str) -> float | None:
        """Unix seconds from which the venue's own minutes would tell something new, or None."""
        with self._lock:
            return self._series[symbol].wanted_since(self._clock())

    def add(self, symbol: str, trades: Iterable[VenueTrade]) -> None:
        """Takes trades in as they come."""
        with self._lock:
            self._series[symbol].add(trades)

    def replay(self, symbol: str, trades: Sequence[VenueTrade], full: int) -> Missed | None:
        """Takes in the latest trades that a venue tells after a join; what was missed before them, if anything."""
        with self._lock:
            return self._series[symbol].replay(trades, full)

    def pause(self, symbol: str) -> None:
        """The symbol's stream of trades has ended."""
        with self._lock:
            self._series[symbol].pause()

    def heal(self, symbol: str, missed: Missed) -> None:
        """Trades that were missed were found."""
        with self._lock:
            self._series[symbol].heal(missed)

    def set_present(self, symbol: str, bar: Bar) -> None:
        """The minute that the venue is building."""
        with self._lock:
            self._series[symbol].set_present(bar)

    def merge_minutes(self, symbol: str, bars: Iterable[Bar], *, since: float, asked_at: float) -> None:
        """Takes in the venue's minutes from `since` until it was asked (unix seconds)."""
        with self._lock:
            self._series[symbol].merge_minutes(bars, since, asked_at)

    def merge_days(self, symbol: str, bars: Iterable[Bar], *, asked_at: float) -> None:
        """Takes in the venue's days."""
        with self._lock:
            self._series[symbol].merge_days(bars, asked_at)
