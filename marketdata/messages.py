"""Answers and events of market data that no other service reads: what the calls and the stream tell."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import UNSET, UnsetType

from common import wire
from marketdata.link.connection import ConnectionState
from marketdata.state.bars import Gap, Resolution
from marketdata.venues.venue import FeedState


class SymbolStatusAnswer(wire.Message, frozen=True, kw_only=True):
    """`GET /v1/status/<symbol>`.

    market, symbol: the symbol that it is of.
    sequence: the sequence of the newest change in it.
    age_seconds: how long ago the feed last proved the symbol's book.
    stale: true when that is too long ago, or not vouched for.
    status: phase, reference price and limits.
    auction: the price at which a call auction would match now.
    """

    market: wire.Market
    symbol: str
    sequence: int
    age_seconds: float
    stale: bool
    status: wire.Status
    auction: wire.Auction


class CandleList(wire.Message, frozen=True, kw_only=True):
    """`GET /v1/candles/<symbol>`.

    market, symbol: the symbol that they are of.
    resolution: the length of a bar, from a minute to a day.
    age_seconds: seconds since the venue's stream of trades was last proved.
    stale: true when that stream is not known to be on, or is too old.
    candles: the newest bars, oldest first; a minute without a trade has none.
    gaps: the spans of the time shown of which not everything is known, oldest first.
    """

    market: wire.Market
    symbol: str
    resolution: Resolution
    age_seconds: float
    stale: bool
    candles: tuple[wire.Candle, ...]
    gaps: tuple[Gap, ...]


class SafetyNetRow(wire.Message, frozen=True, kw_only=True):
    """One safety net of a feed.

    net: its name.
    works: false when it failed too often in a row, so that a fault would not be found now.
    failures_in_a_row: its failures since it last worked.
    reason: why it could not work the last time; empty once it worked again.
    """

    net: str
    works: bool
    failures_in_a_row: int
    reason: str


class FeedRow(wire.Message, frozen=True, kw_only=True):
    """One venue's feed.

    venue: the prefix of its symbols.
    state: its state in one word.
    reason: why it can't be relied on; None when it can.
    connection: the state of its socket.
    blocked_until: the time until which the venue wants no dial, UTC; None when it said nothing.
    last_frame_age_seconds: seconds since the last frame, pings included.
    symbols: how many symbols of it are followed.
    last_data_age_seconds: seconds since anything of it was last proved.
    not_live: the symbols whose book should be fresh and is not.
    faults: the reason for each of those.
    not_trading: the symbols that the venue halted, renamed or delisted, each with the reason.
    queue_depth: the frames that wait to be applied.
    oddities: harmless oddities in its frames since the start, by kind.
    safety_nets: its safety nets.
    """

    venue: str
    state: FeedState
    reason: str | None
    connection: ConnectionState
    blocked_until: datetime | None
    last_frame_age_seconds: float
    symbols: int
    last_data_age_seconds: float
    not_live: tuple[str, ...]
    faults: dict[str, str]
    not_trading: dict[str, str]
    queue_depth: int
    oddities: dict[str, int]
    safety_nets: tuple[SafetyNetRow, ...]


class TapeRow(wire.Message, frozen=True, kw_only=True):
    """The tape, which records what comes and goes.

    recording: false once a write failed; it is off until the next start.
    reason: why that write failed; empty while it records.
    dropped: frames and REST calls that it missed since the start.
    """

    recording: bool
    reason: str
    dropped: int


class FeedList(wire.Message, frozen=True, kw_only=True):
    """`GET /v1/feeds`.

    market: the market that the service runs on.
    feeds: one for each venue that is followed.
    tape: how the tape does; None when nothing is recorded.
    """

    market: wire.Market
    feeds: tuple[FeedRow, ...]
    tape: TapeRow | None


class StreamSnapshot(wire.Message, frozen=True, kw_only=True):
    """The `snapshot` event that begins a stream: everything that was asked for. Other kinds are left out.

    market: the market that all of it is of.
    sequence: the sequence of the newest change.
    quotes, books, statuses, auctions, instruments: one for each symbol; a symbol whose instrument is not known has no
        book and no instrument.
    trades: the latest ones, in the order in which they came.
    """

    market: wire.Market
    sequence: int
    quotes: tuple[wire.Quote, ...] | UnsetType = UNSET
    books: tuple[wire.Book, ...] | UnsetType = UNSET
    trades: tuple[wire.Trade, ...] | UnsetType = UNSET
    statuses: tuple[wire.Status, ...] | UnsetType = UNSET
    auctions: tuple[wire.Auction, ...] | UnsetType = UNSET
    instruments: tuple[wire.Instrument, ...] | UnsetType = UNSET


class FollowedVenue(wire.Message, frozen=True, kw_only=True):
    """The symbols of one venue that are followed. `PUT` and `DELETE /v1/followed/<symbol>` answer it, too.

    venue: the prefix of its symbols.
    most: at most so many are followed.
    symbols: those that are followed.
    added: those of them that an operator added to the settings.
    removed: those of the settings that an operator removed.
    """

    venue: str
    most: int
    symbols: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]


class FollowedSymbols(wire.Message, frozen=True, kw_only=True):
    """`GET /v1/followed`.

    market: the market that the service runs on.
    venues: one for each venue that is followed.
    """

    market: wire.Market
    venues: tuple[FollowedVenue, ...]


class StreamGap(wire.Message, frozen=True, kw_only=True):
    """The `gap` event: trades of a symbol were gone before this client saw them. Ask for them anew.

    symbol: the symbol that misses some.
    kind: always trade.
    sequence: the sequence of the newest trade that is gone.
    """

    symbol: str
    kind: Literal["trade"]
    sequence: int
