"""Reads what callers put into a query string; what is wrong is named. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import cast, get_args

from common.errors import InvalidRequest, NotFound
from marketdata.state.candles import MOST_DAYS, MOST_MINUTES, Resolution
from marketdata.state.selection import KINDS, EventKind

Query = Mapping[str, str]
MOST_CANDLES: dict[Resolution, int] = {"1m": MOST_MINUTES, "1d": MOST_DAYS}


def known(symbol: str, symbols: Collection[str]) -> str:
    """The symbol itself. Raises `NotFound` when it is none of `symbols`."""
    if symbol not in symbols:
        raise NotFound(
            f"there is no symbol {symbol[:64]!r}: GET /v1/instruments lists the known ones", symbol=symbol[:64]
        )
    return symbol


def count(query: Query, name: str, default: int, most: int) -> int:
    """A whole number from 1 to `most`. Raises `InvalidRequest`."""
    text = query.get(name, str(default))
    if text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most:
        return int(text)
    raise InvalidRequest(name, f"must be a whole number from 1 to {most}, not {text[:32]!r}")


def symbols(query: Query, all_symbols: tuple[str, ...]) -> tuple[str, ...]:
    """The symbols named, each once; all of them by default. Raises `InvalidRequest` or `NotFound`."""
    names = _names(query, "symbols")
    return all_symbols if names is None else tuple(known(name, all_symbols) for name in names)


def kinds(query: Query) -> tuple[EventKind, ...]:
    """The kinds of event named; quotes alone by default. Raises `InvalidRequest`."""
    names = _names(query, "kinds")
    if names is None:
        return ("quote",)
    unknown = [name for name in names if name not in KINDS]
    if unknown:
        raise InvalidRequest("kinds", f"must be some of {', '.join(KINDS)}, not {unknown[0][:32]!r}")
    return tuple(kind for kind in KINDS if kind in names)


def resolution(query: Query) -> Resolution:
    """How long a candle is; a minute by default. Raises `InvalidRequest`."""
    choices = get_args(Resolution)
    text = query.get("resolution", choices[0])
    if text not in choices:
        raise InvalidRequest("resolution", f"must be one of {', '.join(choices)}, not {text[:32]!r}")
    return cast(Resolution, text)


def _names(query: Query, parameter: str) -> list[str] | None:
    text = query.get(parameter)
    if text is None:
        return None
    names = list(dict.fromkeys(name.strip() for name in text.split(",")))
    if "" in names:
        raise InvalidRequest(parameter, f"must be {parameter} separated by commas, none of them empty")
    return names
