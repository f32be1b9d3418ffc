"""AlgoLab's REST calls: what to send, and what the answers mean. Pure. Source: the broker's public document 1.0.5."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from common.wire import Instrument
from marketdata.venues.algolab.frames import SOURCE
from marketdata.venues.algolab.signing import SOCKET_PATH, checker, encrypt

HOST_PATH = "/api"
LOGIN, CONFIRM, REFRESH, EQUITY = "LoginUser", "LoginUserControl", "SessionRefresh", "GetEquityInfo"
CALLS = (LOGIN, CONFIRM, REFRESH, EQUITY)
_MOST_TOLD = 200


class Refused(Exception):
    """The venue answered that it does not do what was asked; the text is its own, cut."""


class Unusable(Exception):
    """The answer can't be understood."""


class EquityInfo(NamedTuple):
    """A share's limits of the day, and its best and last prices where there are any."""

    floor: Decimal
    ceiling: Decimal
    bid: Decimal | None
    ask: Decimal | None
    last: Decimal | None


class _Answer(msgspec.Struct):
    success: bool
    message: str | None = None
    content: dict[str, Any] | None = None


class _Equity(msgspec.Struct):
    flr: Decimal
    clg: Decimal
    ask: Decimal = Decimal(0)
    bid: Decimal = Decimal(0)
    lst: Decimal = Decimal(0)


def path(call: str) -> str:
    """The call's path on the host, in which `/api` comes twice."""
    return f"{HOST_PATH}/api/{call}"


def body(**fields: str) -> bytes:
    """JSON without spaces, as the signature needs it."""
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode()


def login_body(api_key: str, username: str, password: str) -> bytes:
    """The first step of a login."""
    return body(username=encrypt(api_key, username), password=encrypt(api_key, password))


def confirm_body(api_key: str, token: str, code: str) -> bytes:
    """The second step: `token` is the first one's answer, `code` is from the text message."""
    return body(token=encrypt(api_key, token), password=encrypt(api_key, code))


def key_headers(api_key: str) -> dict[str, str]:
    """What both steps of a login carry."""
    return {"APIKEY": api_key}


def call_headers(api_key: str, session: str, call: str, sent: bytes, *, doubled: bool) -> dict[str, str]:
    """What every call of a session carries. An empty object is signed as no body."""
    signed = "" if sent == b"{}" else sent.decode()
    return _signed(api_key, session, checker(api_key, f"/api/{call}", signed, doubled=doubled))


def socket_headers(api_key: str, session: str) -> dict[str, str]:
    """What the socket's upgrade carries."""
    return _signed(api_key, session, checker(api_key, SOCKET_PATH))


def _signed(api_key: str, session: str, signature: str) -> dict[str, str]:
    return {"APIKEY": api_key, "Authorization": session, "Checker": signature}


def read_text(answer: bytes, name: str) -> str:
    """One text of the answer's content; raises `Refused` or `Unusable`."""
    value = _content(answer).get(name)
    if not isinstance(value, str) or not value:
        raise Unusable(f"the answer has no {name}")
    return value


def read_refresh(answer: bytes) -> bool:
    """Whether the session goes on; the venue answers with a bare boolean or in its envelope."""
    try:
        told: bool | _Answer = msgspec.json.decode(answer, type=bool | _Answer)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Unusable("the answer is neither true nor false") from error
    return told if isinstance(told, bool) else told.success


def read_equity(answer: bytes) -> EquityInfo:
    """Raises `Refused` or `Unusable`. The document swaps `ask` and `bid`, its sample doesn't: the higher is the ask."""
    try:
        told = msgspec.convert(_content(answer), _Equity)
    except msgspec.ValidationError as error:
        raise Unusable(str(error)) from error
    prices = (told.flr, told.clg, told.ask, told.bid, told.lst)
    if not all(price.is_finite() and price >= 0 for price in prices) or not 0 < told.flr < told.clg:
        raise Unusable("the prices can't be meant")
    low, high = sorted((told.bid, told.ask)) if told.bid and told.ask else (told.bid, told.ask)
    return EquityInfo(told.flr, told.clg, low or None, high or None, told.lst or None)


def _content(answer: bytes) -> Mapping[str, Any]:
    try:
        told = msgspec.json.decode(answer, type=_Answer)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Unusable("the answer is not in the venue's envelope") from error
    if not told.success:
        raise Refused((told.message or "no reason was given")[:_MOST_TOLD])
    return told.content or {}


def instrument(symbol: str, tick_size: Decimal) -> Instrument:
    """A share: traded in single pieces, paid in lira."""
    return Instrument(
        symbol=f"{SOURCE}:{symbol}",
        base_asset=symbol,
        quote_currency="TRY",
        tick_size=tick_size,
        lot_size=Decimal(1),
        min_notional=Decimal(0),
    )
