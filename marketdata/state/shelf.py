"""The bars of one symbol: made of trades, told by the venue, or made of minutes that were dropped since. Pure.

It shows them as a chart of any resolution.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from common import wire
from marketdata.events import Bar, VenueTrade
from marketdata.state.bars import (
    LENGTHS,
    LONGER,
    MINUTE,
    MOST_BARS,
    MOST_MINUTES,
    RESOLUTIONS,
    Chart,
    GrowingBar,
    Resolution,
    candle,
    gap,
    merged,
    start_of,
)
from marketdata.state.kept import Bars, Dirt, KeptBar, Place
from marketdata.state.packed import PackedMinutes, PackedSums
from marketdata.state.spans import Span, Spans
from marketdata.state.told import ToldBars, Wanted

IN_FLIGHT_SECONDS = 2.0
"""A trade may come so long after it was made: the venue gathers them for 0.8 s."""


class Shelf:
    """Bars by their start. A minute or day without a trade has no bar.

    A minute's bar is the venue's own once the venue told a later one. Until then it is the sum of the trades that came.
    A longer bar is the venue's own when it is final, else the sum of its minutes. While one of those is not known, it
    is what the venue said last.

    told: the venue's bars of each resolution.
    gaps: the times of which not every trade is known, nor the venue's minutes.
    present: the minute that the venue is building; None before it told one.
    delayed: true when trades come minutes after they were made.
    newest_at: when the newest trade was made, in unix seconds.
    dirt: what changed since it was last kept.
    """

    def __init__(self, day_begins: int) -> None:
        self.told = {resolution: ToldBars(LENGTHS[resolution], MOST_BARS[resolution]) for resolution in RESOLUTIONS}
        self.gaps, self.dirt = self.told["1m"].gaps, Dirt()
        self.present: Bar | None = None
        self.delayed, self.newest_at = False, -math.inf
        self._day_begins = day_begins
        self._grown = PackedMinutes()
        self._rolled = {resolution: PackedSums() for resolution in LONGER}

    def grow(self, trade: VenueTrade) -> None:
        """Adds a trade to its minute, unless the venue's own bar of it is there."""
        start = start_of(trade.venue_time.timestamp(), MINUTE, 0)
        if start in self.told["1m"].bars:
            return
        growing = self._grown.get(start)
        if growing is not None:
            growing.add(trade)
            self._grown[start] = growing
        else:
            self._grown[start] = GrowingBar.of(start, trade)
            self._drop_old()
        self.dirt.bars.add(Place("grown", "1m", start))

    def merge(
        self, resolution: Resolution, bars: Iterable[Bar], wanted: Wanted, asked_at: float, lost: Sequence[Span]
    ) -> bool:
        """Adds the venue's answer to `wanted`. Returns true when it proved something that was not known."""
        told, traded = self.told[resolution], self._grown if resolution == "1m" else ()
        proved, changed = told.merge(bars, wanted, asked_at, traded=traded, lost=lost)
        self.dirt.bars.update(Place("told", resolution, start) for start in changed)
        self.dirt.spans = True
        if resolution == "1m":
            for start in [start for start in self._grown if start in told.bars]:
                del self._grown[start]
                self.dirt.bars.add(Place("grown", "1m", start))
            self._drop_old()
        return proved

    def wanted(self, resolution: Resolution, now: float) -> Wanted | None:
        """Returns the span of which the venue's bars would tell something new, or None.

        Long ones are wanted only where minutes do not reach.
        """
        wanted = self.told[resolution].wanted(now)
        if wanted is None or resolution == "1m":
            return wanted
        return wanted if self.unknown(resolution).touches(wanted.since, now - MOST_MINUTES * MINUTE) else None

    def unknown(self, resolution: Resolution) -> Spans:
        """Returns the times that neither minutes nor the venue's bars of a resolution prove."""
        return self.gaps if resolution == "1m" else self.gaps.common(self.told[resolution].gaps)

    def newest_start(self) -> int | None:
        """Returns when the newest minute begins; None while there is none."""
        return max(self._starts(), default=None)

    def chart(self, resolution: Resolution, limit: int, now: float) -> Chart:
        """Returns the newest `limit` bars, and the gaps of the time from the first of them to `now`.

        With fewer bars than `limit` the time begins `limit` bars before now.
        """
        candles = self._minutes(limit, now) if resolution == "1m" else self._long(resolution, limit, now)
        since = now - limit * LENGTHS[resolution]
        if candles:
            first = candles[0].start.timestamp()
            since = first if len(candles) == limit else min(first, since)
        unknown = self.unknown(resolution)
        whole = tuple((begin, end) for begin, end in unknown if begin < now and end > since)
        return Chart(candles, [gap(span) for span in unknown.within(since, now)], whole)

    def kept(self, places: Iterable[Place]) -> Bars:
        """Returns the bars of some places; a place without a bar is left out."""
        found = {place: self._at(place) for place in places}
        return {place: bar for place, bar in found.items() if bar is not None}

    def places(self) -> list[Place]:
        """Returns the places of all bars."""
        places = [Place("grown", "1m", start) for start in self._grown]
        places += [Place("told", resolution, start) for resolution, told in self.told.items() for start in told.bars]
        places += [Place("rolled", resolution, start) for resolution, bars in self._rolled.items() for start in bars]
        return places

    def restore(self, bars: Bars) -> None:
        """Puts kept bars in their places."""
        for place, kept in bars.items():
            if place.kind == "told":
                self.told[place.resolution].bars[place.start] = kept.bar
            elif place.kind == "rolled":
                self._rolled[place.resolution][place.start] = kept
            elif kept.first is not None and kept.last is not None:
                self._grown[place.start] = GrowingBar(kept.bar, kept.first, kept.last)

    def _at(self, place: Place) -> KeptBar | None:
        if place.kind == "rolled":
            return self._rolled[place.resolution].get(place.start)
        if place.kind == "told":
            bar = self.told[place.resolution].bars.get(place.start)
            return None if bar is None else KeptBar(bar, complete=True)
        growing = self._grown.get(place.start)
        return None if growing is None else KeptBar(growing.bar, False, growing.first, growing.last)

    def _starts(self) -> set[int]:
        return {*self._grown, *self.told["1m"].bars}

    def _held(self, since: float, until: float) -> dict[int, Bar]:
        """Returns the minutes that begin between two times, by their start."""
        return self._grown.between(since, until) | self.told["1m"].bars.between(since, until)

    def _minutes(self, limit: int, now: float) -> list[wire.Candle]:
        told, unsure = self.told["1m"], set[int]()
        growing = [bar for bar in (told.partial, self.present) if bar is not None and bar.start not in told.bars]
        newest = {*self._grown.newest(limit), *told.bars.newest(limit), *(bar.start for bar in growing)}
        starts = sorted(newest)[-limit:]
        bars = self._held(starts[0], math.inf) if starts else {}
        for venues in growing:
            ours, missing = bars.get(venues.start), self.gaps.touches(venues.start, venues.start + MINUTE)
            if ours is None or (missing and (venues is self.present or venues.volume >= ours.volume)):
                bars[venues.start] = venues
                unsure.add(venues.start)
        return [candle(bars[start], complete=start not in unsure and self._complete(start, now)) for start in starts]

    def _complete(self, start: int, now: float) -> bool:
        end = start + MINUTE
        return start in self.told["1m"].bars or (self._ended(end, now) and not self.gaps.touches(start, end))

    def _ended(self, end: float, now: float) -> bool:
        """Returns true when no trade before `end` can come any more: of delayed ones, when a later one has come."""
        return self.newest_at >= end if self.delayed else end + IN_FLIGHT_SECONDS <= now

    def _long(self, resolution: Resolution, limit: int, now: float) -> list[wire.Candle]:
        told, length = self.told[resolution], LENGTHS[resolution]
        offset, rolled = self._offset(resolution), self._rolled[resolution]
        minutes = {start_of(start, length, offset) for start in self._starts()}
        starts = {*minutes, *told.bars, *rolled} | ({told.partial.start} if told.partial else set())
        return [self._long_candle(resolution, start, now, traded=start in minutes) for start in sorted(starts)[-limit:]]

    def _long_candle(self, resolution: Resolution, start: int, now: float, *, traded: bool) -> wire.Candle:
        told, end = self.told[resolution], start + LENGTHS[resolution]
        if start in told.bars:
            return candle(told.bars[start], complete=True)
        rolled = self._rolled[resolution].get(start)
        known = not self.gaps.touches(start, min(end, now)) and (rolled is None or rolled.complete)
        if told.partial is not None and told.partial.start == start and not (known and (traded or rolled)):
            return candle(told.partial, complete=False)
        bar = rolled.bar if rolled is not None else self._merged(start, end)
        return candle(bar, complete=known and self._ended(end, now))

    def _merged(self, start: int, end: int) -> Bar:
        minutes = self._held(start, end)
        return merged(start, [minutes[key] for key in sorted(minutes)])

    def _offset(self, resolution: Resolution) -> int:
        """Returns the seconds after midnight UTC at which a bar begins; days begin when the venue's do."""
        told = self.told["1d"].offset
        return (self._day_begins if told is None else told) % LENGTHS[resolution]

    def _drop_old(self) -> None:
        """Drops minutes when there are too many, once the long bars that they are a part of were made."""
        told = self.told["1m"].bars
        while len(self._grown) + len(told) > MOST_MINUTES:
            oldest = min(min(held) for held in (self._grown, told) if held)
            self._roll(oldest)
            kind = "grown" if self._grown.pop(oldest, None) is not None else "told"
            told.pop(oldest, None)
            self.dirt.bars.add(Place("grown" if kind == "grown" else "told", "1m", oldest))

    def _roll(self, minute: int) -> None:
        for resolution, rolled in self._rolled.items():
            length = LENGTHS[resolution]
            start = start_of(minute, length, self._offset(resolution))
            if start in rolled or start in self.told[resolution].bars:
                continue
            bar = self._merged(start, start + length)
            rolled[start] = KeptBar(bar, not self.gaps.touches(start, start + length))
            self.dirt.bars.add(Place("rolled", resolution, start))
            if len(rolled) > MOST_BARS[resolution]:
                oldest = min(rolled)
                del rolled[oldest]
                self.dirt.bars.add(Place("rolled", resolution, oldest))
