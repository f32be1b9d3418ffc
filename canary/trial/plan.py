"""The requests of a trial, round by round, the same for both sides (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from canary.trial.offers import Offer
from common import wire

StepKind = Literal["order", "read", "cancel", "repeat", "refusal"]
"""order: a new order. repeat: the same order once more. refusal: an order that must be refused."""
TIMED: tuple[StepKind, ...] = ("order", "read", "cancel")
"""The kinds whose durations are judged: the others come too seldom."""
ORDERS_PER_ROUND = 4
"""The most new orders in one round, each of which counts for the limits on orders."""
_EVERY = 8
_FORMS: tuple[tuple[wire.OrderType, wire.TimeInForce], ...] = (("market", "IOC"), ("limit", "IOC"), ("limit", "FOK"))
_ABOVE_ANY_LIMIT = Decimal(10**8)
"""A quantity that no account can buy, in units of any symbol."""


@dataclass(frozen=True)
class TrialStep:
    """One request, for both sides.

    kind: the kind of request.
    client_order_id: the order that it is about.
    expected: the status that a sound executor answers.
    body: the body; None for a request without one.
    """

    kind: StepKind
    client_order_id: str
    expected: int
    body: wire.OrderRequest | None = None


def round_of(number: int, offers: Sequence[Offer]) -> Iterator[TrialStep]:
    """Returns the steps of one round: a buy, a sale of as much, an order that rests, is read and is cancelled.

    In turns, a round also repeats its buy, or asks for what must be refused: too much, a sale that would not rest
    though it has to, a quantity below 0.
    """
    offer = offers[number % len(offers)]
    name, quantity = f"trial-{number}", offer.quantity(number)
    buy = _taking(f"{name}-buy", offer, "buy", quantity, number)
    yield TrialStep("order", buy.client_order_id, 201, buy)
    if number % _EVERY == 0:
        yield TrialStep("repeat", buy.client_order_id, 200, buy)
    sale = _taking(f"{name}-sell", offer, "sell", quantity, number)
    yield TrialStep("order", sale.client_order_id, 201, sale)
    rest = _limit(f"{name}-rest", offer, "buy", offer.quantity(number, Decimal(3)), offer.resting_price())
    yield TrialStep("order", rest.client_order_id, 201, rest)
    yield TrialStep("read", rest.client_order_id, 200)
    yield TrialStep("cancel", rest.client_order_id, 200)
    refused = _refused(name, offer, number % _EVERY)
    if refused is not None:
        yield refused


def makers(offers: Sequence[Offer], turn: int) -> Iterator[TrialStep]:
    """Returns orders that rest at the best price, so that the market comes to them."""
    for place, offer in enumerate(offers):
        name = f"maker-{turn}-{place}"
        body = _limit(name, offer, "buy", offer.quantity(turn, Decimal(3)), offer.maker_price())
        yield TrialStep("order", name, 201, body)


def _refused(name: str, offer: Offer, turn: int) -> TrialStep | None:
    quantity = offer.quantity(turn)
    if turn == 2:
        body = _limit(f"{name}-much", offer, "buy", _ABOVE_ANY_LIMIT, offer.resting_price())
        return TrialStep("refusal", body.client_order_id, 201, body)
    if turn == 4:
        body = _limit(f"{name}-post", offer, "buy", quantity, offer.crossing_price("buy"), post_only=True)
        return TrialStep("refusal", body.client_order_id, 201, body)
    if turn == 6:
        body = _limit(f"{name}-below", offer, "buy", -quantity, offer.resting_price())
        return TrialStep("refusal", body.client_order_id, 422, body)
    return None


def _taking(name: str, offer: Offer, side: wire.Side, quantity: Decimal, number: int) -> wire.OrderRequest:
    form, in_force = _FORMS[number % len(_FORMS)]
    return wire.OrderRequest(
        client_order_id=name,
        symbol=offer.symbol,
        side=side,
        type=form,
        quantity=quantity,
        limit_price=offer.crossing_price(side) if form == "limit" else None,
        time_in_force=in_force,
    )


def _limit(
    name: str, offer: Offer, side: wire.Side, quantity: Decimal, price: Decimal, *, post_only: bool = False
) -> wire.OrderRequest:
    return wire.OrderRequest(
        client_order_id=name,
        symbol=offer.symbol,
        side=side,
        type="limit",
        quantity=quantity,
        limit_price=price,
        time_in_force="GTC",
        post_only=post_only,
    )
