"""The notes that other threads send to the worker, which alone writes to the store."""

from __future__ import annotations

import queue
from collections.abc import Callable
from dataclasses import dataclass

from common.wire import Phase
from marketdata.events import Ticker, Trades
from marketdata.state.candles import MissedTrades


@dataclass(frozen=True, slots=True)
class FetchedTrades:
    """The venue's latest trades, fetched by REST because trades were missed.

    trades: the trades.
    missed: the span that they may fill.
    whole: false when some of them can't be used.
    """

    trades: Trades
    missed: MissedTrades
    whole: bool = True


@dataclass(frozen=True, slots=True)
class FetchedTickers:
    """The last prices and daily changes, fetched by REST.

    tickers: those of all pairs.
    """

    tickers: tuple[Ticker, ...]


@dataclass(frozen=True, slots=True)
class WrongBook:
    """The order book of a pair was found wrong.

    pair: the pair.
    reason: one of the reasons for a resync.
    """

    pair: str
    reason: str


@dataclass(frozen=True, slots=True)
class RightBook:
    """The order book of a pair that was found wrong is right again.

    pair: the pair.
    """

    pair: str


@dataclass(frozen=True, slots=True)
class ChangedInstrument:
    """The state or a rule of a pair changed, or is told for the first time.

    pair: the pair.
    phase: its trading phase now.
    new_tick: true when its tick is another one: prices on it may have been refused until now.
    """

    pair: str
    phase: Phase
    new_tick: bool = False


@dataclass(frozen=True, slots=True)
class FollowedPair:
    """A pair is followed from now on.

    pair: the pair.
    """

    pair: str


@dataclass(frozen=True, slots=True)
class UnfollowedPair:
    """A pair is followed no longer.

    pair: the pair.
    left: to be called once no frame of it is applied any more.
    """

    pair: str
    left: Callable[[], None]


Note = FetchedTrades | FetchedTickers | WrongBook | RightBook | ChangedInstrument | FollowedPair | UnfollowedPair
Notes = queue.SimpleQueue[Note]
"""The queue of notes."""
