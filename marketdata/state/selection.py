"""The selection that a client of the stream asks for, and the events that it gets. Pure."""

from __future__ import annotations

from collections.abc import Collection, Container
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

EventKind = Literal["quote", "trade", "book", "status", "auction", "instrument"]
KINDS: tuple[EventKind, ...] = get_args(EventKind)
PROOF = "proof"
"""The name of the event that tells ages; clients ask for it like for a kind."""


@dataclass(frozen=True, slots=True)
class Selection:
    """One client's selection.

    symbols: the symbols it follows; None for all that are followed, whichever they are at the time.
    kinds: the kinds of event it gets.
    depth: the levels of a book on each side.
    proofs: true for a client that is told the ages of all books again and again, though nothing changes.
    """

    symbols: tuple[str, ...] | None
    kinds: tuple[EventKind, ...] = ("quote",)
    depth: int = 20
    proofs: bool = False

    def of(self, followed: Collection[str]) -> Collection[str]:
        """Returns the symbols of it that are `followed`."""
        return followed if self.symbols is None else [symbol for symbol in self.symbols if symbol in followed]


class Key(NamedTuple):
    """Names one version of one thing: equal keys have the same content.

    sequence: the store's sequence of that version.
    name: the event's name.
    symbol: the symbol that it is about.
    depth: the levels of a book on each side; 0 for everything else.
    """

    sequence: int
    name: EventKind | Literal["gap", "unfollowed"]
    symbol: str
    depth: int = 0


class StreamEvent(NamedTuple):
    """One event for a client.

    key: the version in it.
    body: the wire message, or the body of a `gap` or `unfollowed`; None when the reader has this version.
    """

    key: Key
    body: object


KnownKeys = Container[Key]
"""The versions that a reader has already; they are not made again."""
