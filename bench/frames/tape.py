"""The frames of the measurement: the same market told in BTCTurk's words and in Binance's, about the same size."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

PAIRS = ("BTCTRY", "ETHTRY", "USDTTRY", "BTCUSDT", "ETHUSDT")
LEVELS = 60
INNER, CHANGES, EDGE_MOVES = 40, 2, 0.7
TRADES_PER_BOOK_FRAME = 0.1
START_MS = 1_790_000_000_000

Change = tuple[int, int, int]
"""(change code, price in ticks, amount in units)"""


@dataclass
class Side:
    """One side of a made-up book: prices in ticks (asks rise, bids fall from the touch) to amounts."""

    prices: list[int]
    amounts: dict[int, int] = field(default_factory=dict)

    def changes(self, rng: random.Random, step: int) -> tuple[Change, ...]:
        """New amounts at some held prices; in most frames the far edge goes or comes back too."""
        updated = rng.sample(self.prices[:INNER], CHANGES)
        for price in updated:
            self.amounts[price] = rng.randrange(1, 10**9)
        found = [(0, price, self.amounts[price]) for price in updated]
        edge = [self._edge(rng, step)] if rng.random() < EDGE_MOVES else []
        return (*found, *edge)

    def _edge(self, rng: random.Random, step: int) -> Change:
        if len(self.prices) >= LEVELS:
            price = self.prices.pop()
            return 3, price, self.amounts.pop(price)
        price = self.prices[-1] + step
        self.prices.append(price)
        self.amounts[price] = rng.randrange(1, 10**9)
        return 1, price, self.amounts[price]


@dataclass
class Pair:
    """One pair's book and its sequence."""

    name: str
    asks: Side
    bids: Side
    sequence: int = 1


@dataclass(frozen=True)
class Update:
    """What happened to a pair: changes of its book, or a trade."""

    pair: str
    sequence: int
    asks: tuple[Change, ...] = ()
    bids: tuple[Change, ...] = ()
    trade: tuple[int, int, int] | None = None


def fresh_pairs(rng: random.Random) -> dict[str, Pair]:
    """Books of `LEVELS` levels a side around one price."""
    pairs = {}
    for name in PAIRS:
        middle = rng.randrange(3_000_000, 4_000_000)
        asks, bids = (Side([middle + sign * (index + 1) for index in range(LEVELS)]) for sign in (1, -1))
        for side in (asks, bids):
            side.amounts = {price: rng.randrange(1, 10**9) for price in side.prices}
        pairs[name] = Pair(name, asks, bids)
    return pairs


def updates(pairs: dict[str, Pair], rng: random.Random, count: int) -> Iterator[Update]:
    """`count` updates of random pairs, each price at most once in an update."""
    for number in range(count):
        pair = pairs[rng.choice(PAIRS)]
        if rng.random() < TRADES_PER_BOOK_FRAME:
            yield Update(pair.name, pair.sequence, trade=(number, pair.asks.prices[0], rng.randrange(1, 10**8)))
            continue
        pair.sequence += 1
        yield Update(pair.name, pair.sequence, pair.asks.changes(rng, 1), pair.bids.changes(rng, -1))


def price(ticks: int) -> str:
    """A price as the wire writes it."""
    return str(ticks)


def amount(units: int) -> str:
    """An amount with eight digits after the point."""
    return f"{units // 10**8}.{units % 10**8:08d}"


def btcturk(seed: int, count: int) -> tuple[list[bytes], list[bytes]]:
    """The first books (431), then `count` frames (432 and 422)."""
    rng = random.Random(seed)
    pairs = fresh_pairs(rng)
    books = [_btcturk_book(pair) for pair in pairs.values()]
    return books, [_btcturk_update(one) for one in updates(pairs, rng, count)]


def binance(seed: int, count: int) -> list[bytes]:
    """The same `count` updates as combined-stream frames."""
    rng = random.Random(seed)
    pairs = fresh_pairs(rng)
    return [_binance_update(one) for one in updates(pairs, rng, count)]


def _btcturk_book(pair: Pair) -> bytes:
    sides = {
        name: [{"A": amount(side.amounts[ticks]), "P": price(ticks)} for ticks in side.prices]
        for name, side in (("AO", pair.asks), ("BO", pair.bids))
    }
    body = {"CS": pair.sequence, "PS": pair.name, **sides, "channel": "obdiff", "event": pair.name, "type": 431}
    return _compact([431, body])


def _btcturk_update(update: Update) -> bytes:
    if update.trade is not None:
        number, ticks, units = update.trade
        body = {
            "D": START_MS + number,
            "I": str(10**17 + number),
            "A": amount(units),
            "P": price(ticks),
            "PS": update.pair,
        }
        return _compact([422, {**body, "S": number % 2, "channel": "trade", "event": update.pair, "type": 422}])
    sides = {
        name: [{"CP": code, "P": price(ticks), "A": amount(units)} for code, ticks, units in changes]
        for name, changes in (("AO", update.asks), ("BO", update.bids))
    }
    body = {"CS": update.sequence, "PS": update.pair, **sides, "channel": "obdiff", "event": update.pair, "type": 432}
    return _compact([432, body])


def _binance_update(update: Update) -> bytes:
    stream = update.pair.lower()
    if update.trade is not None:
        number, ticks, units = update.trade
        body = {"e": "aggTrade", "E": START_MS + number, "s": update.pair, "a": number, "p": price(ticks)}
        body |= {"q": amount(units), "f": number, "l": number, "T": START_MS + number, "m": bool(number % 2), "M": True}
        return _compact({"stream": f"{stream}@aggTrade", "data": body})
    sides = {
        name: [[price(ticks), amount(0 if code == 3 else units)] for code, ticks, units in changes]
        for name, changes in (("b", update.bids), ("a", update.asks))
    }
    body = {"e": "depthUpdate", "E": START_MS, "s": update.pair, "U": update.sequence, "u": update.sequence, **sides}
    return _compact({"stream": f"{stream}@depth@100ms", "data": body})


def _compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
