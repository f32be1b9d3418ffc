"""One look at a symbol: its book and its instrument, with the age of the book. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from common import wire


@dataclass(frozen=True)
class SymbolView:
    """One look at a symbol.

    symbol: the symbol.
    book: the book; None when market data gave none.
    instrument: the instrument; None when market data gave none.
    proved_at: when the feed last proved the book, or earlier, in seconds of the monotonic clock.
    listed: false when market data does not know the symbol.
    last: the price of the last trade; None when it is not known.
    source: `stream` for the copy that follows market data's stream, `http` for a book that was asked for.
    """

    symbol: str
    book: wire.Book | None
    instrument: wire.Instrument | None
    proved_at: float
    listed: bool = True
    last: Decimal | None = None
    source: Literal["stream", "http"] = "http"

    def age_seconds(self, now: float) -> float:
        """Returns the book's age at `now` (monotonic). The book may be younger, and is never older."""
        return max(0.0, now - self.proved_at)
