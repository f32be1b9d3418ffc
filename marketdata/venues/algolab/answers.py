"""Reads AlgoLab's REST answers. Pure. Source: the broker's public document 1.0.5."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from marketdata.rest.replies import UnusableAnswer, decoded

_LONGEST_REASON = 200


class Refused(Exception):
    """The broker refuses a call. The text is its own, cut."""


class EquityInfo(NamedTuple):
    """A share's prices.

    floor, ceiling: the day's lowest and highest price.
    bid, ask: the best prices; None for no quote on that side.
    last: the last price; None before the first trade.
    """

    floor: Decimal
    ceiling: Decimal
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
    message: str | None = None
    content: dict[str, Any] | None = None


class _Equity(msgspec.Struct):
    """`GetEquityInfo`.

    flr, clg: the day's lowest and highest price.
    ask, bid: the best prices; 0 for none.
    lst: the last price; 0 for none.
    """

    flr: Decimal
    clg: Decimal
    ask: Decimal = Decimal(0)
    bid: Decimal = Decimal(0)
    lst: Decimal = Decimal(0)


def read_text(answer: bytes, name: str) -> str:
    """Returns one text of the answer's content. Raises `Refused` or `UnusableAnswer`."""
    value = _content(answer).get(name)
    if not isinstance(value, str) or not value:
        raise UnusableAnswer(f"the answer has no {name}")
    return value


def read_refresh(answer: bytes) -> bool:
    """Returns true when the session goes on. The broker answers with a bare boolean or in its envelope.

    Raises `UnusableAnswer`.
    """
    reply: bool | _Answer = decoded(bool | _Answer, answer, "the answer")
    return reply if isinstance(reply, bool) else reply.success


def read_equity(answer: bytes) -> EquityInfo:
    """Returns a share's prices. Raises `Refused` or `UnusableAnswer`.

    The document swaps `ask` and `bid`, its sample does not: the higher price is the ask.
    """
    try:
        reply = msgspec.convert(_content(answer), _Equity)
    except msgspec.ValidationError as error:
        raise UnusableAnswer(str(error)) from error
    prices = (reply.flr, reply.clg, reply.ask, reply.bid, reply.lst)
    if not all(price.is_finite() and price >= 0 for price in prices) or not 0 < reply.flr < reply.clg:
        raise UnusableAnswer("the prices are impossible")
    low, high = sorted((reply.bid, reply.ask)) if reply.bid and reply.ask else (reply.bid, reply.ask)
    return EquityInfo(reply.flr, reply.clg, low or None, high or None, reply.lst or None)


def _content(answer: bytes) -> Mapping[str, Any]:
    reply: _Answer = decoded(_Answer, answer, "the answer")
    if not reply.success:
        raise Refused((reply.message or "no reason was given")[:_LONGEST_REASON])
    return reply.content or {}
