"""The bars of every symbol: feeds and their backfills write them, any thread reads them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence

from common import wire
from marketdata.events import Bar, VenueTrade
from marketdata.state.candles import MissedTrades, Resolution, Series


class CandleStore:
    """One `Series` for each symbol, behind one lock. An unknown symbol raises `KeyError`."""

    def __init__(self, symbols: Iterable[str], *, unix: Callable[[], float]) -> None:
        self._series = {symbol: Series() for symbol in symbols}
        self._unix = unix
        self._lock = threading.Lock()

    def latest(self, symbol: str, resolution: Resolution, limit: int) -> list[wire.Candle]:
        """Returns the newest `limit` bars, oldest first; the last may still grow.

        A minute without a trade has no bar.
        """
        with self._lock:
            return self._series[symbol].latest(resolution, limit, self._unix())

    def wanted_since(self, symbol: str) -> float | None:
        """Returns the unix time from which the venue's minutes would fill a gap; None without a gap."""
        with self._lock:
            return self._series[symbol].wanted_since(self._unix())

    def add(self, symbol: str, trades: Iterable[VenueTrade]) -> None:
        """Adds trades as they come."""
        with self._lock:
            self._series[symbol].add(trades)

    def replay(self, symbol: str, trades: Sequence[VenueTrade], full: int) -> MissedTrades | None:
        """Adds the latest trades that a venue sends after a join. Returns the span missed before them, or None."""
        with self._lock:
            return self._series[symbol].replay(trades, full)

    def pause(self, symbol: str) -> None:
        """Notes that the symbol's stream of trades has ended."""
        with self._lock:
            self._series[symbol].pause()

    def heal(self, symbol: str, missed: MissedTrades) -> None:
        """Closes the gap of missed trades that were found."""
        with self._lock:
            self._series[symbol].heal(missed)

    def set_present(self, symbol: str, bar: Bar) -> None:
        """Sets the minute that the venue is building."""
        with self._lock:
            self._series[symbol].set_present(bar)

    def merge_minutes(self, symbol: str, bars: Iterable[Bar], *, since: float, asked_at: float) -> None:
        """Adds the venue's minutes from `since` until `asked_at` (unix seconds)."""
        with self._lock:
            self._series[symbol].merge_minutes(bars, since, asked_at)

    def merge_days(self, symbol: str, bars: Iterable[Bar], *, asked_at: float) -> None:
        """Adds the venue's days; it was asked at `asked_at` (unix seconds)."""
        with self._lock:
            self._series[symbol].merge_days(bars, asked_at)
