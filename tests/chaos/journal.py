"""What the clients asked and were told."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from common.wire import Order, OrderRequest
from executor.orders import ReplaceRequest


class Asked(NamedTuple):
    """One request for an order, or to replace the order `replaces` by another one."""

    request: OrderRequest | ReplaceRequest
    replaces: str | None = None

    @property
    def key(self) -> str:
        """Its client_order_id."""
        return self.request.client_order_id

    @property
    def path(self) -> str:
        """Where it is posted to."""
        return f"/v1/orders/{self.replaces}/replace" if self.replaces else "/v1/orders"


class Answer(NamedTuple):
    """An order as an executor told it in answer to `asked`; None when something else was asked, as a cancel."""

    asked: Asked | None
    order: Order


@dataclass
class Journal:
    """Shared by all clients, who only ever append, which threads may do at the same time.

    `told` has every order in every answer; `final` orders of which an answer said that they had ended, and how;
    `unknown` the reason of each outcome that was asked for again; `unanswered` what never got an answer; `odd` what no
    executor may say.
    """

    told: list[Answer] = field(default_factory=list)
    final: list[tuple[str, str]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)

    def denials(self) -> Counter[str]:
        """How many orders were denied for each reason."""
        first = (answers[0].order for answers in self.answers().values())
        return Counter(denial.code for order in first for denial in order.denials)

    def answers(self) -> dict[str, list[Answer]]:
        """By client_order_id, all answers to the request for that order."""
        found: dict[str, list[Answer]] = {}
        for answer in self.told:
            if answer.asked is not None:
                found.setdefault(answer.asked.key, []).append(answer)
        return found
