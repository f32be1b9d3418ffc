"""All that is known of one symbol, and the wire messages that say it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec

from common import wire
from marketdata.state.book import LiveBook, Top
from marketdata.state.listing import BookKind, Listing
from marketdata.state.rowbook import RowBook, TopBook
from marketdata.state.selection import KINDS, EventKind, Held, Key, Selection, Told
from marketdata.state.trades import Kept, TradeHistory
from marketdata.events import Balance

AnyBook = LiveBook | RowBook | TopBook


class Change(msgspec.Struct, frozen=True, gc=False):
    """When something last changed: the store's sequence, the arrival in unix seconds, the venue's own time."""

    sequence: int
    received: float
    venue_time: datetime | None = None


@dataclass(slots=True)
class Source:
    """What is true of all symbols of one venue. `proved_at` is when a frame of it was last taken in (monotonic)."""

    name: str
    proved_at: float
    delayed: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """What may be done with a symbol, and the day's reference price and limits where the venue has them."""

    phase: wire.Phase = "continuous"
    reference_price: Decimal | None = None
    floor: Decimal | None = None
    ceiling: Decimal | None = None


@dataclass(slots=True)
class State:
    """One symbol. `proved_at` is when the feed last vouched for a book that is no longer live; `stale` is what readers
    were last told; `missing` is the sequence up to which trades are known to be missing."""

    listing: Listing
    source: Source
    market: wire.Market
    book: AnyBook
    proved_at: float
    changed: dict[EventKind, Change]
    history: TradeHistory = field(default_factory=TradeHistory)
    history_live: bool = False
    missing: int = 0
    stale: bool = True
    top: Top = field(default_factory=Top)
    last: Decimal | None = None
    daily_change_percent: Decimal | None = None
    standing: Standing = field(default_factory=Standing)
    balance: Balance | None = None

    @classmethod
    def fresh(cls, listing: Listing, source: Source, market: wire.Market, started: float) -> State:
        """A symbol of which nothing is known yet; `started` is unix seconds."""
        never = dict.fromkeys(KINDS, Change(0, started))
        return cls(listing, source, market, _book_of(listing.book), source.proved_at, never)

    def age(self, live: bool, now: float) -> float:
        """Seconds since the feed last vouched for what is `live`, or for the book that was lost."""
        return round(max(0.0, now - (self.source.proved_at if live else self.proved_at)), 3)

    def too_old(self, live: bool, now: float, stale_after: float) -> bool:
        """Whether what is `live` or not can't be trusted at `now` (monotonic)."""
        return not live or self.age(live, now) > stale_after

    def since(
        self, wanted: Selection, after: int, held: Held, instrument: wire.Instrument | None, now: float
    ) -> Iterator[Told]:
        """What of `wanted` changed after a sequence; no book while it is not known what its units are."""
        for kind in wanted.kinds:
            if self.changed[kind].sequence <= after:
                continue
            match kind:
                case "quote":
                    yield self._told(held, kind, partial(self.quote, now))
                case "book" if instrument is not None:
                    yield self._told(held, kind, partial(self.depth, wanted.depth, instrument, now), wanted.depth)
                case "trade":
                    yield from self._trades_since(after, held)
                case "status":
                    yield self._told(held, kind, self.status)
                case "auction":
                    yield self._told(held, kind, self.auction)

    def quote(self, now: float) -> wire.Quote:
        """The wire's quote, with its age at `now` (monotonic)."""
        top = self.top
        return wire.Quote(
            **self._fact(self.changed["quote"]),
            bid=top.bid,
            bid_quantity=top.bid_quantity,
            ask=top.ask,
            ask_quantity=top.ask_quantity,
            last=self.last,
            daily_change_percent=self.daily_change_percent,
            age_seconds=self.age(self.book.live, now),
            stale=self.stale,
            phase=self.standing.phase,
        )

    def depth(self, levels: int, instrument: wire.Instrument, now: float) -> wire.Book:
        """The wire's book of the best `levels` of each side."""
        bids, asks = self.book.levels(levels)
        return wire.Book(
            **self._fact(self.changed["book"]),
            base_asset=instrument.base_asset,
            quote_currency=instrument.quote_currency,
            bids=bids,
            asks=asks,
            age_seconds=self.age(self.book.live, now),
            stale=self.stale,
            phase=self.standing.phase,
            floor=self.standing.floor,
            ceiling=self.standing.ceiling,
        )

    def trade(self, kept: Kept) -> wire.Trade:
        """The wire's form of one trade."""
        trade = kept.trade
        return wire.Trade(
            **self._fact(Change(kept.sequence, kept.received, trade.venue_time)),
            trade_id=trade.trade_id,
            price=trade.price,
            quantity=trade.quantity,
            side=trade.side,
        )

    def latest_trades(self, limit: int) -> list[wire.Trade]:
        """The newest trades, in the order they came."""
        return [self.trade(kept) for kept in sorted(self.history.latest(limit), key=lambda one: one.sequence)]

    def status(self) -> wire.Status:
        """Phase, reference price and limits."""
        standing = self.standing
        return wire.Status(
            **self._fact(self.changed["status"]),
            phase=standing.phase,
            reference_price=standing.reference_price,
            floor=standing.floor,
            ceiling=standing.ceiling,
        )

    def auction(self) -> wire.Auction:
        """Where the call auction would match."""
        balance = self.balance
        return wire.Auction(
            **self._fact(self.changed["auction"]),
            phase=self.standing.phase,
            price=balance.price if balance else None,
            quantity=balance.quantity if balance else None,
        )

    def _told(self, held: Held, kind: EventKind, make: Callable[[], wire.Fact], depth: int = 0) -> Told:
        key = Key(self.changed[kind].sequence, kind, self.listing.symbol, depth)
        return Told(key, None if key in held else make())

    def _trades_since(self, after: int, held: Held) -> Iterator[Told]:
        symbol = self.listing.symbol
        if self.missing > after:
            yield Told(Key(self.missing, "gap", symbol), {"symbol": symbol, "kind": "trade", "sequence": self.missing})
        for kept in self.history.after(after):
            key = Key(kept.sequence, "trade", symbol)
            yield Told(key, None if key in held else self.trade(kept))

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


def _book_of(kind: BookKind) -> AnyBook:
    match kind:
        case "diffs":
            return LiveBook()
        case "rows":
            return RowBook()
        case "top":
            return TopBook()
