"""The state of one symbol, and the wire messages that tell it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec

from common import wire
from marketdata.events import Equilibrium, Top
from marketdata.state.book import LiveBook
from marketdata.state.listing import BookKind, Listing
from marketdata.state.rowbook import RowBook, TopBook
from marketdata.state.selection import KINDS, EventKind, Key, KnownKeys, Selection, StreamEvent
from marketdata.state.trades import StoredTrade, TradeHistory

SymbolBook = LiveBook | RowBook | TopBook


class Change(msgspec.Struct, frozen=True, gc=False):
    """The newest change of one thing.

    sequence: the store's sequence of it.
    received: when it came, in unix seconds.
    venue_time: the venue's own time; None where it sends none.
    """

    sequence: int
    received: float
    venue_time: datetime | None = None


@dataclass(slots=True)
class Source:
    """The facts that all symbols of one venue share.

    name: the venue's name.
    delayed: true when its data is minutes old by contract.
    """

    name: str
    delayed: bool = False


class SymbolStatus(msgspec.Struct, frozen=True, gc=False):
    """The trading status of a symbol.

    phase: the trading phase.
    reference_price: the price that the day's change counts from; None where the venue has none.
    floor, ceiling: the day's lowest and highest price; None where the venue has no limits.
    """

    phase: wire.Phase = "continuous"
    reference_price: Decimal | None = None
    floor: Decimal | None = None
    ceiling: Decimal | None = None


@dataclass(slots=True)
class SymbolState:
    """One symbol.

    listing: the instrument and the form of its book.
    source: the facts of its venue.
    market: the market that it is of.
    book: its order book.
    book_proved_at: when the feed last proved the book, in seconds of the monotonic clock; the start before that.
    trades_proved_at: the same of the stream of trades.
    lost_by: why the book was lost; empty before it was.
    doubt: why a whole book is not to be trusted; empty while it is.
    changed: the newest change of each kind.
    history: the latest trades.
    history_live: true while the venue's stream of trades is on.
    missing: the sequence up to which trades are known to be missing; 0 for none.
    stale: the staleness that was last published.
    top: the best prices that were last published.
    last: the last price; None before it is known.
    daily_change_percent: the day's change in percent; None before it is known.
    symbol_status: phase, reference price and limits.
    equilibrium: where a call auction would match; None before the venue sent one.
    """

    listing: Listing
    source: Source
    market: wire.Market
    book: SymbolBook
    book_proved_at: float
    trades_proved_at: float
    changed: dict[EventKind, Change]
    history: TradeHistory = field(default_factory=TradeHistory)
    history_live: bool = False
    lost_by: str = ""
    doubt: str = ""
    missing: int = 0
    stale: bool = True
    top: Top = field(default_factory=Top)
    last: Decimal | None = None
    daily_change_percent: Decimal | None = None
    symbol_status: SymbolStatus = field(default_factory=SymbolStatus)
    equilibrium: Equilibrium | None = None

    @classmethod
    def fresh(cls, listing: Listing, source: Source, market: wire.Market, started: float, now: float) -> SymbolState:
        """Returns the state of a symbol of which nothing is known yet; `started` is unix seconds, `now` monotonic."""
        never = dict.fromkeys(KINDS, Change(0, started))
        return cls(listing, source, market, _book_of(listing.book), now, now, never)

    def book_age(self, now: float) -> float:
        """Returns the seconds since the feed last proved the book, at `now` (monotonic)."""
        return round(max(0.0, now - self.book_proved_at), 3)

    def trades_age(self, now: float) -> float:
        """Returns the seconds since the feed last proved the stream of trades, at `now` (monotonic)."""
        return round(max(0.0, now - self.trades_proved_at), 3)

    def fault(self, now: float, stale_after: float) -> str:
        """Returns why the book is not fresh; empty when it is."""
        if self.doubt:
            return self.doubt
        if not self.book.live:
            return self.lost_by or "no book yet"
        age = self.book_age(now)
        return f"not proved for {age:.0f} s" if age > max(stale_after, self.listing.quiet_seconds) else ""

    def since(
        self, wanted: Selection, after: int, known: KnownKeys, instrument: wire.Instrument | None, now: float
    ) -> Iterator[StreamEvent]:
        """Yields the changes of `wanted` after a sequence; no book and no instrument while that is not known."""
        for kind in wanted.kinds:
            if self.changed[kind].sequence <= after:
                continue
            match kind:
                case "quote":
                    yield self._event(known, kind, partial(self.quote, now))
                case "book" if instrument is not None:
                    yield self._event(known, kind, partial(self.depth, wanted.depth, instrument, now), wanted.depth)
                case "trade":
                    yield from self._trades_since(after, known)
                case "status":
                    yield self._event(known, kind, self.status)
                case "auction":
                    yield self._event(known, kind, self.auction)
                case "instrument" if instrument is not None:
                    yield self._event(known, kind, lambda: instrument)

    def quote(self, now: float) -> wire.Quote:
        """Returns the quote, with its age at `now` (monotonic)."""
        return wire.Quote(
            **self._fact(self.changed["quote"]),
            **msgspec.structs.asdict(self.top),
            last=self.last,
            daily_change_percent=self.daily_change_percent,
            age_seconds=self.book_age(now),
            stale=self.stale,
            phase=self.symbol_status.phase,
        )

    def depth(self, levels: int, instrument: wire.Instrument, now: float) -> wire.Book:
        """Returns the book of the best `levels` of each side."""
        bids, asks = self.book.levels(levels)
        return wire.Book(
            **self._fact(self.changed["book"]),
            base_asset=instrument.base_asset,
            quote_currency=instrument.quote_currency,
            bids=bids,
            asks=asks,
            age_seconds=self.book_age(now),
            stale=self.stale,
            phase=self.symbol_status.phase,
            floor=self.symbol_status.floor,
            ceiling=self.symbol_status.ceiling,
        )

    def trade(self, stored: StoredTrade) -> wire.Trade:
        """Returns the message of one trade."""
        trade = stored.trade
        return wire.Trade(
            **self._fact(Change(stored.sequence, stored.received, trade.venue_time)),
            trade_id=trade.trade_id,
            price=trade.price,
            quantity=trade.quantity,
            side=trade.side,
        )

    def latest_trades(self, limit: int) -> list[wire.Trade]:
        """Returns the newest trades, in the order they came."""
        return [self.trade(stored) for stored in sorted(self.history.latest(limit), key=lambda one: one.sequence)]

    def status(self) -> wire.Status:
        """Returns phase, reference price and limits."""
        return wire.Status(**self._fact(self.changed["status"]), **msgspec.structs.asdict(self.symbol_status))

    def auction(self) -> wire.Auction:
        """Returns the price at which the call auction would match now."""
        equilibrium = self.equilibrium
        return wire.Auction(
            **self._fact(self.changed["auction"]),
            phase=self.symbol_status.phase,
            price=equilibrium.price if equilibrium else None,
            quantity=equilibrium.quantity if equilibrium else None,
        )

    def _event(
        self, known: KnownKeys, kind: EventKind, make: Callable[[], wire.Message], depth: int = 0
    ) -> StreamEvent:
        key = Key(self.changed[kind].sequence, kind, self.listing.symbol, depth)
        return StreamEvent(key, None if key in known else make())

    def _trades_since(self, after: int, known: KnownKeys) -> Iterator[StreamEvent]:
        symbol = self.listing.symbol
        if self.missing > after:
            yield StreamEvent(
                Key(self.missing, "gap", symbol), {"symbol": symbol, "kind": "trade", "sequence": self.missing}
            )
        for stored in self.history.after(after):
            key = Key(stored.sequence, "trade", symbol)
            yield StreamEvent(key, None if key in known else self.trade(stored))

    def _fact(self, change: Change) -> dict[str, Any]:
        return {
            "symbol": self.listing.symbol,
            "market": self.market,
            "source": self.source.name,
            "delayed": self.source.delayed,
            "sequence": change.sequence,
            "received_at": datetime.fromtimestamp(change.received, UTC),
            "venue_time": change.venue_time,
        }


def _book_of(kind: BookKind) -> SymbolBook:
    match kind:
        case "diffs":
            return LiveBook()
        case "rows":
            return RowBook()
        case "top":
            return TopBook()
