"""Borsa Istanbul's side: which books it showed, whether those published are among them, how often it is dialled."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise

from common.wire import Book
from tests.marketdata.truth import Look
from tests.soak.venues import SHARES, Best, RecordedExchange, Venues

BEHIND_SECONDS, LOOK_SECONDS, DIAL_WINDOW_SECONDS = 25.0, 0.1, 60.0
ROWS = 10


class ShareWatcher:
    """Looks at the published books of shares. Without a sequence, a burst that is half read is a mixture of two books
    of the venue, for some milliseconds; so what must be true of one that is not stale is that its rows make sense and
    that the best of each side is one that the venue showed. `most_dials` is the worst minute of upgrades."""

    def __init__(self, venues: Venues, book: Callable[[str], Book | None]) -> None:
        self.wrong: list[str] = []
        self.stale = self.most_dials = 0
        self.looks: list[Look] = []
        self._venues, self._book = venues, book
        self._dials: deque[tuple[float, int]] = deque([(0.0, 0)])
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="share-watcher", daemon=True)

    def __enter__(self) -> ShareWatcher:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join(10)

    def _run(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            self._count_dials(time.monotonic())
            for symbol in SHARES:
                try:
                    self._look(symbol)
                except Exception as error:
                    self.wrong.append(f"{symbol}: {type(error).__name__}: {error}")

    def _count_dials(self, now: float) -> None:
        """The count before the window is kept as its first entry."""
        total = sum(self._venues.bist.counters.upgrades.values())
        self._dials.append((now, total))
        while len(self._dials) > 1 and self._dials[1][0] <= now - DIAL_WINDOW_SECONDS:
            self._dials.popleft()
        self.most_dials = max(self.most_dials, total - self._dials[0][1])

    def _look(self, symbol: str) -> None:
        asked = time.monotonic()
        book = self._book(symbol)
        if book is None:
            return
        self.looks.append(Look(asked, symbol, book.stale))
        if book.stale:
            self.stale += 1
            return
        fault = nonsense(book) or never_shown(self._venues.exchange, symbol, book, asked - BEHIND_SECONDS)
        if fault is not None:
            self.wrong.append(f"{symbol}: {fault}, sequence {book.sequence}")


def nonsense(book: Book) -> str | None:
    """What no book of continuous trading can be, or None."""
    bids, asks = ([level.price for level in side] for side in (book.bids, book.asks))
    if not (bids and asks):
        return "a side is empty"
    rising = [*reversed(bids), *asks]
    if any(one >= other for one, other in pairwise(rising)):
        return f"crossed or unsorted: {bids[:3]} / {asks[:3]}"
    return f"{len(bids)} + {len(asks)} rows" if max(len(bids), len(asks)) > ROWS else None


def never_shown(exchange: RecordedExchange, symbol: str, book: Book, since: float) -> str | None:
    """The best of a side that the venue did not show since then, or None."""
    for side, levels in (("bid", book.bids), ("ask", book.asks)):
        best: Best = (side, levels[0].price, int(levels[0].quantity))
        shown = exchange.shown[symbol].get(best)
        if shown is None or shown < since:
            told = "never" if shown is None else f"{since + BEHIND_SECONDS - shown:.0f} s ago"
            return f"{side} {levels[0].price} x {levels[0].quantity} was shown {told}"
    return None


def wrong_at_rest(venues: Venues, book: Callable[[str], Book | None]) -> list[str]:
    """Shares whose rows are not the venue's own, row by row; only a paused and settled market can tell."""
    found = []
    for symbol in SHARES:
        shown, view = book(symbol), venues.bist.views[symbol]
        if shown is None:
            found.append(f"{symbol}: not known")
            continue
        ours = [[(level.price, int(level.quantity)) for level in side] for side in (shown.bids, shown.asks)]
        theirs: list[list[tuple[Decimal, int]]] = [
            [(row.price, row.quantity) for row in side if row.quantity] for side in (view.bids, view.asks)
        ]
        if ours != theirs or shown.stale:
            odd = sorted({*ours[0], *ours[1]} ^ {*theirs[0], *theirs[1]})[:5]
            found.append(f"{symbol}: {'stale' if shown.stale else 'not as the venue has it'}, differs at {odd}")
    return found
