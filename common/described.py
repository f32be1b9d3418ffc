"""Descriptions of messages and their fields from docstrings, for the schemas of an OpenAPI document. Pure."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from dataclasses import is_dataclass
from typing import Any, get_args, get_type_hints

import msgspec

Kind = type[Any]
_FIELD = re.compile(r"(?P<names>[a-z_]+(?:, [a-z_]+)*): (?P<text>.+)")


def describe(schemas: dict[str, Any], kinds: Iterable[Kind]) -> None:
    """Gives each schema the description of its message, and each of its fields one of its own, in place."""
    for kind in _all(kinds):
        schema = schemas.get(kind.__name__)
        if schema is None or "properties" not in schema:
            continue
        told = {name: text for base in reversed(kind.__mro__) for name, text in _lines(base)}
        schema["description"] = _summary(kind)
        for name, field in schema["properties"].items():
            if name in told:
                schema["properties"][name] = {**field, "description": told[name]}


def _all(kinds: Iterable[Kind]) -> set[Kind]:
    """Returns the messages and all that are inside them."""
    found: set[Kind] = set()
    left = list(kinds)
    while left:
        kind = left.pop()
        if kind not in found:
            found.add(kind)
            left += [part for hint in get_type_hints(kind).values() for part in _structs(hint)]
    return found


def _structs(hint: Any) -> Iterator[Kind]:
    if isinstance(hint, type) and (issubclass(hint, msgspec.Struct) or is_dataclass(hint)):
        yield hint
    for part in get_args(hint):
        yield from _structs(part)


def _summary(kind: Kind) -> str:
    """Returns the docstring before the lines of its fields."""
    paragraphs = inspect.cleandoc(kind.__doc__ or "").split("\n\n")
    return " ".join(" ".join(each.split()) for each in paragraphs if not _FIELD.match(each))


def _lines(kind: type) -> Iterator[tuple[str, str]]:
    """Yields the fields that a docstring tells of, each with its line, which goes on where the next one is indented."""
    doc = inspect.cleandoc(vars(kind).get("__doc__") or "")
    for line in re.sub(r"\n +", " ", doc).splitlines():
        found = _FIELD.fullmatch(line)
        if found is not None:
            for name in found["names"].split(", "):
                yield name, found["text"]
