"""A client that trades through both executors while faults happen, and asks again until every outcome is known."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Literal

import urllib3

from common import wire
from common.wire import Order, OrderRequest
from tests.chaos.journal import Answer, Asked, Journal
from tests.stack.stack import Stack

PAUSE_SECONDS = 0.5
ANSWER_SECONDS = 10.0
EXECUTORS = ("executor-1", "executor-2")
RETRYABLE = (429, 500, 502, 503, 504)
"""After these an order may be in the ledger or not; nobody may see a 500, so that it is noted as well."""
SYMBOL, QUANTITY = "BTCTURK:BTCTRY", Decimal("0.0005")


class Trader:
    """Buys and sells in turn, one order in half a second; each try goes to the other executor than the one before.

    journal: what it asked and was told.
    mark: the beginning of the keys of all its orders.
    slowest: the most seconds from an order's first try to its answer.
    """

    def __init__(self, stack: Stack) -> None:
        self.journal, self.slowest = Journal(), 0.0
        self.mark = f"fault-{uuid.uuid4().hex[:8]}-"
        self._urls = [stack.url(executor, "/v1/orders") for executor in EXECUTORS]
        self._headers = {"Authorization": f"Bearer {stack.operator_token}", "Content-Type": "application/json"}
        self._http = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(total=ANSWER_SECONDS))
        self._tries, self._orders = 0, 0
        self._stop, self._give_up = threading.Event(), threading.Event()

    @contextmanager
    def trading(self, patience: float) -> Iterator[Journal]:
        """Trades until the block is left, and then waits up to `patience` seconds for what is still unknown."""
        thread = threading.Thread(target=self._trade, daemon=True, name="trader")
        thread.start()
        try:
            yield self.journal
        finally:
            self._stop.set()
            thread.join(patience)
            self._give_up.set()
            thread.join(2 * ANSWER_SECONDS)

    def _trade(self) -> None:
        while not self._stop.wait(PAUSE_SECONDS):
            self._place(self._next())

    def _next(self) -> Asked:
        self._orders += 1
        side: Literal["buy", "sell"] = "buy" if self._orders % 2 else "sell"
        key = f"{self.mark}{self._orders}"
        return Asked(OrderRequest(client_order_id=key, symbol=SYMBOL, side=side, type="market", quantity=QUANTITY))

    def _place(self, asked: Asked) -> None:
        begun = time.monotonic()
        while not self._give_up.is_set():
            self._tries += 1
            status, body = self._try(self._urls[self._tries % 2], wire.encode(asked.request))
            if status in (200, 201):
                self.journal.told.append(Answer(asked, wire.decode(Order, body)))
                self.slowest = max(self.slowest, time.monotonic() - begun)
                return
            if status == 500 or status not in (0, *RETRYABLE):
                self.journal.odd.append(f"{asked.key} was answered {status}: {body[:200]!r}")
            if status not in (0, *RETRYABLE):
                return
            self.journal.unknown.append(str(status or "no answer"))
            self._give_up.wait(PAUSE_SECONDS)
        self.journal.unanswered.append(f"{asked.key} was never answered")

    def _try(self, url: str, body: bytes) -> tuple[int, bytes]:
        """Status and body; status 0 when nobody answers, or something else on the way to a container that is gone."""
        try:
            answer = self._http.request("POST", url, body=body, headers=self._headers)
        except (urllib3.exceptions.HTTPError, OSError):
            return 0, b""
        ours = answer.headers.get("Content-Type", "").startswith("application/json")
        return (answer.status, answer.data) if ours else (0, b"")
