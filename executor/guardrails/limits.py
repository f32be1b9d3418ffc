"""What the rules measure against: as set when the executor starts, and as an operator has set them since. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from common.errors import InvalidRequest
from common.wire import Message
from executor.orders import symbol_form

CURRENCY_FORM = "[A-Z0-9]{1,16}"
LARGEST_AMOUNT = Decimal(10) ** 12
LONGEST_STALE_SECONDS, LONGEST_DUPLICATE_SECONDS = 300.0, 3600.0
LARGEST_COLLAR_PERCENT, LARGEST_LOSS_PERCENT = Decimal(50), Decimal(100)
MOST_COUNTED = 100_000
MOST_ENTRIES = 500
EXECUTIONS_SECONDS = 60
_CURRENCY = re.compile(CURRENCY_FORM)


@dataclass(frozen=True)
class Limits:
    """What the rules measure against; money by currency, quantities by symbol, times in seconds.

    A currency without a largest notional, position or exposure can't be traded with at all; a symbol without a largest
    quantity has none. `duplicate_seconds` 0 lets the same order be placed again at once. `max_executions` counts the
    orders of one symbol and side that were executed within a minute.
    """

    quote_stale_seconds: float
    price_collar_percent: Decimal
    max_order_notional: Mapping[str, Decimal]
    max_position_notional: Mapping[str, Decimal]
    max_exposure: Mapping[str, Decimal]
    max_order_quantity: Mapping[str, Decimal] = field(default_factory=dict)
    max_orders_per_second: int = 100
    duplicate_seconds: float = 0.0
    max_executions: int = 600
    max_daily_loss_percent: Decimal = Decimal(5)
    max_drawdown_percent: Decimal = Decimal(20)


class Overrides(Message, frozen=True, kw_only=True):
    """What an operator has set in place of the limits of the start; None leaves a limit as it was then."""

    quote_stale_seconds: float | None = None
    price_collar_percent: Decimal | None = None
    max_order_notional: dict[str, Decimal] | None = None
    max_position_notional: dict[str, Decimal] | None = None
    max_exposure: dict[str, Decimal] | None = None
    max_order_quantity: dict[str, Decimal] | None = None
    max_orders_per_second: int | None = None
    duplicate_seconds: float | None = None
    max_executions: int | None = None
    max_daily_loss_percent: Decimal | None = None
    max_drawdown_percent: Decimal | None = None


class LimitsChange(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits that an operator asks for: a field that is given takes the place of the whole limit, null brings back the
    one of the start, and what is not given stays as it is."""

    quote_stale_seconds: float | UnsetType | None = UNSET
    price_collar_percent: Decimal | UnsetType | None = UNSET
    max_order_notional: dict[str, Decimal] | UnsetType | None = UNSET
    max_position_notional: dict[str, Decimal] | UnsetType | None = UNSET
    max_exposure: dict[str, Decimal] | UnsetType | None = UNSET
    max_order_quantity: dict[str, Decimal] | UnsetType | None = UNSET
    max_orders_per_second: int | UnsetType | None = UNSET
    duplicate_seconds: float | UnsetType | None = UNSET
    max_executions: int | UnsetType | None = UNSET
    max_daily_loss_percent: Decimal | UnsetType | None = UNSET
    max_drawdown_percent: Decimal | UnsetType | None = UNSET


def overlaid(limits: Limits, overrides: Overrides) -> Limits:
    """The limits with what the operator has set in their place."""
    set_since = given(overrides)
    return replace(limits, **set_since) if set_since else limits


def given(overrides: Overrides) -> dict[str, Any]:
    """What the operator has set, by name."""
    return {name: value for name, value in msgspec.structs.asdict(overrides).items() if value is not None}


def changed(overrides: Overrides, change: LimitsChange) -> Overrides:
    """The overrides after a change; raises `InvalidRequest` naming the first bad field."""
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
        case "max_orders_per_second" | "max_executions":
            _check_range(name, value, 1, MOST_COUNTED)
        case "quote_stale_seconds":
            _check_range(name, value, 0.001, LONGEST_STALE_SECONDS)
        case "duplicate_seconds":
            _check_range(name, value, 0, LONGEST_DUPLICATE_SECONDS)
        case "price_collar_percent":
            _check_range(name, value, Decimal("0.0001"), LARGEST_COLLAR_PERCENT)
        case _:
            _check_range(name, value, Decimal("0.0001"), LARGEST_LOSS_PERCENT)


def _check_range(name: str, value: Any, least: Any, most: Any) -> None:
    if isinstance(value, Decimal) and not plain(value):
        raise InvalidRequest(f"limits.{name}", "must be a number with at most 18 decimals")
    if not least <= value <= most:
        raise InvalidRequest(f"limits.{name}", f"must be from {least} to {most}")


def _check_amounts(name: str, amounts: Mapping[str, Decimal], key: Any, form: str) -> None:
    if len(amounts) > MOST_ENTRIES:
        raise InvalidRequest(f"limits.{name}", f"must have at most {MOST_ENTRIES} entries")
    for unit, amount in amounts.items():
        if not key(unit):
            raise InvalidRequest(f"limits.{name}", f"{unit[:64]!r} must be {form}")
        if not plain(amount) or not 0 < amount <= LARGEST_AMOUNT:
            raise InvalidRequest(f"limits.{name}.{unit}", "must be above 0, up to 10^12, with at most 18 decimals")


def plain(value: Decimal) -> bool:
    """Whether a number is one that people write: finite, with up to 18 decimals and not in thousands of digits."""
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and -18 <= exponent <= 12 and len(value.as_tuple().digits) <= 40
