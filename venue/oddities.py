"""Writes true values in odd forms, as real venues do now and then. Pure."""

from __future__ import annotations

import json
from array import array
from collections.abc import Collection, Iterator
from decimal import Decimal
from itertools import cycle
from typing import Any


def odd_numbers(value: Any) -> bytes:
    """Returns JSON in which numbers, and texts that are numbers, are written in turn as texts, with an exponent, and as
    floats."""
    return _written(value, cycle(("text", "exponent", "float"))).encode()


def _written(value: Any, forms: Iterator[str]) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{_written(part, forms)}" for name, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_written(part, forms) for part in value) + "]"
    if isinstance(value, bool) or not _is_number(value):
        return json.dumps(value)
    text = str(value)
    match next(forms):
        case "float":
            return text if "." in text or "e" in text else f"{text}.0"
        case "exponent":
            number = Decimal(text)
            return f"{int(number.scaleb(-_exponent(number)))}e{_exponent(number)}"
        case _:
            return f'"{text}"'


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _is_number(value: Any) -> bool:
    text = str(value).removeprefix("-")
    return isinstance(value, int | float) or (isinstance(value, str) and text.replace(".", "", 1).isdigit())


def float_noise(value: Any, names: Collection[str]) -> Any:
    """Returns a value in which the numbers under these names went through a float of 32 bits."""
    if isinstance(value, dict):
        return {
            name: single(part) if name in names and _is_number(part) else float_noise(part, names)
            for name, part in value.items()
        }
    return [float_noise(part, names) for part in value] if isinstance(value, list) else value


def single(number: Any) -> float:
    """Returns a number as it is after a float of 32 bits."""
    return array("f", [float(number)])[0]


def nulled(value: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Returns an object in which the fields with these names are null, where it has them."""
    return {name: None if name in names else part for name, part in value.items()}
