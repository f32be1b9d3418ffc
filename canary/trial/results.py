"""The answers of both sides to one step, and what of them must be equal (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal, TypeVar

import msgspec

from canary.trial.plan import TrialStep
from common import wire

T = TypeVar("T")

MARKET_CODES = frozenset(
    {"NO_QUOTE", "QUOTE_STALE", "QUOTE_DELAYED", "MARKET_CLOSED", "PRICE_COLLAR", "FAR_PRICE", "PRICE_LIMIT"}
    | {"POST_ONLY", "SELF_TRADE", "EQUITY_UNKNOWN"}
)
"""The codes of denials that depend on the market at one moment."""

LONGEST_TOLD = 200
"""An executor chooses the words of its answers."""
_Number = Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]{1,40}(\.[0-9]{1,40})?\Z")]

Meeting = Literal["equal", "other_market", "different"]
"""equal: both sides gave the same result. other_market: they met the market at two moments, so nothing can be said."""


class MetMarket(wire.Message, frozen=True, kw_only=True):
    """The market as an order met it.

    bid, bid_quantity, ask, ask_quantity: the best prices with their quantities; None while that side is empty.
    sequence: market data's sequence of the book.
    """

    bid: Decimal | None
    bid_quantity: Decimal | None
    ask: Decimal | None
    ask_quantity: Decimal | None
    sequence: int


@dataclass(frozen=True)
class SideAnswer:
    """One side's answer to one request.

    seconds: how long it took.
    status: its status; None when no whole answer came.
    body: its body.
    trouble: a sentence about why there is no whole answer; empty when there is one.
    """

    seconds: float
    status: int | None = None
    body: bytes = b""
    trouble: str = ""


@dataclass(frozen=True)
class Pair:
    """One step with the answers of both sides.

    step: the request.
    baseline, candidate: the answers.
    """

    step: TrialStep
    baseline: SideAnswer
    candidate: SideAnswer


@dataclass(frozen=True)
class Result:
    """The part of an answer that must be equal on both sides.

    status: the answer's status.
    code: the code of an error; empty without one.
    order: how the order stands: its status, its filled quantity, its average price and its fees.
    denials: the codes of the denials.
    fills: price, quantity and fee of each fill.
    """

    status: int | None
    code: str = ""
    order: tuple[str, str, str, str] = ("", "", "", "")
    denials: tuple[str, ...] = ()
    fills: tuple[tuple[str, str, str], ...] = ()

    def told(self) -> str:
        """Returns the result in words."""
        status, filled, price, fees = self.order
        parts = [f"status {self.status}", self.code, status]
        if self.fills:
            parts += [f"{filled} at {price}", f"fee {fees}", f"{len(self.fills)} fills"]
        return " ".join(part for part in [*parts, *self.denials] if part)[:LONGEST_TOLD]


class _Fill(wire.Message, frozen=True, kw_only=True):
    """A fill as far as it is compared.

    price, quantity, fee: as the executor tells them.
    """

    price: _Number
    quantity: _Number
    fee: _Number


class _Denial(wire.Message, frozen=True, kw_only=True):
    """A denial as far as it is compared.

    code: the guardrail's code.
    """

    code: str


class _Order(wire.Message, frozen=True, kw_only=True):
    """An order as far as it is compared.

    order_id: the side's own key.
    status, filled_quantity, average_price, fees: how it stands.
    denials, fills: the refusals and the fills.
    """

    order_id: str
    status: str
    filled_quantity: _Number
    average_price: _Number | None
    fees: _Number
    denials: tuple[_Denial, ...]
    fills: tuple[_Fill, ...]


class _Fault(wire.Message, frozen=True, kw_only=True):
    """An error as far as it is compared.

    code: its code.
    """

    code: str


class _Error(wire.Message, frozen=True, kw_only=True):
    """The answer to a request that was refused.

    error: the error.
    """

    error: _Fault


def order_id(answer: SideAnswer) -> str | None:
    """Returns the order's id; None where the answer has no order."""
    found = _read(_Order, answer.body)
    return None if found is None else found.order_id


def result_of(answer: SideAnswer) -> Result:
    """Returns the part of an answer that must be equal on both sides; empty without an order or an error."""
    order = _read(_Order, answer.body)
    if order is not None:
        return Result(
            status=answer.status,
            order=(order.status, order.filled_quantity, order.average_price or "", order.fees),
            denials=tuple(one.code for one in order.denials),
            fills=tuple((one.price, one.quantity, one.fee) for one in order.fills),
        )
    error = _read(_Error, answer.body)
    return Result(status=answer.status, code="" if error is None else error.error.code)


def failed(answer: SideAnswer, step: TrialStep) -> bool:
    """Returns true for an answer that a sound executor does not give to this step."""
    return answer.status != step.expected or result_of(answer) == Result(status=answer.status)


def failure(answer: SideAnswer, step: TrialStep) -> str:
    """Returns a sentence about an answer that failed."""
    if answer.trouble:
        return f"{answer.trouble}, not status {step.expected}"
    if answer.status == step.expected:
        return f"status {answer.status} with an answer that is neither an order nor an error"
    return f"{result_of(answer).told()}, not {step.expected}"


def met(pair: Pair, markets: Sequence[MetMarket | None] = (), most: int = 1) -> Meeting:
    """Returns how the answers of both sides agree.

    `markets` are the markets as the order met them on both sides, None for an order that was not accepted. `most` is
    how many orders of the symbol a side may have filled at one price: a level that is too small for all of them may be
    used up on one side alone.
    """
    results = [result_of(pair.baseline), result_of(pair.candidate)]
    if results[0] == results[1]:
        return "equal"
    apart = set(results[0].denials) ^ set(results[1].denials)
    if apart:
        return "other_market" if apart <= MARKET_CODES else "different"
    if pair.step.body is None or len(markets) != 2 or markets[0] is None or markets[1] is None:
        return "different"
    same = markets[0] == markets[1] and _deep(markets[0], pair.step.body, most)
    return "different" if same else "other_market"


def _deep(market: MetMarket, order: wire.OrderRequest, most: int) -> bool:
    shown = market.ask_quantity if order.side == "buy" else market.bid_quantity
    return shown is not None and shown >= order.quantity * most


def _read(kind: type[T], body: bytes) -> T | None:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, ValueError):
        return None
