"""Reads AlgoLab's REST answers. Pure. Source: the broker's public document 1.0.5."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

import msgspec

from marketdata import lenient
from marketdata.rest.replies import UnusableAnswer
from marketdata.venues.algolab.readings import NOTHING, require_usable

_LONGEST_REASON = 200


class Refused(Exception):
    """The broker refuses a call. The text is its own, cut."""


class EquityInfo(NamedTuple):
    """A share's prices.

    floor, ceiling: the day's lowest and highest price; both None when they are not told.
    bid, ask: the best prices; None for no quote on that side.
    last: the last price; None before the first trade.
    told: true when both best prices are told, be it as none.
    name: the share that the answer is about; empty when it does not tell.
    unread: the fields that can't be read.
    """

    floor: Decimal | None
    ceiling: Decimal | None
    bid: Decimal | None
    ask: Decimal | None
    last: Decimal | None
    told: bool = True
    name: str = ""
    unread: tuple[str, ...] = ()


class _Answer(msgspec.Struct):
    """The envelope of every answer.

    success: false for a refusal; None when it is not told, and the content decides.
    message: the broker's words; None when it gives none.
    content: the fields; None for a refusal.
    """

    success: bool | None = None
    message: Any = None
    content: Any = None


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
    if not isinstance(value, dict):
        return bool(_converted(value, bool))
    reply: _Answer = _converted(value, _Answer)
    told = reply.success if reply.success is not None else reply.content
    if told is None:
        raise UnusableAnswer("the answer tells nothing")
    return bool(_converted(told, bool)) and reply.content not in (False, 0)


def read_equity(answer: bytes) -> EquityInfo:
    """Returns a share's prices. Raises `Refused`, or `UnusableAnswer` when none of them can be used.

    A field that can't be read costs no other. The document swaps `ask` and `bid`, its sample does not: the higher
    price is the ask. Limits are the same.
    """
    content = _content(answer)
    found: dict[str, Decimal | None] = {}
    unread = []
    for name in ("flr", "clg", "ask", "bid", "lst"):
        try:
            found[name] = _price(content.get(name))
        except (msgspec.ValidationError, InvalidOperation):
            found[name] = None
            unread.append(name)
    if not any(found.values()):
        raise UnusableAnswer(f"the answer has no price{', none that can be read' if unread else ''}")
    floor, ceiling = _ordered(found["flr"], found["clg"])
    if not floor or not ceiling or floor == ceiling:
        floor = ceiling = None
    bid, ask = _ordered(found["bid"], found["ask"])
    told, named = found["bid"] is not None and found["ask"] is not None, content.get("name")
    name = named.partition(".")[0].upper() if isinstance(named, str) else ""
    return EquityInfo(floor, ceiling, bid or None, ask or None, found["lst"] or None, told, name, tuple(unread))


def _ordered(low: Decimal | None, high: Decimal | None) -> tuple[Decimal | None, Decimal | None]:
    return (high, low) if low and high and high < low else (low, high)


def _price(value: Any) -> Decimal | None:
    """Returns a price, 0 for none, and None where it is not told. Raises for one that can't be read."""
    if value is None or value == NOTHING:
        return None
    if isinstance(value, bool):
        raise msgspec.ValidationError("it is no number")
    price: Decimal = lenient.converted(value, Decimal)
    require_usable(price)
    return price


def _content(answer: bytes) -> Mapping[str, Any]:
    reply: _Answer = _converted(_value(answer), _Answer)
    if reply.success is False:
        raise Refused(str(reply.message or "no reason was given")[:_LONGEST_REASON])
    if not isinstance(reply.content, dict) or not reply.content:
        raise UnusableAnswer("the answer has no content")
    return reply.content


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
