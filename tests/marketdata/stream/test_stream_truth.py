"""After any events, and at any speed of reading, a client ends up with the state that a request would return."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common import wire
from common.clock import Clock
from common.loop import Stop
from marketdata.events import (
    BookDiff,
    BookSnapshot,
    Equilibrium,
    LevelChange,
    PriceLevel,
    Ticker,
    Top,
    Trades,
    VenueTrade,
)
from marketdata.state.listing import Listing
from marketdata.state.selection import KINDS, Selection
from marketdata.state.store import Store
from marketdata.state.symbol import SymbolStatus
from marketdata.stream.streams import Streams
from tests.marketdata.stream.follower import PLURALS, Follower, events, without_age

LISTINGS = (Listing("BTCTURK", "BTCTRY", "diffs"), Listing("BTCTURK", "ETHTRY", "diffs"), Listing("BIST", "X", "top"))
SYMBOLS = tuple(listing.symbol for listing in LISTINGS)
DIFFS = SYMBOLS[:2]
EXTRA = Listing("BTCTURK", "NEWTRY", "diffs")
"""Followed at times."""
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
INSTRUMENTS = {
    symbol: wire.Instrument(
        symbol=symbol,
        base_asset="A",
        quote_currency="TRY",
        tick_size=Decimal(1),
        lot_size=Decimal(1),
        min_notional=Decimal(0),
    )
    for symbol in (*DIFFS, EXTRA.symbol)
}


class Client:
    """Reads when it is told to, and may be cut off anywhere in what it reads."""

    def __init__(self, streams: Streams, wanted: Selection) -> None:
        self.wanted, self.follower = wanted, Follower()
        self._streams = streams
        self.connect()

    def connect(self) -> None:
        self._events = self._streams.events(self.wanted, self.follower.last_id)

    def read(self, most: int = 1_000_000) -> None:
        """Takes the next chunk, but only its first events if it is cut off; heartbeats make that wait for nothing."""
        for event in events(next(self._events))[:most]:
            self.follower.apply(event)


class World:
    """A store to which things happen at random, and those who follow it."""

    def __init__(self, chance: Random) -> None:
        self.chance, self.now, self.numbers = chance, 0.0, 0
        self.store = Store(LISTINGS, market="simulated", stale_after=5.0, clock=Clock(lambda: self.now, lambda: 0.0))
        self.streams = Streams(
            self.store,
            instruments=lambda: INSTRUMENTS,
            most=9,
            heartbeat=0.0,
            stop=Stop(),
            monotonic=lambda: self.now,
        )
        self.clients = [Client(self.streams, Selection(None, KINDS, depth=2))]
        self.taken: list[tuple[int, str, str]] = []
        reads = [self.read, self.read, self.cut_off, self.join]
        self.acts = [*reads, self.book, self.book, self.diff, self.ticker, self.trades, self.auction, self.standing]
        self.acts += [self.delay, self.prove, self.lose, self.wait, self.change]

    def join(self) -> None:
        symbols = self.chance.sample(self.store.symbols, self.chance.randint(1, len(self.store.symbols)))
        kinds = self.chance.sample(KINDS, self.chance.randint(1, len(KINDS)))
        self.clients.append(Client(self.streams, Selection(tuple(symbols), tuple(kinds), depth=2)))

    def read(self) -> None:
        if self.chance.random() < 0.7:
            self.streams.publisher.step(0.0)
        self.chance.choice(self.clients).read()

    def cut_off(self) -> None:
        client = self.chance.choice(self.clients)
        self.streams.publisher.step(0.0)
        client.read(self.chance.randint(0, 3))
        client.connect()

    def book(self) -> None:
        bid, quantity = self._small(), self._small()
        asks = tuple(PriceLevel(bid + step, quantity) for step in (1, 2, 3))
        snapshot = BookSnapshot("", "", 1, asks, (PriceLevel(bid, quantity),))
        self.store.apply_book(self.chance.choice(DIFFS), snapshot, self.now)

    def diff(self) -> None:
        change = LevelChange(0, self._small(), self._small())
        diff = BookDiff("", "", self.chance.randint(2, 3), (change,), ())
        self.store.apply_book(self.chance.choice(DIFFS), diff, self.now)

    def ticker(self) -> None:
        last = self._small()
        ticker = Ticker("", last, Decimal(0), best=Top(bid=last - 1, ask=last))
        self.store.apply_ticker(self._symbol(), ticker, self.now)

    def trades(self) -> None:
        first = max(0, self.numbers - self.chance.randint(0, 20))
        self.numbers += self.chance.choice((1, 3, 60, 150))
        made = (
            VenueTrade(str(number), Decimal(number), Decimal(1), "buy", MOMENT + timedelta(seconds=number))
            for number in range(first, self.numbers)
        )
        before, symbol = self.store.sequence, self._symbol()
        taken = self.store.apply_trades(symbol, Trades("", tuple(made), self.chance.random() < 0.3), self.now)
        self.taken += [(before, symbol, trade.trade_id) for trade in taken]

    def auction(self) -> None:
        self.store.apply_equilibrium(self._symbol(), Equilibrium("", self._small(), Decimal(1), MOMENT), self.now)

    def standing(self) -> None:
        phase: wire.Phase = self.chance.choice(("continuous", "halted"))
        self.store.set_status(self._symbol(), SymbolStatus(phase=phase, ceiling=self._small()), self.now)

    def delay(self) -> None:
        self.store.set_delayed(self._source(), self.chance.random() < 0.5)

    def prove(self) -> None:
        self.store.prove_all(self._source(), self.now)

    def lose(self) -> None:
        self.store.lose_all(self._source(), "socket_ended", self.now)

    def wait(self) -> None:
        self.now += self.chance.choice((1.0, 6.0))

    def change(self) -> None:
        """Follows the further symbol, or does so no longer; a book of it comes at once."""
        if EXTRA.symbol in self.store.symbols:
            self.store.unfollow(EXTRA.symbol)
            return
        self.store.follow(EXTRA)
        level = PriceLevel(self._small(), Decimal(1))
        self.store.apply_book(EXTRA.symbol, BookSnapshot("", "", 1, (), (level,)), self.now)

    def agrees(self, client: Client) -> None:
        """After a last round, a client knows what a request tells, and has every trade unless it was told of a gap."""
        for _ in range(3):
            client.read()
        wanted, follower = client.wanted, client.follower
        answer = json.loads(wire.encode(self.store.snapshot(wanted, INSTRUMENTS)[1]))
        for plural, kind in PLURALS.items():
            for truth in answer.get(plural, []):
                assert kind == "trade" or follower.told(kind, truth["symbol"]) == without_age(truth)
        assert {symbol for _, symbol in follower.latest} <= set(self.store.symbols)
        for sequence, symbol, trade_id in self.taken if "trade" in wanted.kinds else ():
            if symbol in wanted.of(SYMBOLS) and symbol not in follower.gaps and sequence >= follower.began:
                assert trade_id in follower.trades[symbol]

    def _small(self) -> Decimal:
        return Decimal(self.chance.randint(1, 4))

    def _symbol(self) -> str:
        return self.chance.choice(SYMBOLS)

    def _source(self) -> str:
        return self.chance.choice(("BTCTURK", "BIST"))


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32), length=st.integers(5, 60))
def test_whatever_happens_a_client_ends_with_what_a_request_tells(seed: int, length: int) -> None:
    world = World(Random(seed))
    for _ in range(length):
        world.chance.choice(world.acts)()
    world.store.settle()  # the publisher does so ten times a second, and not with each step
    world.streams.publisher.step(0.0)
    for client in world.clients:
        world.agrees(client)
