"""The bars of every symbol: feeds and their backfills write them, any thread reads them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from common import wire
from marketdata.events import Bar, VenueTrade
from marketdata.state.bars import Chart, Resolution
from marketdata.state.candles import MissedTrades, Series
from marketdata.state.kept import Changes, KeptSeries
from marketdata.state.listing import BySymbol, Listing
from marketdata.state.spans import Span
from marketdata.state.told import Wanted

MIDNIGHT: Mapping[str, int] = MappingProxyType({})


class CandleStore:
    """One `Series` for each symbol, behind one lock. A symbol that is not followed raises `NotFollowed`, except where a
    thread can't know yet that it is followed no longer."""

    def __init__(
        self, symbols: Iterable[str], *, unix: Callable[[], float], day_begins: Mapping[str, int] = MIDNIGHT
    ) -> None:
        """`day_begins` has, for a symbol, the seconds after midnight UTC at which its days begin; 0 by default."""
        self._series = BySymbol({symbol: Series(day_begins.get(symbol, 0)) for symbol in symbols})
        self._left: dict[str, Series] = {}
        self._unix = unix
        self._lock = threading.Lock()

    def follow(self, listing: Listing) -> bool:
        """Begins the bars of one more symbol. Returns true when they are empty, so that kept ones are wanted."""
        with self._lock:
            if listing.symbol in self._series:
                return False
            series = self._left.pop(listing.symbol, None)
            self._series = BySymbol({**self._series, listing.symbol: series or Series(listing.day_begins)})
            return series is None

    def unfollow(self, symbol: str) -> None:
        """Drops the bars of a symbol, once their changes were taken: what is kept of them stays kept."""
        with self._lock:
            series = self._left[symbol] = self._series[symbol]
            series.pause()
            self._series = BySymbol({name: other for name, other in self._series.items() if name != symbol})

    def latest(self, symbol: str, resolution: Resolution, limit: int) -> list[wire.Candle]:
        """Returns the newest `limit` bars, oldest first; the last may still grow.

        A minute without a trade has no bar.
        """
        return self.chart(symbol, resolution, limit).candles

    def chart(self, symbol: str, resolution: Resolution, limit: int) -> Chart:
        """Returns the newest `limit` bars, and the spans of the time shown of which not everything is known."""
        with self._lock:
            return self._series[symbol].chart(resolution, limit, self._unix())

    def wanted(self, symbol: str, resolution: Resolution) -> Wanted | None:
        """Returns the span of which the venue's bars would tell something new, or None."""
        with self._lock:
            series = self._series.get(symbol)
            return None if series is None else series.wanted(resolution, self._unix())

    def add(self, symbol: str, trades: Iterable[VenueTrade]) -> None:
        """Adds trades as they come."""
        with self._lock:
            self._series[symbol].add(trades)

    def replay(self, symbol: str, trades: Sequence[VenueTrade]) -> MissedTrades | None:
        """Adds the latest trades that a venue sends after a join. Returns the span missed before them, or None."""
        with self._lock:
            return self._series[symbol].replay(trades, self._unix())

    def begin(self, symbol: str, at: datetime) -> None:
        """Notes that a stream of trades has begun with a frame of the venue's time `at`, and replays nothing."""
        with self._lock:
            self._series[symbol].begin(at.timestamp(), self._unix())

    def pause(self, symbol: str) -> None:
        """Notes that the symbol's stream of trades has ended."""
        with self._lock:
            self._series[symbol].pause()

    def heal(self, symbol: str, missed: MissedTrades, trades: Sequence[VenueTrade]) -> None:
        """Closes the gap of missed trades as far as fetched trades fill it."""
        with self._lock:
            self._series[symbol].heal(missed, trades)

    def miss(self, symbol: str, since: float, until: float | None = None) -> None:
        """Notes that a trade between two unix times, the present by default, was told and can't be used."""
        with self._lock:
            self._series[symbol].miss(since, self._unix() if until is None else until)

    def set_present(self, symbol: str, bar: Bar) -> None:
        """Sets the minute that the venue is building."""
        with self._lock:
            self._series[symbol].set_present(bar)

    def set_delayed(self, symbol: str, delayed: bool) -> None:
        """Notes that a symbol's trades come, or come no longer, minutes after they were made."""
        with self._lock:
            self._series[symbol].set_delayed(delayed)

    def merge(
        self,
        symbol: str,
        resolution: Resolution,
        bars: Iterable[Bar],
        *,
        wanted: Wanted,
        asked_at: float,
        lost: Sequence[Span] = (),
    ) -> bool:
        """Adds the venue's answer to `wanted`, asked at `asked_at` (unix seconds). Returns true when it proved
        something that was not known. Of the spans `lost` it has bars that can't be used."""
        with self._lock:
            series = self._series.get(symbol)
            return series is not None and series.merge(resolution, bars, wanted, asked_at, lost)

    def take(self, symbol: str) -> Changes | None:
        """Returns what changed of a symbol since this was last called, or None."""
        with self._lock:
            series = self._series.get(symbol) or self._left.pop(symbol, None)
            return None if series is None else series.take(symbol)

    def put_back(self, changes: Changes) -> None:
        """Notes that changes could not be kept."""
        with self._lock:
            series = self._series.get(changes.symbol)
            if series is not None:
                series.put_back(changes.dirt)

    def soil(self) -> None:
        """Notes that nothing is kept: everything is a change."""
        with self._lock:
            for series in self._series.values():
                series.soil()

    def restore(self, symbol: str, kept: KeptSeries) -> list[VenueTrade]:
        """Takes over what an earlier start kept of a symbol. Returns its trades."""
        with self._lock:
            self._series[symbol].restore(kept)
            return self._series[symbol].trades()

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols that are followed."""
        return tuple(self._series)

    @property
    def untaken(self) -> tuple[str, ...]:
        """The symbols whose changes may be taken: those that are followed, and those that no longer are."""
        with self._lock:
            return (*self._series, *self._left)
