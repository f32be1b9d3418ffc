"""Reads the names that callers give: symbols, and kinds of event. An unknown one is named in the error."""

from __future__ import annotations

from collections.abc import Collection

from common import query
from common.errors import InvalidRequest, NotFound
from marketdata.state.selection import KINDS, EventKind

LONGEST_SHOWN = 64


def known_symbol(symbol: str, symbols: Collection[str]) -> str:
    """Returns the symbol itself. Raises `NotFound` when it is none of `symbols`."""
    if symbol not in symbols:
        shown = symbol[:LONGEST_SHOWN]
        raise NotFound(f"there is no symbol {shown!r}: GET /v1/instruments lists the known ones", symbol=shown)
    return symbol


def symbols(all_symbols: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the symbols named by `symbols`; all of them by default. Raises `InvalidRequest` or `NotFound`."""
    names = query.names("symbols")
    return all_symbols if names is None else tuple(known_symbol(name, all_symbols) for name in names)


def kinds() -> tuple[EventKind, ...]:
    """Returns the kinds of event named by `kinds`; quotes alone by default. Raises `InvalidRequest`."""
    names = query.names("kinds")
    if names is None:
        return ("quote",)
    unknown = [name for name in names if name not in KINDS]
    if unknown:
        raise InvalidRequest("kinds", f"must be some of {', '.join(KINDS)}, not {unknown[0][:LONGEST_SHOWN]!r}")
    return tuple(kind for kind in KINDS if kind in names)
