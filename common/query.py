"""Query parameters: a view declares the ones it takes, and every other one is refused by name. Bodies of none, too."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TypeVar

from flask import current_app, request

from common.errors import InvalidRequest
from common.openapi import MOMENT_FORM

View = TypeVar("View", bound=Callable[..., object])
T = TypeVar("T", bound=str)

ANYTHING = "*"
"""Stands for every parameter, for calls that imitate somebody else's server: that one ignores what it does not know."""
LONGEST_SHOWN = 32
_MOMENT = re.compile(MOMENT_FORM)


def takes(*names: str) -> Callable[[View], View]:
    """Declares the query parameters of a view. A view without this takes none."""

    def mark(view: View) -> View:
        view.query_parameters = frozenset(names)  # type: ignore[attr-defined]
        return view

    return mark


def refuse_unknown() -> None:
    """Raises `InvalidRequest` for a parameter that the view of this request does not take, or that is given twice."""
    if not request.query_string:
        return
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None:
        return
    known: frozenset[str] = getattr(view, "query_parameters", frozenset())
    if ANYTHING in known:
        return
    for name, values in request.args.lists():
        if name not in known:
            choices = f"it takes {', '.join(sorted(known))}" if known else "it takes none"
            raise InvalidRequest(name[:LONGEST_SHOWN], f"this call has no such query parameter: {choices}")
        if len(values) > 1:
            raise InvalidRequest(name, "must be given once")


def refuse_body() -> None:
    """Raises `InvalidRequest` for a call without a body that comes with one; `{}` stands for none."""
    if request.get_data().strip() not in (b"", b"{}"):
        raise InvalidRequest("body", "this call takes no body: send none, or {}")


def whole(name: str, default: int, *, at_most: int) -> int:
    """Returns a whole number from 1 to `at_most`. Raises `InvalidRequest`."""
    found = optional_whole(name, at_most=at_most)
    return default if found is None else found


def optional_whole(name: str, *, at_most: int) -> int | None:
    """Returns a whole number from 1 to `at_most`, or None when it is not given. Raises `InvalidRequest`."""
    text = request.args.get(name)
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) <= len(str(at_most)) and 1 <= int(text) <= at_most:
        return int(text)
    raise InvalidRequest(name, f"must be a whole number from 1 to {at_most}, not {text[:LONGEST_SHOWN]!r}")


def text(name: str, form: re.Pattern[str], rule: str) -> str | None:
    """Returns a text of a form, or None when it is not given. Raises `InvalidRequest` with the rule that it breaks."""
    found = request.args.get(name)
    if found is not None and not form.fullmatch(found):
        raise InvalidRequest(name, f"must be {rule}, not {found[:LONGEST_SHOWN]!r}")
    return found


def moment(name: str) -> datetime | None:
    """Returns a time in UTC, or None when it is not given. Raises `InvalidRequest`."""
    found = request.args.get(name)
    if found is None:
        return None
    with suppress(ValueError):
        if _MOMENT.fullmatch(found):
            return datetime.fromisoformat(found)
    raise InvalidRequest(name, f"must be a time in UTC as in 2026-11-22T10:00:00Z, not {found[:LONGEST_SHOWN]!r}")


def choice(name: str, default: T | None, choices: Sequence[T]) -> T | None:
    """Returns the one of `choices` that is given, `default` when none is. Raises `InvalidRequest`."""
    text = request.args.get(name)
    if text is None:
        return default
    for word in choices:
        if word == text:
            return word
    raise InvalidRequest(name, f"must be one of {', '.join(choices)}, not {text[:LONGEST_SHOWN]!r}")


def names(name: str) -> tuple[str, ...] | None:
    """Returns the comma-separated names, each once, in order; None when none is given. Raises `InvalidRequest`."""
    text = request.args.get(name)
    if text is None:
        return None
    found = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    if "" in found:
        raise InvalidRequest(name, f"must be {name} separated by commas, none of them empty")
    return found
