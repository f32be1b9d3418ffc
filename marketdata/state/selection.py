"""The selection that a client of the stream asks for, and the events that it gets. Pure."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

EventKind = Literal["quote", "trade", "book", "status", "auction", "instrument"]
KINDS: tuple[EventKind, ...] = get_args(EventKind)


@dataclass(frozen=True, slots=True)
class Selection:
    """One client's selection.

    symbols: the symbols it follows.
    kinds: the kinds of event it gets.
    depth: the levels of a book on each side.
    """

    symbols: tuple[str, ...]
    kinds: tuple[EventKind, ...] = ("quote",)
    depth: int = 20


class Key(NamedTuple):
    """Names one version of one thing: equal keys have the same content.

    sequence: the store's sequence of that version.
    name: the event's name.
    symbol: the symbol that it is about.
    depth: the levels of a book on each side; 0 for everything else.
    """

    sequence: int
    name: EventKind | Literal["gap"]
    symbol: str
    depth: int = 0


class StreamEvent(NamedTuple):
    """One event for a client.

    key: the version in it.
    body: the wire message, or the body of a `gap`; None when the reader has this version.
    """

    key: Key
    body: object


KnownKeys = Container[Key]
"""The versions that a reader has already; they are not made again."""
