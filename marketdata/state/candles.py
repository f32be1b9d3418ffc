"""The bars of one symbol: trades make them grow, and gaps tell where trades are missing. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple, get_args

from marketdata.events import Bar, VenueTrade
from marketdata.state.bars import DAY, MINUTE, MOST_DAYS, MOST_MINUTES, Chart, Resolution
from marketdata.state.kept import Changes, Dirt, KeptSeries, SpanKind, SpansByKind
from marketdata.state.shelf import Shelf
from marketdata.state.spans import Span
from marketdata.state.told import Wanted
from marketdata.state.trades import trade_order

__all__ = ["DAY", "MINUTE", "MOST_DAYS", "MOST_MINUTES", "MissedTrades", "Resolution", "Series"]

MOST_KNOWN_TRADES = 200
"""Four times as many as a venue replays."""


class MissedTrades(NamedTuple):
    """A span from which trades are missing.

    last_id: the id of the last trade before it.
    since, until: its ends, in unix seconds.
    """

    last_id: str
    since: float
    until: float


class Series:
    """The bars and the latest trades of one symbol.

    A time is known when the stream of trades ran through it, or when the venue's bars prove it. Nothing is known of the
    past at first. What a venue did not tell did not therefore not happen: it stays a gap.
    """

    def __init__(self, day_begins: int = 0) -> None:
        """`day_begins` is the seconds after midnight UTC at which a day begins, until the venue told a day."""
        self._shelf = Shelf(day_begins)
        self._gaps = self._shelf.gaps
        self._known: dict[str, VenueTrade] = {}
        self._newest: VenueTrade | None = None
        self._before_pause: VenueTrade | None = None

    # The writing side, for feeds and the backfill.

    def add(self, trades: Iterable[VenueTrade]) -> None:
        """Adds trades, in any order; a known one is skipped."""
        for trade in trades:
            if trade.trade_id not in self._known:
                self._know(trade)
                self._shelf.grow(trade)

    def replay(self, trades: Sequence[VenueTrade], now: float) -> MissedTrades | None:
        """Adds the latest trades, which the venue sends after a join. Returns the span of missed trades, or None.

        Nothing was missed when the newest trade before the join is among them. Else trades are missing until the first
        that is newer, and until `now` (unix seconds) when none is.
        """
        before = self._before_pause or self._newest
        overlaps = before is not None and any(trade.trade_id == before.trade_id for trade in trades)
        new = [trade for trade in trades if overlaps or before is None or _later(trade, before)]
        until = min((trade.venue_time.timestamp() for trade in new), default=now)
        missed = self._rejoin(until, overlaps=overlaps)
        self.add(trades)
        return missed

    def begin(self, at: float, now: float) -> MissedTrades | None:
        """Notes that a stream has begun that replays nothing: its first frame is of the venue's time `at`, in unix
        seconds. Returns the span of missed trades, or None when there was none before.

        A frame that is no newer than the last trade may be a repeat: then trades are missing until `now`.
        """
        before = self._before_pause or self._newest
        return self._rejoin(now if before is not None and at <= before.venue_time.timestamp() else at, overlaps=False)

    def pause(self) -> None:
        """Notes that the stream of trades has ended: the time after the newest trade is a gap until the next join."""
        self._pause(-math.inf)

    def heal(self, missed: MissedTrades, trades: Sequence[VenueTrade]) -> None:
        """Closes the gap of missed trades as far as trades that were fetched reach without a hole."""
        if any(trade.trade_id == missed.last_id for trade in trades):
            newest = max(trade.venue_time.timestamp() for trade in trades)
            self._gaps.remove(missed.since, min(missed.until, newest))
            self._shelf.dirt.spans = True

    def miss(self, since: float, until: float) -> None:
        """Notes that a trade between the two times, in unix seconds, was told and can't be used."""
        self._gaps.add(since, until)
        self._shelf.dirt.spans = True

    def set_present(self, bar: Bar) -> None:
        """Sets the minute that the venue is building. It is shown while trades of that minute are missing here."""
        self._shelf.present = bar

    def set_delayed(self, delayed: bool) -> None:
        """Notes that trades come, or come no longer, minutes after they were made."""
        self._shelf.delayed = delayed

    def merge(
        self,
        resolution: Resolution,
        bars: Iterable[Bar],
        wanted: Wanted,
        asked_at: float,
        lost: Sequence[Span] = (),
    ) -> bool:
        """Adds the venue's answer to `wanted`, asked at `asked_at` (unix seconds). Returns true when it proved
        something that was not known. Of the spans `lost` it has bars that can't be used."""
        return self._shelf.merge(resolution, bars, wanted, asked_at, lost)

    # The reading side.

    def wanted(self, resolution: Resolution, now: float) -> Wanted | None:
        """Returns the span of which the venue's bars would tell something new, or None."""
        return self._shelf.wanted(resolution, now)

    def chart(self, resolution: Resolution, limit: int, now: float) -> Chart:
        """Returns the newest `limit` bars and their gaps."""
        return self._shelf.chart(resolution, limit, now)

    # What outlives a restart.

    def take(self, symbol: str) -> Changes | None:
        """Returns what changed since this was last called, or None."""
        dirt = self._shelf.dirt
        if not dirt:
            return None
        self._shelf.dirt = Dirt()
        trades = {name: self._known[name] for name in dirt.trades if name in self._known}
        spans = self._spans() if dirt.spans else {}
        return Changes(symbol, KeptSeries(self._shelf.kept(dirt.bars), trades, spans), dirt)

    def put_back(self, dirt: Dirt) -> None:
        """Notes that changes could not be kept: they are changes still."""
        self._shelf.dirt.add(dirt)

    def soil(self) -> None:
        """Notes that nothing is kept: everything is a change."""
        self._shelf.dirt.add(Dirt(set(self._shelf.places()), set(self._known), spans=True))

    def restore(self, kept: KeptSeries) -> None:
        """Takes over what an earlier start kept. The time since its last trade is a gap until the next join."""
        self._shelf.restore(kept.bars)
        for (kind, resolution), spans in kept.spans.items():
            told = self._shelf.told[resolution]
            (told.gaps if kind == "gap" else told.given_up).replace(spans)
        for trade in sorted(kept.trades.values(), key=trade_order):
            self._know(trade)
        newest = self._shelf.newest_start()
        self._shelf.dirt = Dirt()
        self._pause(-math.inf if newest is None else newest)

    def trades(self) -> list[VenueTrade]:
        """Returns the latest trades, in the order that they became known."""
        return list(self._known.values())

    def _spans(self) -> SpansByKind:
        kinds: tuple[SpanKind, ...] = get_args(SpanKind)
        return {
            (kind, resolution): list(told.gaps if kind == "gap" else told.given_up)
            for resolution, told in self._shelf.told.items()
            for kind in kinds
        }

    def _pause(self, since: float) -> None:
        """Begins a gap after the newest trade, or `since` when no trade is known."""
        if not self._gaps.open:
            self._before_pause = self._newest
            self._gaps.add(self._newest.venue_time.timestamp() if self._newest else since, math.inf)
            self._shelf.dirt.spans = True

    def _rejoin(self, until: float, *, overlaps: bool) -> MissedTrades | None:
        """Ends a pause, if there is one: the stream is known from `until` on.

        Unless it overlaps with what was known, trades after the newest one before it were missed.
        """
        before, paused_since = self._before_pause or self._newest, self._gaps.pop_open()
        self._before_pause = None
        self._shelf.dirt.spans = True
        self._gaps.add(math.inf if paused_since is None else paused_since, until)
        if before is None or overlaps:
            return None
        since = before.venue_time.timestamp()
        self._gaps.add(since, until)
        return MissedTrades(before.trade_id, since, until)

    def _know(self, trade: VenueTrade) -> None:
        self._known[trade.trade_id] = trade
        self._shelf.dirt.trades.add(trade.trade_id)
        if len(self._known) > MOST_KNOWN_TRADES:
            oldest = next(iter(self._known))
            del self._known[oldest]
            self._shelf.dirt.trades.add(oldest)
        if self._newest is None or _later(trade, self._newest):
            self._newest, self._shelf.newest_at = trade, trade.venue_time.timestamp()


def _later(trade: VenueTrade, than: VenueTrade) -> bool:
    return trade_order(trade) > trade_order(than)
