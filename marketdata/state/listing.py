"""What is followed, and how a venue gives its book."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

BookKind = Literal["diffs", "rows", "top"]


@dataclass(frozen=True)
class Listing:
    """One instrument. `pair` is the venue's own name; `book` says how its depth comes: sequenced diffs, single rows,
    or no depth at all but the best prices of the ticker."""

    source: str
    pair: str
    book: BookKind

    @property
    def symbol(self) -> str:
        """The name that the rest of the stack uses, such as `BTCTURK:BTCTRY` or `BIST:THYAO`."""
        return f"{self.source}:{self.pair}"
