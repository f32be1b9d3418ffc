"""Compares the books that are published with what the simulated venue showed: at rest, and at every moment before."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from common.wire import Book, Level
from venue.btcturk.charts import PairCharts
from venue.btcturk.pairs import PairSpec
from venue.btcturk.rules import PairChange, PairRules
from venue.btcturk.server import BtcturkServer, ChartedMarket
from venue.btcturk.views import PairView

Levels = tuple[tuple[int, int], ...]
Key = int


def in_ticks(spec: PairSpec, levels: Sequence[Level]) -> Levels:
    """Published levels as the market counts them; raises `ArithmeticError` for one that is off its grid."""
    found = []
    for level in levels:
        price, amount = level.price / spec.tick, level.quantity.scaleb(spec.amount_scale)
        if price != int(price) or amount != int(amount):
            raise ArithmeticError(f"{level} is not on the grid of {spec.name}")
        found.append((int(price), int(amount)))
    return tuple(found)


def difference(view: PairView, book: Book) -> str | None:
    """Returns where a published book is not the venue's, or None; for a venue whose market stands still."""
    for side, theirs, ours in (("bids", view.bids, book.bids), ("asks", view.asks, book.asks)):
        shown = in_ticks(view.spec, ours)
        if shown != theirs:
            odd = sorted(set(shown) ^ set(theirs))[:5]
            return f"{view.spec.name}: {side} differ at {odd}, {len(shown)} levels for {len(theirs)}"
    return "stale" if book.stale else None


class Look(NamedTuple):
    """A look at a published book.

    at: when, in seconds of the monotonic clock.
    symbol: the pair or share.
    stale: true when it said that it was stale.
    """

    at: float
    symbol: str
    stale: bool


class RecordedMarket:
    """A market that remembers every book it ever showed, and when it last did, by the monotonic clock."""

    def __init__(self, market: ChartedMarket) -> None:
        self._market = market
        self.shown: dict[str, dict[Key, float]] = {}

    @property
    def charts(self) -> Mapping[str, PairCharts]:
        return self._market.charts

    def change(self, name: str, change: PairChange) -> PairRules:
        return self._market.change(name, change)

    def rules(self) -> dict[str, PairRules]:
        return self._market.rules()

    def advance(self, now: float) -> None:
        self._market.advance(now)

    def view(self) -> Mapping[str, PairView]:
        views, now = self._market.view(), time.monotonic()
        for pair, view in views.items():
            self.shown.setdefault(pair, {})[hash((view.bids, view.asks))] = now
        return views


class Watcher:
    """Looks at the published books all the time. One that is not stale must be a book that the venue showed, and not
    longer than `behind` seconds ago; what is not so is told in `wrong`. `book` gives all levels, or None while a pair
    is not known yet."""

    def __init__(
        self,
        market: RecordedMarket,
        server: BtcturkServer,
        book: Callable[[str], Book | None],
        pairs: Sequence[str],
        *,
        behind: float,
        every: float = 0.005,
    ) -> None:
        self.wrong: list[str] = []
        self.seen, self.stale = 0, 0
        self.looks: list[Look] = []
        self._market, self._server, self._book = market, server, book
        self._pairs, self._behind, self._every = pairs, behind, every
        self._checked: dict[str, int] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)

    def __enter__(self) -> Watcher:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join(5)

    def look(self, pair: str) -> None:
        """Checks one book as it is published now."""
        asked = time.monotonic()
        book = self._book(pair)
        if book is None:
            return
        self.seen += 1
        self.looks.append(Look(asked, pair, book.stale))
        if book.stale:
            self.stale += 1
            return
        spec = self._server.views[pair].spec
        key = hash((in_ticks(spec, book.bids), in_ticks(spec, book.asks)))
        shown = self._market.shown[pair].get(key)
        if shown is None:
            self.wrong.append(f"{pair}: a book that the venue never showed, {_told(book)}")
        elif asked - shown > self._behind:
            self.wrong.append(f"{pair}: a book of {asked - shown:.2f} s ago, {_told(book)}")

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            for pair in self._pairs:
                try:
                    self.look(pair)
                except Exception as error:
                    self.wrong.append(f"{pair}: {type(error).__name__}: {error}")


def _told(book: Book) -> str:
    best = [f"{level.price} x {level.quantity}" for level in (*book.bids[:1], *book.asks[:1])]
    return f"sequence {book.sequence}, {' / '.join(best)}, {len(book.bids)} + {len(book.asks)} levels"


def equal(server: BtcturkServer, book: Callable[[str], Book | None], pairs: Sequence[str]) -> bool:
    """Returns true when every book is live and the venue's own. Only a paused and settled market can show it."""
    if not server.settled():
        return False
    books = ((pair, book(pair)) for pair in pairs)
    return all(shown is not None and difference(server.views[pair], shown) is None for pair, shown in books)


def differences(server: BtcturkServer, book: Callable[[str], Book | None], pairs: Sequence[str]) -> list[str]:
    """Returns everything that keeps `equal` from being true, for a message."""
    found = []
    for pair in pairs:
        shown = book(pair)
        text = f"{pair}: not known" if shown is None else difference(server.views[pair], shown)
        found += [text] if text else []
    return found
