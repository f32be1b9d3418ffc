"""Steps that may happen to two executors that share a ledger: the market moves, orders come, are amended, come together
or as a batch, money comes and goes, positions are written off.

Prices are in hundredths and quantities in ten-thousandths. The middles, levels and limit prices are few, so that levels
come back, are refreshed, and meet orders that rest.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

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


class Pay(NamedTuple):
    """An executor is told that money comes in, or goes out where the amount, in hundredths, is negative."""

    executor: int
    currency: str
    amount: int


class GiveUp(NamedTuple):
    """An executor is asked to write a position off, all of it where no quantity is given."""

    executor: int
    symbol: str
    quantity: int | None


class Price(NamedTuple):
    """The mark of a symbol is another one."""

    symbol: str
    mark: int


class Rush(NamedTuple):
    """Requests that come while an executor is busy, so that they share its next transaction."""

    asked: list[Put | Amend | Pay | GiveUp]


class Batch(NamedTuple):
    """An executor is given orders in one request, `times` over, and in their midst one that is not a new order:
    the first one again, another one under its key, or one that can't be read."""

    executor: int
    puts: list[Put]
    times: int
    midst: Literal["", "again", "changed", "bad"]


Asking = Put | Amend | Pay | GiveUp
Step = Move | Asking | Price | Rush | Batch


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
cents = st.sampled_from([1, 12_345, 100_000, -1, -33_333, -100_000, -250_000])
pays = st.builds(Pay, executors, st.sampled_from(["TRY", "TRY", "USDT"]), cents)
given_up = st.builds(GiveUp, executors, symbols, st.none() | st.sampled_from([1, 3_333, 10_000, 70_000]))
marked = st.builds(Price, symbols, st.sampled_from([9_000, 9_999, 10_003, 12_000]))
midst: st.SearchStrategy[Literal["", "again", "changed", "bad"]] = st.sampled_from(["", "again", "changed", "bad"])
puts = st.lists(st.one_of(bought, sold, taking), min_size=1, max_size=6)
batches = st.builds(Batch, executors, puts, st.sampled_from([1, 1, 1, 2, 8]), midst)
paid = st.one_of(pays, given_up, marked)
steps: st.SearchStrategy[Step] = st.one_of(moves, bought, sold, taking, amends, paid, batches)
rushes = st.builds(Rush, st.lists(st.one_of(bought, sold, taking, amends, pays, given_up), min_size=2, max_size=6))
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
PAID: list[Step] = [
    Move(BTCTRY, 10_000, (20_000,), (20_000,), (0, 1), (0,)),
    Pay(0, "USDT", 12_345),
    Price(BTCTRY, 9_000),
    Put(1, BTCTRY, "sell", 13_333, 10_050, "limit GTC"),
    GiveUp(1, BTCTRY, None),
    GiveUp(1, BTCTRY, 3_333),
    Pay(1, "TRY", -100_000),
    Batch(
        0,
        [Put(0, BTCTRY, "buy", 1_000, 9_950, "limit GTC"), Put(0, USDTTRY, "buy", 5_001, 9_950, "limit GTC")],
        8,
        "bad",
    ),
    Move(BTCTRY, 9_900, (20_000,), (13_333,), (0, 1), (1,)),
    GiveUp(0, BTCTRY, 10_000),
    Pay(0, "TRY", -250_000),
]
"""Money comes and goes beside losses, a part of a position is given up twice, and one order of a batch is bad."""
