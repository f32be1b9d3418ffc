"""The rules that the venue tells of a pair, and the changes that the operator of the simulation makes to them. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from common.decimals import plain_text
from common.errors import InvalidRequest
from common.wire import Message
from venue.btcturk.pairs import PairSpec

TRADING = "TRADING"
MOST_DIGITS, COARSEST = 18, 1_000
STATUS, PAIR = re.compile(r"[A-Z_]{1,32}"), re.compile(r"[A-Z0-9]{2,20}")


@dataclass(frozen=True, slots=True)
class PairRules:
    """The rules of a pair, as `exchangeinfo` tells them.

    status: `TRADING` while it trades.
    listed: false while the venue has no such pair.
    tick: the step of prices, in the denominator.
    amount_scale: digits after the point of an amount.
    min_exchange_value: the smallest value of an order, in the denominator.
    """

    status: str
    listed: bool
    tick: Decimal
    amount_scale: int
    min_exchange_value: Decimal

    @classmethod
    def of(cls, spec: PairSpec) -> PairRules:
        """Returns the rules that a pair begins with."""
        return cls(TRADING, True, spec.tick, spec.amount_scale, spec.min_exchange_value)

    @property
    def trading(self) -> bool:
        """True while the pair is listed and trades."""
        return self.listed and self.status == TRADING

    def grid(self, spec: PairSpec) -> tuple[int, int]:
        """Returns the steps of prices and amounts in the market's own ticks and units; a finer step needs no other."""
        return max(1, int(self.tick / spec.tick)), 10 ** max(0, spec.amount_scale - self.amount_scale)


class PairChange(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /pairs/<pair>`. None leaves a thing as it is.

    status: any but `TRADING` halts the pair: no trades come, and its book stands.
    listed: false removes the pair from every answer and stream, true brings it back.
    tick_size: a multiple, at most `COARSEST` times, or a whole part of the step that the pair began with.
    amount_scale: digits after the point of an amount.
    min_exchange_value: the smallest value of an order.
    name: the pair is called so from now on; its number stays.
    like: adds a new pair of the path's name, which moves like this one.
    """

    status: str | None = None
    listed: bool | None = None
    tick_size: Decimal | None = None
    amount_scale: int | None = None
    min_exchange_value: Decimal | None = None
    name: str | None = None
    like: str | None = None


def changed(rules: PairRules, change: PairChange, spec: PairSpec) -> PairRules:
    """Returns the rules after a change. Raises `InvalidRequest` that names a wrong field."""
    if change.status is not None and not STATUS.fullmatch(change.status):
        raise InvalidRequest("status", "must be capital letters, such as TRADING or HALTED")
    if change.tick_size is not None and not _fits(change.tick_size, spec.tick):
        raise InvalidRequest(
            "tick_size", f"must be up to {COARSEST} times {plain_text(spec.tick)}, or a whole part of it"
        )
    if change.amount_scale is not None and not 0 <= change.amount_scale <= MOST_DIGITS:
        raise InvalidRequest("amount_scale", f"must be from 0 to {MOST_DIGITS}")
    if change.min_exchange_value is not None and change.min_exchange_value < 0:
        raise InvalidRequest("min_exchange_value", "must be 0 or more")
    wanted: dict[str, Any] = {
        "status": change.status,
        "listed": change.listed,
        "tick": change.tick_size,
        "amount_scale": change.amount_scale,
        "min_exchange_value": change.min_exchange_value,
    }
    return replace(rules, **{name: value for name, value in wanted.items() if value is not None})


def named(spec: PairSpec, name: str) -> PairSpec:
    """Returns the pair under another name. Raises `InvalidRequest` for one that can't be."""
    numerator = name.removesuffix(spec.denominator)
    if not PAIR.fullmatch(name) or numerator in ("", name):
        raise InvalidRequest("name", f"must be capital letters and end with {spec.denominator}")
    return replace(spec, numerator=numerator)


def _fits(tick: Decimal, first: Decimal) -> bool:
    digits = -int(tick.as_tuple().exponent)
    if not 0 < tick <= COARSEST * first or digits > MOST_DIGITS:
        return False
    return tick % first == 0 or first % tick == 0
