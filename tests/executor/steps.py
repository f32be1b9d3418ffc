"""What may happen to two executors that share a ledger: the market moves, orders come, are amended, come together.

Prices are in hundredths and quantities in ten-thousandths. The middles, levels and limit prices are few, so that levels
come back, are refreshed, and meet orders that rest.
"""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import strategies as st

from common.wire import Side
from tests.executor.standin import BTCTRY, BTCUSDT, USDTTRY


class Move(NamedTuple):
    """The market moves, and some match; an executor that does not see it goes on with the book it has."""

    symbol: str
    middle: int
    bids: tuple[int, ...]
    asks: tuple[int, ...]
    seen_by: tuple[int, ...]
    matched_by: tuple[int, ...]


class Put(NamedTuple):
    """An executor is given an order."""

    executor: int
    symbol: str
    side: Side
    quantity: int
    price: int
    kind: str


class Amend(NamedTuple):
    """An executor is asked to replace an open order, or to cancel it where nothing is given."""

    executor: int
    which: int
    quantity: int | None
    price: int | None


class Rush(NamedTuple):
    """Orders and amendments that come while an executor is busy, so that they share its next transaction."""

    asked: list[Put | Amend]


Step = Move | Put | Amend | Rush


executors = st.integers(0, 1)
symbols = st.sampled_from([BTCTRY, BTCTRY, BTCTRY, USDTTRY, BTCUSDT])
sides: st.SearchStrategy[Side] = st.sampled_from(["buy", "sell"])
quantities = st.sampled_from([1_000, 5_001, 10_000, 13_333, 20_000, 50_000, 120_000])
prices = st.sampled_from([*range(9_930, 10_080, 10), 9_999, 9_700, 10_300])
sizes = st.one_of(st.tuples(*[st.sampled_from([5_000, 10_000, 20_000, 33_333, 0])] * 3), st.just((0, 0, 0)))
middles = st.sampled_from([10_000, 9_990, 10_010, 9_900, 10_100])
seen_by = st.sampled_from([(0, 1), (0,), (1,)])
matched_by = st.sampled_from([(0,), (1,), (0, 1), ()])
moves = st.builds(Move, symbols, middles, sizes, sizes, seen_by, matched_by)
kinds = st.sampled_from(["limit GTC", "limit GTC", "limit post"])
bids, asks = st.sampled_from([9_980, 9_970, 9_950, 9_999]), st.sampled_from([10_020, 10_030, 10_050, 10_001])
bought = st.builds(Put, executors, symbols, st.just("buy"), quantities, bids, kinds)
sold = st.builds(Put, executors, symbols, st.just("sell"), quantities, asks, kinds)
at_once = st.sampled_from(["market IOC", "market FOK", "limit IOC", "limit FOK", "limit GTC"])
taking = st.builds(Put, executors, symbols, sides, quantities, prices, at_once)
amends = st.builds(Amend, executors, st.integers(0, 5), st.none() | quantities, st.none() | prices)
steps: st.SearchStrategy[Step] = st.one_of(moves, bought, sold, taking, amends)
rushes = st.builds(Rush, st.lists(st.one_of(bought, sold, taking, amends), min_size=2, max_size=6))
HOLDING: list[Step] = [Put(0, symbol, "buy", 50_000, 0, "market IOC") for symbol in (BTCTRY, USDTTRY, BTCUSDT)]
OLDER: list[Step] = [
    Move(BTCTRY, 10_000, (20_000,), (20_000,), (0, 1), ()),
    Put(0, BTCTRY, "buy", 5_001, 10_010, "limit IOC"),
    Move(BTCTRY, 10_000, (20_000,), (33_333,), (1,), ()),
    Move(BTCTRY, 10_000, (20_000,), (20_000,), (0,), ()),
    Put(0, BTCTRY, "buy", 5_001, 10_010, "limit IOC"),
    Put(1, BTCTRY, "buy", 50_000, 10_010, "limit IOC"),
]
"""A reader that sees the book shown between two fills gets only what the later one left."""
EAGER: list[Step] = [
    Put(0, BTCTRY, "buy", 10_000, 9_950, "limit GTC"),
    Put(1, BTCTRY, "buy", 10_000, 9_980, "limit GTC"),
    Put(0, BTCTRY, "buy", 10_000, 9_980, "limit GTC"),
    Move(BTCTRY, 9_900, (20_000,), (13_333,), (0, 1), (1,)),
]
"""The better price goes first, and then the older order."""
