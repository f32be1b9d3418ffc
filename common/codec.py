"""Messages to JSON and back: exact, strict, in one spelling, and with the field named when a message is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Literal, TypeVar, get_args, get_type_hints

import msgspec

from common.decimals import plain_text
from common.errors import InvalidRequest
from common.spelling import checker

T = TypeVar("T")
Order = Literal["deterministic"] | None
"""deterministic: the same value always gives the same bytes, also for fields of a dictionary in another order."""


class Message(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Base of every wire message. Readers ignore fields they don't know, so that a service can be updated alone.

    A message refers to no message that refers to it, so the garbage collector need not look at any.
    """


_FIELD = re.compile(r"`\$\.?(?P<path>[^`]*)`$")
_WITH_EXPONENT = re.compile(rb'E[-+]\d+"').search
_WITH_LAST_ZERO = re.compile(rb'\.\d*0"').search
_MINUS_ZERO = b'"-0"'
_EXPONENT = re.compile(rb"e[-+]?[0-9]").search
_NAMED = re.compile(r"(?:field|required field|unknown field) `(?P<name>[^`]*)`")


def encode(value: Any, *, order: Order = None) -> bytes:
    """Returns the JSON of a message, or of containers of messages: decimals in plain digits, times as RFC 3339 in UTC.

    A decimal is a string, as `plain_text` writes it. JSON that is inside already (`msgspec.Raw`) stays as it is.
    """
    body = msgspec.json.encode(value, order=order)
    if _WITH_EXPONENT(body) or _WITH_LAST_ZERO(body) or _MINUS_ZERO in body:
        plain = _plain(msgspec.to_builtins(value, builtin_types=(Decimal, msgspec.Raw), order=order))
        return msgspec.json.encode(plain, order=order)
    return body


def _plain(value: Any) -> Any:
    """Returns the value with its decimals as texts. A text of a client that looks like a decimal stays as it is."""
    kind = type(value)
    if kind is Decimal:
        return plain_text(value)
    if kind is list or kind is tuple:
        return [_plain(part) for part in value]
    if kind is dict:
        return {name: _plain(part) for name, part in value.items()}
    return value


def decode(kind: type[T], body: bytes | str) -> T:
    """Returns the message in `body`. Raises `InvalidRequest` with the field, also for a decimal not in plain digits."""
    return _decode(kind, body, checker(kind))  # type: ignore[arg-type]


def read(kind: type[T], body: bytes | str) -> T:
    """Returns the message in a body that a service of ours wrote. Raises as `decode`.

    Its decimals are in plain digits, so that only a body in which one may be infinite, none, or too long is read twice.
    """
    low = (body if isinstance(body, bytes) else body.encode()).lower()
    odd = b"\\" in low or b"nan" in low or b"inf" in low or _EXPONENT(low)
    return decode(kind, body) if odd else _decode(kind, body, None)


def _decode(kind: type[T], body: bytes | str, check: Callable[[bytes | str], object] | None) -> T:
    try:
        if check is not None:
            check(body)
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        field = _field_of(str(error))
        raise InvalidRequest(field, _reason_of(str(error), kind, field)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest("body", f"must be JSON ({error})") from error


def _field_of(text: str) -> str:
    path = _FIELD.search(text)
    named = _NAMED.search(text)
    inner = path["path"] if path else ""
    if named:
        return f"{inner}.{named['name']}".lstrip(".")
    return inner or "body"


def _reason_of(text: str, kind: Any, field: str) -> str:
    reason = text.split(" - at `")[0][:200]
    choices = [
        word
        for word in get_args(getattr(kind, "__annotations__", {}) and get_type_hints(kind).get(field))
        for word in (get_args(word) or (word,))
        if isinstance(word, str)
    ]
    return f"{reason}, must be one of {', '.join(choices)}" if choices and "enum" in reason else reason
