"""Messages of batches of orders, which the executor alone reads and writes. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from common import wire
from common.errors import InvalidRequest

MOST_IN_BATCH = 50


class BatchRequest(wire.Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request for several orders, which are decided one after the other.

    orders: each as in a request for one order; at most 50.
    """

    orders: tuple[wire.OrderRequest, ...]


class UnreadBatch(wire.Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same, whose orders are not read yet: one that can't be read must not spoil the others.

    orders: the JSON of each.
    """

    orders: tuple[msgspec.Raw, ...]


class BatchedOrder(wire.Message, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to one order of a batch.

    status: the HTTP status that the order would have got alone.
    order: the order; missing when there is none.
    error: the failure, with `code`, `message`, `retryable` and `details`; missing when there is none. Where a field is
        wrong, `details` has the order's place in the batch, from 0, as `index`, and the field's name as `field`.
    """

    status: int
    order: wire.Order | None = None
    error: dict[str, Any] | None = None


class BatchAnswers(wire.Message, frozen=True, kw_only=True):
    """The answers to a batch.

    market: the market that the account trades on.
    answers: one for each order, in the order in which they were asked for.
    """

    market: wire.Market
    answers: tuple[BatchedOrder, ...]


def unread_orders(body: bytes) -> Sequence[msgspec.Raw]:
    """Returns the orders of a batch. Raises `InvalidRequest` where it is no batch, or has no order or too many."""
    asked = wire.decode(UnreadBatch, body)
    if not 1 <= len(asked.orders) <= MOST_IN_BATCH:
        raise InvalidRequest("orders", f"must be 1 to {MOST_IN_BATCH} orders, not {len(asked.orders)}")
    return asked.orders
