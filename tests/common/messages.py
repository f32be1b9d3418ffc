"""Hypothesis strategies for every wire message, made from the messages' own type hints."""

import types
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from common import wire

KINDS: tuple[type[wire.Message], ...] = (
    wire.Instrument,
    wire.Quote,
    wire.Level,
    wire.Book,
    wire.Trade,
    wire.Status,
    wire.Auction,
    wire.Candle,
    wire.OrderRequest,
    wire.Denial,
    wire.Fill,
    wire.Order,
    wire.Position,
    wire.Account,
)

_LEAVES: dict[Any, Callable[[], st.SearchStrategy[Any]]] = {
    Decimal: lambda: st.decimals(allow_nan=False, allow_infinity=False),
    datetime: lambda: st.datetimes(timezones=st.just(UTC)),
    date: st.dates,
    float: lambda: st.floats(allow_nan=False, allow_infinity=False),
    int: lambda: st.integers(-(2**63), 2**63 - 1),
    bool: st.booleans,
    str: st.text,
    types.NoneType: st.none,
}

AMOUNTS = st.decimals(min_value=0, max_value=10**12 - 1, places=18)


def of(
    hint: Any, *, decimals: st.SearchStrategy[Decimal] | None = None, texts: st.SearchStrategy[str] | None = None
) -> st.SearchStrategy[Any]:
    """Values that fit a type hint: a message, or what messages are made of. `decimals` and `texts` may be narrowed."""
    origin, arguments = get_origin(hint), get_args(hint)
    narrowed = {Decimal: decimals, str: texts}.get(hint) if hint in (Decimal, str) else None
    if narrowed is not None:
        return narrowed

    def inside(inner: Any) -> st.SearchStrategy[Any]:
        return of(inner, decimals=decimals, texts=texts)

    if hint in _LEAVES:
        return _LEAVES[hint]()
    if origin is Annotated:
        return AMOUNTS
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, types.UnionType):
        return st.one_of(*map(inside, arguments))
    if origin is tuple:
        return st.lists(inside(arguments[0]), max_size=3).map(tuple)
    if origin is dict:
        return st.dictionaries(inside(arguments[0]), inside(arguments[1]), max_size=3)
    return st.builds(hint, **{name: inside(inner) for name, inner in get_type_hints(hint, include_extras=True).items()})
