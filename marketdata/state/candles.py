"""Minute and daily bars of one symbol: they grow from trades, and the venue's own bars complete them. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal, NamedTuple

from common import wire
from marketdata.events import Bar, VenueTrade
from marketdata.state.trades import trade_order

Resolution = Literal["1m", "1d"]

MINUTE, DAY = 60, 86_400
MOST_MINUTES, MOST_DAYS = 1_500, 500
MOST_KNOWN_TRADES = 200
"""Four times as many as a venue replays."""
SETTLED_SECONDS = 5.0
"""A bar of the venue counts as final so long after its end: the venue may be slow, and its clock a little off."""


class MissedTrades(NamedTuple):
    """A span from which trades are missing.

    last_id: the id of the last trade before it.
    since, until: its ends, in unix seconds.
    """

    last_id: str
    since: float
    until: float


@dataclass(slots=True)
class _GrowingBar:
    """A bar that grows from trades. They may come late: the earliest sets the open, the latest the close.

    bar: the bar so far.
    first, last: time and id of the earliest and of the latest trade in it.
    """

    bar: Bar
    first: tuple[datetime, int, str]
    last: tuple[datetime, int, str]

    def add(self, trade: VenueTrade) -> None:
        bar, at = self.bar, trade_order(trade)
        self.bar = Bar(
            bar.start,
            trade.price if at < self.first else bar.open,
            max(bar.high, trade.price),
            min(bar.low, trade.price),
            trade.price if at > self.last else bar.close,
            bar.volume + trade.quantity,
        )
        self.first, self.last = min(self.first, at), max(self.last, at)


class Series:
    """Bars by the start that the venue gives them. A minute or day without a trade has no bar.

    A minute's bar is the venue's own once it was fetched after the minute's end. Until then it is the sum of the trades
    that came. A day that the venue has closed is the venue's bar. The present day, and one that closed since, is the
    sum of its minutes; when one is missing it is the venue's bar. Days begin when the venue's daily bars do, and at
    midnight UTC while none is known. `_gaps` keeps the spans of the past that are not known.
    """

    def __init__(self) -> None:
        self._grown: dict[int, _GrowingBar] = {}
        self._fetched: dict[int, Bar] = {}
        self._days: dict[int, Bar] = {}
        self._days_final_until = -math.inf
        self._present: Bar | None = None
        self._known: dict[str, None] = {}
        self._newest: VenueTrade | None = None
        self._gaps: list[tuple[float, float]] = [(-math.inf, math.inf)]

    # The writing side, for feeds and the backfill.

    def add(self, trades: Iterable[VenueTrade]) -> None:
        """Adds trades, in any order; a known one is skipped."""
        for trade in trades:
            if trade.trade_id in self._known:
                continue
            self._known[trade.trade_id] = None
            if len(self._known) > MOST_KNOWN_TRADES:
                del self._known[next(iter(self._known))]
            if self._newest is None or trade_order(trade) > trade_order(self._newest):
                self._newest = trade
            self._grow(trade)

    def replay(self, trades: Sequence[VenueTrade], full: int) -> MissedTrades | None:
        """Adds the trades that the venue sends after a join: its latest ones, at most `full`.

        Returns the span of missed trades: there is one when `full` trades came and none of them is known. Else None.
        """
        newest = self._newest
        oldest = min((trade.venue_time.timestamp() for trade in trades), default=-math.inf)
        fits = len(trades) < full or any(trade.trade_id in self._known for trade in trades)
        missed = None
        since = self._gaps.pop()[0] if self._gaps and self._gaps[-1][1] == math.inf else math.inf
        if newest is None:
            if oldest > -math.inf:
                self._gaps.append((since, oldest))
        elif not fits:
            missed = MissedTrades(newest.trade_id, newest.venue_time.timestamp(), oldest)
            self._gaps.append((min(since, missed.since), oldest))
        self.add(trades)
        return missed

    def pause(self) -> None:
        """Notes that the stream of trades has ended: the time after the newest trade is a gap until the next replay."""
        if not self._gaps or self._gaps[-1][1] < math.inf:
            self._gaps.append((self._newest.venue_time.timestamp() if self._newest else -math.inf, math.inf))

    def heal(self, missed: MissedTrades) -> None:
        """Closes the gap of missed trades that were found."""
        self._cover(missed.since, missed.until)

    def set_present(self, bar: Bar) -> None:
        """Sets the minute that the venue is building. It is shown while trades of that minute are missing here."""
        self._present = bar

    def merge_minutes(self, bars: Iterable[Bar], since: float, asked_at: float) -> None:
        """Adds the venue's minutes from `since` to the time of asking; minutes that had not settled are left out."""
        final = _last_boundary(asked_at)
        self._fetched |= {bar.start: bar for bar in bars if since <= bar.start < final}
        for old in sorted(self._fetched)[:-MOST_MINUTES]:
            del self._fetched[old]
        self._cover(since, final)

    def merge_days(self, bars: Iterable[Bar], asked_at: float) -> None:
        """Adds the venue's days, of which the last may be the present one."""
        self._days |= {bar.start: bar for bar in bars}
        for old in sorted(self._days)[:-MOST_DAYS]:
            del self._days[old]
        self._days_final_until = asked_at - SETTLED_SECONDS

    # The reading side.

    def wanted_since(self, now: float) -> float | None:
        """Returns the time from which the venue's minutes would fill a gap; None without a gap."""
        final, oldest = _last_boundary(now), now - MOST_MINUTES * MINUTE
        wanted = [max(since, oldest) for since, until in self._gaps if since < final and until > oldest]
        return min(wanted, default=None)

    def latest(self, resolution: Resolution, limit: int, now: float) -> list[wire.Candle]:
        """Returns the newest `limit` bars, oldest first."""
        return self._latest_minutes(limit, now) if resolution == "1m" else self._latest_days(limit, now)

    def _latest_minutes(self, limit: int, now: float) -> list[wire.Candle]:
        bars = {start: growing.bar for start, growing in self._grown.items()}
        present = self._present
        if present is not None and self._missing(present.start, present.start + MINUTE):
            bars[present.start] = present
        bars |= self._fetched
        return [_candle(bars[start], complete=self._complete(start, now)) for start in sorted(bars)[-limit:]]

    def _complete(self, start: int, now: float) -> bool:
        end = start + MINUTE
        return start in self._fetched or (end <= now and not self._missing(start, end))

    def _latest_days(self, limit: int, now: float) -> list[wire.Candle]:
        final = {start: bar for start, bar in self._days.items() if start + DAY <= self._days_final_until}
        candles = [_candle(bar, complete=True) for _, bar in sorted(final.items())]
        offset = max(self._days, default=0) % DAY
        start = int((now - offset) // DAY) * DAY + offset
        for day in (start - DAY, start):
            candles += [] if day in final else self._day_of_minutes(day, now)
        return candles[-limit:]

    def _day_of_minutes(self, start: int, now: float) -> list[wire.Candle]:
        venues, end = self._days.get(start), start + DAY
        missing = self._missing(start, min(end, now)) or start < now - MOST_MINUTES * MINUTE
        if missing and venues is not None:
            return [_candle(venues, complete=False)]
        starts = sorted(key for key in self._fetched.keys() | self._grown.keys() if start <= key < end)
        if not starts:
            return []
        bars = [self._fetched[key] if key in self._fetched else self._grown[key].bar for key in starts]
        whole = Bar(
            start,
            bars[0].open,
            max(bar.high for bar in bars),
            min(bar.low for bar in bars),
            bars[-1].close,
            sum((bar.volume for bar in bars), Decimal(0)),
        )
        return [_candle(whole, complete=end <= now and not missing)]

    def _grow(self, trade: VenueTrade) -> None:
        start = int(trade.venue_time.timestamp()) // MINUTE * MINUTE
        growing = self._grown.get(start)
        if growing is not None:
            growing.add(trade)
            return
        price, at = trade.price, trade_order(trade)
        self._grown[start] = _GrowingBar(Bar(start, price, price, price, price, trade.quantity), at, at)
        if len(self._grown) > MOST_MINUTES:
            del self._grown[min(self._grown)]

    def _missing(self, start: float, end: float) -> bool:
        return any(since < end and until > start for since, until in self._gaps)

    def _cover(self, start: float, end: float) -> None:
        """Removes a span from the gaps."""
        left = [(since, min(until, start)) for since, until in self._gaps]
        right = [(max(since, end), until) for since, until in self._gaps]
        self._gaps = sorted({(since, until) for since, until in left + right if since < until})


def _last_boundary(at: float) -> float:
    """Returns the end of the last minute that has settled."""
    return (at - SETTLED_SECONDS) // MINUTE * MINUTE


def _candle(bar: Bar, *, complete: bool) -> wire.Candle:
    start = datetime.fromtimestamp(bar.start, UTC)
    return wire.Candle(**(bar._asdict() | {"start": start}), complete=complete)
