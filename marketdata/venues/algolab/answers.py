"""Reads AlgoLab's REST answers. Pure. Source: the broker's public document 1.0.5."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

import msgspec

from marketdata import lenient
from marketdata.rest.replies import UnusableAnswer

_LONGEST_REASON = 200


class Refused(Exception):
    """The broker refuses a call. The text is its own, cut."""


class EquityInfo(NamedTuple):
    """A share's prices.

    floor, ceiling: the day's lowest and highest price; both None when they are not told.
    bid, ask: the best prices; None for no quote on that side.
    last: the last price; None before the first trade.
    """

    floor: Decimal | None
    ceiling: Decimal | None
    bid: Decimal | None
    ask: Decimal | None
    last: Decimal | None


class _Answer(msgspec.Struct):
    """The envelope of every answer.

    success: false for a refusal.
    message: the broker's words; None when it gives none.
    content: the fields; None for a refusal.
    """

    success: bool
    message: Any = None
    content: dict[str, Any] | None = None


class _Equity(msgspec.Struct):
    """`GetEquityInfo`.

    flr, clg: the day's lowest and highest price; 0 or None when they are not told.
    ask, bid: the best prices; 0 or None for none.
    lst: the last price; 0 or None for none.
    """

    flr: Decimal | None = None
    clg: Decimal | None = None
    ask: Decimal | None = None
    bid: Decimal | None = None
    lst: Decimal | None = None


def read_text(answer: bytes, name: str) -> str:
    """Returns one text of the answer's content. Raises `Refused` or `UnusableAnswer`."""
    value = _content(answer).get(name.lower())
    if not isinstance(value, str) or not value:
        raise UnusableAnswer(f"the answer has no {name}")
    return value


def read_refresh(answer: bytes) -> bool:
    """Returns true when the session goes on. The broker answers with a bare boolean or in its envelope.

    Raises `UnusableAnswer`.
    """
    value = _value(answer)
    return bool(_converted(value, _Answer).success if isinstance(value, dict) else _converted(value, bool))


def read_equity(answer: bytes) -> EquityInfo:
    """Returns a share's prices. Raises `Refused` or `UnusableAnswer`.

    The document swaps `ask` and `bid`, its sample does not: the higher price is the ask.
    """
    content = _content(answer)
    if not content:
        raise UnusableAnswer("the answer has no content")
    reply: _Equity = _converted(dict(content), _Equity)
    prices = [price for price in (reply.flr, reply.clg, reply.ask, reply.bid, reply.lst) if price is not None]
    if not all(price.is_finite() and price >= 0 for price in prices):
        raise UnusableAnswer("the prices are impossible")
    floor, ceiling = (reply.flr, reply.clg) if reply.flr and reply.clg else (None, None)
    if floor is not None and ceiling is not None and not floor < ceiling:
        raise UnusableAnswer("the limits are impossible")
    low, high = sorted((reply.bid, reply.ask)) if reply.bid and reply.ask else (reply.bid, reply.ask)
    return EquityInfo(floor, ceiling, low or None, high or None, reply.lst or None)


def _content(answer: bytes) -> Mapping[str, Any]:
    reply: _Answer = _converted(_value(answer), _Answer)
    if not reply.success:
        raise Refused(str(reply.message or "no reason was given")[:_LONGEST_REASON])
    return reply.content or {}


def _value(answer: bytes) -> Any:
    """Returns the value of an answer, with its keys in small letters. Raises `UnusableAnswer`."""
    try:
        return lenient.loads(answer, fold=True)
    except (InvalidOperation, ValueError, RecursionError) as error:
        raise UnusableAnswer(f"the answer can't be read: {str(error)[:200]}") from error


def _converted(value: Any, kind: Any) -> Any:
    try:
        return lenient.converted(value, kind)
    except (msgspec.ValidationError, InvalidOperation) as error:
        raise UnusableAnswer(f"the answer can't be read: {str(error)[:200]}") from error
