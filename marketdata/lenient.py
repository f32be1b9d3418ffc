"""Reads JSON whose values are right and written in another form than usual, such as a number as a text. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from marketdata.numbers import is_whole

NO_NAMES: Mapping[str, str] = {}


def loads(data: bytes, *, fold: bool = False, names: Mapping[str, str] = NO_NAMES) -> Any:
    """Returns the value of a JSON text in its plainest form (see `plain`). With `fold`, keys are in small letters.

    Raises `ValueError` or `RecursionError`.
    """
    value = (_FOLDING if fold else _DECODER).decode(data.decode("utf-8-sig"))
    return plain(value, names)


def folded_names(*names: str) -> Mapping[str, str]:
    """Returns the names that a reader knows, by their spelling in small letters."""
    return {name.lower(): name for name in names}


def plain(value: Any, names: Mapping[str, str] = NO_NAMES) -> Any:
    """Returns a JSON value with whole numbers as `int`, other numbers as `Decimal`, texts without blanks around them,
    and None for an empty text.

    `names` are known keys by their spelling in small letters; one that is written in another case, or with `_` between
    its words, is taken for the known one where that is missing.
    """
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, Decimal):
        return int(value) if is_whole(value) else value
    if isinstance(value, list):
        return [plain(item, names) for item in value]
    if isinstance(value, dict):
        return {_known(key, value, names): plain(item, names) for key, item in value.items()}
    return value


def _known(key: str, beside: Collection[str], names: Mapping[str, str]) -> str:
    known = names.get(key.lower().replace("_", ""), key) if names else key
    return key if known in beside else known


def converted(value: Any, kind: Any) -> Any:
    """Returns a plain value as `kind`, which msgspec reads. Texts may stand for numbers, and 1 or a text for true.

    Raises `msgspec.ValidationError`.
    """
    return msgspec.convert(value, kind, strict=False)


def mapping(value: Any) -> Mapping[str, Any]:
    """Returns a value that has to be an object. Raises `msgspec.ValidationError` for any other."""
    if not isinstance(value, dict):
        raise msgspec.ValidationError("it is no object")
    return value


def _folded(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {key.lower(): value for key, value in pairs}


def number(text: str) -> Decimal:
    """Returns a number of a JSON text; NaN for one that is none, which costs only the field that it is in."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("NaN")


_DECODER = json.JSONDecoder(parse_float=number, parse_constant=number)
_FOLDING = json.JSONDecoder(object_pairs_hook=_folded, parse_float=number, parse_constant=number)
