"""The ledger after a fault, against what the trader was told: what is lost or doubled, and whether executors agree."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from tests.chaos import audit
from tests.chaos.audit import FILLS, ORDERS, Kept, KeptFill, KeptOrder
from tests.faults.ground import Ground
from tests.faults.trader import EXECUTORS, Trader

AGREE_SECONDS = 30.0
Row = TypeVar("Row")


@dataclass(frozen=True)
class Audit:
    """The findings in a ledger. All lists are empty and `verify` is clean when nothing was lost.

    orders: how many orders the trader was told the outcome of, denied ones among them.
    lost: sentences about orders that were told and are not in the ledger, or not as they were told.
    doubled: sentences about keys that are there twice, or that nobody was told of.
    odd: answers that no executor may give, and orders that never got an answer.
    verify: `clean`, or the last line of the ledger's own verification.
    agree: true when both executors told the same account as of one event.
    """

    orders: int
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    odd: tuple[str, ...]
    verify: str
    agree: bool

    @property
    def clean(self) -> bool:
        """Nothing is lost, doubled, odd or in disagreement."""
        return not (self.lost or self.doubled or self.odd) and self.verify == "clean" and self.agree


def look(ground: Ground, trader: Trader) -> Audit:
    """Reads the trader's orders over the database's own console, and asks both executors."""
    journal = trader.journal
    orders = [row for row in _rows(ground, ORDERS, KeptOrder) if row.client_order_id.startswith(trader.mark)]
    kept = Kept(orders, _rows(ground, FILLS, KeptFill), {}, 0)
    verified = ground.inside("executor-1", "python", "-m", "executor.ledger", "verify", check=False).strip()
    last = verified.splitlines()[-1] if verified else "not checked"
    return Audit(
        orders=len(journal.answers()),
        lost=tuple(audit.lost(journal, kept)),
        doubled=tuple(audit.doubled(journal, kept)),
        odd=(*journal.odd, *journal.unanswered),
        verify="clean" if "clean" in last else last,
        agree=_agree(ground),
    )


def _rows(ground: Ground, query: str, kind: type[Row]) -> list[Row]:
    wrapped = f"SELECT coalesce(json_agg(row), '[]') FROM ({query}) row"  # noqa: S608 - the query is a constant
    told = ground.inside("postgres", "psql", "-U", "spark", "-d", "spark", "-AtXq", "-c", wrapped)
    return [msgspec.convert(each, kind, strict=False) for each in msgspec.json.decode(told)]


def _agree(ground: Ground) -> bool:
    """Asks both until they tell the account as of the same event; the trader has stopped."""
    deadline = time.monotonic() + AGREE_SECONDS
    while time.monotonic() < deadline:
        first, second = (ground.ask(executor, "/v1/account") for executor in EXECUTORS)
        if first and first == second:
            return True
        time.sleep(0.5)
    return False
