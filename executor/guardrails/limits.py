"""The limits that the rules measure against: those of the settings, and those that an operator has set since. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from typing import Any, get_type_hints

import msgspec
from msgspec import UNSET, UnsetType

from common.errors import InvalidRequest
from common.wire import Message
from executor.orders import symbol_form

CURRENCY_FORM = "[A-Z0-9]{1,16}"
LARGEST_AMOUNT = Decimal(10) ** 12
LONGEST_STALE_SECONDS, LONGEST_DUPLICATE_SECONDS = 300.0, 3600.0
LARGEST_COLLAR_PERCENT, LARGEST_FAR_PERCENT, LARGEST_LOSS_PERCENT = Decimal(50), Decimal(1000), Decimal(100)
LEAST_PERCENT = Decimal("0.0001")
MOST_COUNTED = 100_000
MOST_OPEN_ORDERS = 1_000_000
MOST_ENTRIES = 500
EXECUTIONS_SECONDS = 60
_CURRENCY = re.compile(CURRENCY_FORM)


@dataclass(frozen=True)
class Limits:
    """All limits. A currency without an amount can't be traded with; a symbol without a quantity has no such limit.

    quote_stale_seconds: the oldest book to trade on.
    price_collar_percent: the most that a price may be worse than the middle of the book.
    max_order_notional: the largest order, by currency.
    max_position_notional: the largest position of one symbol with its open buys, by currency.
    max_exposure: the highest cost of all positions with their open buys, by currency.
    max_order_quantity: the largest order in the base asset, by symbol.
    max_orders_per_second: orders of the account within any second.
    duplicate_seconds: for how long the same order may not be placed again; 0 for not at all.
    max_executions: orders of one symbol and side that are executed within a minute.
    max_daily_loss_percent: the furthest that the equity may fall below its value as the day began.
    max_drawdown_percent: the furthest that the equity may fall below its peak.
    far_price_percent: the most that a price may be better than the middle of the book.
    symbol_price_collar_percent, symbol_far_price_percent: the same two for single symbols.
    max_open_orders: orders of the account that are open at once.
    max_open_orders_per_symbol: orders of one symbol that are open at once.
    """

    quote_stale_seconds: float
    price_collar_percent: Decimal
    max_order_notional: dict[str, Decimal]
    max_position_notional: dict[str, Decimal]
    max_exposure: dict[str, Decimal]
    max_order_quantity: dict[str, Decimal] = field(default_factory=dict)
    max_orders_per_second: int = 100
    duplicate_seconds: float = 0.0
    max_executions: int = 600
    max_daily_loss_percent: Decimal = Decimal(5)
    max_drawdown_percent: Decimal = Decimal(20)
    far_price_percent: Decimal = Decimal(50)
    symbol_price_collar_percent: dict[str, Decimal] = field(default_factory=dict)
    symbol_far_price_percent: dict[str, Decimal] = field(default_factory=dict)
    max_open_orders: int = 20_000
    max_open_orders_per_symbol: int = 5_000

    def collar_of(self, symbol: str) -> Decimal:
        """Returns the most percent that a price of the symbol may be worse than the middle of its book."""
        return self.symbol_price_collar_percent.get(symbol, self.price_collar_percent)

    def far_of(self, symbol: str) -> Decimal:
        """Returns the most percent that a price of the symbol may be better than the middle of its book."""
        return self.symbol_far_price_percent.get(symbol, self.far_price_percent)


def _same_fields(or_else: Any, default: Any, *, strict: bool) -> Any:
    """Returns a message with the fields of `Limits`, each of which may be `or_else` too."""
    kinds = [(name, kind | or_else, default) for name, kind in get_type_hints(Limits).items()]
    told = {"__doc__": Limits.__doc__}
    return msgspec.defstruct(
        "SameFields", kinds, bases=(Message,), namespace=told, frozen=True, kw_only=True, forbid_unknown_fields=strict
    )


_OrNone = _same_fields(None, None, strict=False)
_OrNotGiven = _same_fields(UnsetType | None, UNSET, strict=True)


class Overrides(_OrNone):  # type: ignore[misc, valid-type]
    """The limits that an operator has set, with the fields of `Limits`; None leaves the limit of the settings."""


class LimitsChange(_OrNotGiven):  # type: ignore[misc, valid-type]
    """Limits that an operator asks for, with the fields of `Limits`.

    A field that is given takes the place of the whole limit. None brings back the limit of the settings. A field that
    is not given stays as it is.
    """


def overlaid(limits: Limits, overrides: Overrides) -> Limits:
    """Returns the limits with those that an operator has set in their place."""
    set_since = given(overrides)
    return replace(limits, **set_since) if set_since else limits


def given(overrides: Overrides) -> dict[str, Any]:
    """Returns the limits that an operator has set, by name."""
    return {name: value for name, value in msgspec.structs.asdict(overrides).items() if value is not None}


def changed(overrides: Overrides, change: LimitsChange) -> Overrides:
    """Returns the overrides after a change. Raises `InvalidRequest` for the first bad field."""
    asked = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not UNSET}
    if not asked:
        raise InvalidRequest("limits", f"give at least one of {', '.join(each.name for each in fields(Limits))}")
    for name, value in asked.items():
        if value is not None:
            _check(name, value)
    return msgspec.structs.replace(overrides, **asked)


def _check(name: str, value: Any) -> None:
    match name:
        case "max_order_notional" | "max_position_notional" | "max_exposure":
            _check_amounts(name, value, _CURRENCY.fullmatch, "a currency in capital letters, as in TRY")
        case "max_order_quantity":
            _check_amounts(name, value, symbol_form, "VENUE:PAIR in capital letters, as in BTCTURK:BTCTRY")
        case "symbol_price_collar_percent":
            _check_percents(name, value, LARGEST_COLLAR_PERCENT)
        case "symbol_far_price_percent":
            _check_percents(name, value, LARGEST_FAR_PERCENT)
        case "max_orders_per_second" | "max_executions":
            _check_range(name, value, 1, MOST_COUNTED)
        case "max_open_orders" | "max_open_orders_per_symbol":
            _check_range(name, value, 1, MOST_OPEN_ORDERS)
        case "quote_stale_seconds":
            _check_range(name, value, 0.001, LONGEST_STALE_SECONDS)
        case "duplicate_seconds":
            _check_range(name, value, 0, LONGEST_DUPLICATE_SECONDS)
        case "price_collar_percent":
            _check_range(name, value, LEAST_PERCENT, LARGEST_COLLAR_PERCENT)
        case "far_price_percent":
            _check_range(name, value, LEAST_PERCENT, LARGEST_FAR_PERCENT)
        case _:
            _check_range(name, value, LEAST_PERCENT, LARGEST_LOSS_PERCENT)


def _check_range(name: str, value: Any, least: Any, most: Any) -> None:
    if isinstance(value, Decimal) and not plain(value):
        raise InvalidRequest(f"limits.{name}", "must be a number with at most 18 decimals")
    if not least <= value <= most:
        raise InvalidRequest(f"limits.{name}", f"must be from {least} to {most}")


def _check_percents(name: str, percents: Mapping[str, Decimal], most: Decimal) -> None:
    _check_keys(name, percents, symbol_form, "VENUE:PAIR in capital letters, as in BTCTURK:BTCTRY")
    for symbol, percent in percents.items():
        _check_range(f"{name}.{symbol}", percent, LEAST_PERCENT, most)


def _check_keys(name: str, entries: Mapping[str, Decimal], key: Any, form: str) -> None:
    if len(entries) > MOST_ENTRIES:
        raise InvalidRequest(f"limits.{name}", f"must have at most {MOST_ENTRIES} entries")
    for unit in entries:
        if not key(unit):
            raise InvalidRequest(f"limits.{name}", f"{unit[:64]!r} must be {form}")


def _check_amounts(name: str, amounts: Mapping[str, Decimal], key: Any, form: str) -> None:
    _check_keys(name, amounts, key, form)
    for unit, amount in amounts.items():
        if not plain(amount) or not 0 < amount <= LARGEST_AMOUNT:
            raise InvalidRequest(f"limits.{name}.{unit}", "must be above 0, up to 10^12, with at most 18 decimals")


def plain(value: Decimal) -> bool:
    """Returns true for a number that people write: finite, with at most 18 decimals and 40 digits."""
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and -18 <= exponent <= 12 and len(value.as_tuple().digits) <= 40
