"""What a client of the stream may ask for, and what it is told. Pure."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

EventKind = Literal["quote", "trade", "book", "status", "auction"]
KINDS: tuple[EventKind, ...] = get_args(EventKind)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which symbols, which kinds of event, and how many levels of a book."""

    symbols: tuple[str, ...]
    kinds: tuple[EventKind, ...] = ("quote",)
    depth: int = 20


class Key(NamedTuple):
    """One version of one thing: equal keys have the same content. `name` is the event's; depth is 0 but for books."""

    sequence: int
    name: EventKind | Literal["gap"]
    symbol: str
    depth: int = 0


class Told(NamedTuple):
    """Something that changed, as a wire message or as the body of a `gap`; None when the reader has this version."""

    key: Key
    body: object


Held = Container[Key]
"""The versions that a reader has already, so that they need not be made again."""
