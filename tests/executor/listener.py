"""A client of the stream of orders: reads events off a socket, and keeps what it was told as a real one would."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

from common.wire import Denial, OrderRequest
from executor.store import Ledger
from executor.writer.transaction import Transaction
from tests.executor.standin import BTCTRY

PATIENCE_SECONDS = 10.0
HEARTBEAT = "heartbeat"


class Event(NamedTuple):
    """One event; a comment is one whose name is HEARTBEAT."""

    name: str
    id: str
    body: Any


class Listener:
    """One stream, open until it is closed; `orders` are the newest states told, by order."""

    def __init__(self, url: str, last_event_id: str = "", known: dict[str, dict[str, Any]] | None = None) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE_SECONDS)
        headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
        self._connection.request("GET", "/v1/orders/stream", headers=headers)
        self.answer = self._connection.getresponse()
        self.orders = {} if known is None else known
        self.account: dict[str, Any] = {}
        self.last_id = last_event_id

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Breaks off, without a word to the server."""
        self.answer.close()
        self._connection.close()

    def next(self) -> Event | None:
        """The next event; None when the server ended the stream."""
        lines: list[str] = []
        while (line := self.answer.readline()) != b"\n":
            if not line:
                return None
            lines.append(line.decode().rstrip("\n"))
        if lines[0].startswith(":"):
            return Event(HEARTBEAT, "", None)
        fields = dict(line.split(": ", 1) for line in lines)
        event = Event(fields["event"], fields.get("id", ""), json.loads(fields["data"]))
        self._keep(event)
        return event

    def until(self, wanted: Callable[[Event], bool]) -> list[Event]:
        """The events up to the first one that is wanted, each within the patience."""
        found: list[Event] = []
        while not found or not wanted(found[-1]):
            event = self.next()
            assert event is not None, found
            found.append(event)
        return found

    def status_of(self, client_order_id: str) -> str | None:
        """The newest status told of an order."""
        found = [order for order in self.orders.values() if order["client_order_id"] == client_order_id]
        return found[0]["status"] if found else None

    def _keep(self, event: Event) -> None:
        self.last_id = event.id or self.last_id
        if event.name == "snapshot":
            self.orders |= {order["order_id"]: order for order in event.body["orders"]}
            self.account = event.body["account"]
        elif event.name == "order":
            self.orders[event.body["order_id"]] = event.body
        elif event.name == "account":
            self.account = event.body


def flood(ledger: Ledger, count: int, first: int = 0) -> None:
    """Records so many orders at once, each of them denied at length: two events each."""

    def work(transaction: Transaction) -> None:
        for number in range(first, first + count):
            asked = OrderRequest(
                client_order_id=f"flood-{number}", symbol=BTCTRY, side="buy", type="market", quantity=Decimal(1)
            )
            why = Denial(code="NO_QUOTE", message="a test " * 40, numbers={})
            transaction.deny(transaction.receive(asked, None, 0.0), (why,))

    ledger.do(work)
