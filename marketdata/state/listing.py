"""An instrument that is followed, and the form in which its venue gives the order book."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NoReturn, TypeVar

BookKind = Literal["diffs", "rows", "top"]
"""diffs: changes with a sequence. rows: single rows, no sequence. top: no depth, only the ticker's best prices."""


V = TypeVar("V")


class NotFollowed(KeyError):
    """A symbol is not followed, or is followed no longer."""


class BySymbol(dict[str, V]):
    """Things by their symbol. A symbol that is not followed raises `NotFollowed`."""

    def __missing__(self, symbol: str) -> NoReturn:
        raise NotFollowed(symbol)


@dataclass(frozen=True)
class Listing:
    """One instrument.

    source: the venue's name.
    pair: the venue's own name of the instrument.
    book: the form in which its order book comes.
    quiet_seconds: the feed may say nothing of it for so long: it tells changes alone, and repeats nothing.
    day_begins: the seconds after midnight UTC at which its days begin, unless the venue tells it by its bars.
    """

    source: str
    pair: str
    book: BookKind
    quiet_seconds: float = 0.0
    day_begins: int = 0

    @property
    def symbol(self) -> str:
        """The name in the rest of the stack, such as `BTCTURK:BTCTRY` or `BIST:THYAO`."""
        return f"{self.source}:{self.pair}"
