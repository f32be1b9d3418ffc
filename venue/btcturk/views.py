"""The simulated BTCTurk as it shows itself at one instant: trades, books, figures of the day, bars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from venue.btcturk.bars import PairBar
from venue.btcturk.ladder import Levels
from venue.btcturk.pairs import PairSpec
from venue.btcturk.rules import PairRules


@dataclass(frozen=True, slots=True)
class PairTrade:
    """One trade.

    trade_id: the venue's name for the trade.
    milliseconds: its time, unix milliseconds.
    price: in ticks.
    amount: in units of the smallest fraction.
    buy: true when the buyer was the aggressor.
    """

    trade_id: str
    milliseconds: int
    price: int
    amount: int
    buy: bool


@dataclass(frozen=True, slots=True)
class PairView:
    """One pair at one instant.

    spec: the units that prices and amounts are counted in.
    rules: the rules that the venue tells.
    at: the time of the view, unix seconds.
    bids: the best levels, best first.
    asks: the best levels, best first.
    last: the last trade's price, in ticks.
    day: the figures of the last 24 hours, as one bar.
    trades: the last trades, newest last.
    trade_count: the number of the newest trade; the market's first trade has number 1.
    candles: the growing bar of each resolution.
    """

    spec: PairSpec
    rules: PairRules
    at: float
    bids: Levels
    asks: Levels
    last: int
    day: PairBar
    trades: tuple[PairTrade, ...]
    trade_count: int
    candles: Mapping[str, PairBar]
