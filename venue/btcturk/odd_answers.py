"""Writes true REST answers oddly where a fault asks for it. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from venue.oddities import float_noise, odd_numbers, single

ODDITIES = ("numbers", "bad_row", "zero_row", "float_noise")
_PRICES = ("last", "bid", "ask", "price", "open", "high", "low", "close")
_COLUMNS = ("t", "o", "h", "l", "c", "v")


def odd(oddity: str, endpoint: str, body: bytes) -> bytes:
    """Returns an answer, odd in this way. An answer that can't be odd so stays as it is."""
    value = json.loads(body)
    if oddity == "numbers":
        return odd_numbers(value)
    change = {"bad_row": _bad_row, "zero_row": _zero_row}.get(oddity, _noisy)
    return json.dumps(change(endpoint, value)).encode()


def _bad_row(endpoint: str, value: Any) -> Any:
    """Adds a row that can't be read: a damaged copy of the first one, or null."""
    if endpoint == "klines":
        return {name: [None, *part] if name in _COLUMNS else part for name, part in value.items()}
    if endpoint == "exchangeinfo":
        bad = {**value["data"]["symbols"][0], "name": "BADTRY", "filters": None}
        return _lists(endpoint, value, lambda rows: [bad, *rows])
    return _lists(endpoint, value, lambda rows: [None, *rows])


def _zero_row(endpoint: str, value: Any) -> Any:
    """Adds a level or a trade of nothing."""
    if endpoint == "orderbook":
        return _lists(endpoint, value, lambda rows: [[rows[0][0], "0.00000000"], *rows] if rows else rows)
    if endpoint == "trades":
        return _lists(endpoint, value, lambda rows: [{**rows[0], "tid": "0", "amount": "0"}, *rows] if rows else rows)
    return value


def _noisy(endpoint: str, value: Any) -> Any:
    if endpoint == "klines":
        return {name: [single(one) for one in part] if name in "ohlc" else part for name, part in value.items()}
    if endpoint == "orderbook":
        return _lists(endpoint, value, lambda rows: [[single(price), amount] for price, amount in rows])
    return float_noise(value, _PRICES)


def _lists(endpoint: str, value: Any, change: Callable[[list[Any]], list[Any]]) -> Any:
    """Returns an answer with its lists of rows changed."""
    if isinstance(value, list):
        return change(value)
    data = value.get("data")
    if endpoint == "exchangeinfo":
        return {**value, "data": {**data, "symbols": change(data["symbols"])}}
    if endpoint == "orderbook":
        return {**value, "data": {**data, "bids": change(data["bids"]), "asks": change(data["asks"])}}
    return {**value, "data": change(data)} if isinstance(data, list) else value
