"""Clients that trade through both executors, and ask again with the same key until every outcome is known."""

from __future__ import annotations

import math
import random
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Literal

import msgspec

from common import wire
from common.client import JsonClient
from common.errors import Unavailable
from common.wire import Order, OrderRequest
from executor.orders import OPEN, ReplaceRequest
from tests.chaos.executors import ANSWER_SECONDS
from tests.chaos.journal import Answer, Asked, Journal
from tests.chaos.market import STEP, SYMBOLS, Market
from tests.executor.standin import TOKEN

CLIENTS = 8
PAUSE, RETRY_PAUSE = (0.05, 0.25), (0.05, 0.25)
"""Seconds from one answer to the next request, and from an unknown outcome to the next attempt."""
BUY_SHARE = 0.55
SWEPT_SHARE = 0.005
FARTHEST, FAR_STEPS = Decimal("98.5"), 12
FILL_SECONDS = 180.0
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
UNKNOWN = (500, 503)
"""After these an order may be in the ledger or not. Nobody may see a 500, so that it is noted as well."""
FULL_FOR = 3
"""A keeper has enough for at least so many times as long as it took to come to that."""
ACTIONS = {"submit": 70, "cancel": 10, "replace": 10, "again": 10}
KINDS = {"market": 20, "near": 40, "resting": 40}


class Failure(msgspec.Struct):
    """What is needed of an error."""

    code: str
    details: dict[str, object]


class Failed(msgspec.Struct):
    """The body of any failure."""

    error: Failure


class Cancelled(msgspec.Struct):
    """What is needed of an answer of cancel-all."""

    cancelled: tuple[Order, ...]


class Client:
    """One client. After `deadline`, by the monotonic clock, it gives up what is still unknown. `rng` decides all."""

    def __init__(
        self,
        name: str,
        executors: Sequence[JsonClient],
        market: Market,
        journal: Journal,
        deadline: float,
        rng: random.Random,
    ) -> None:
        self.name = name
        self._executors, self._market, self._journal = executors, market, journal
        self._deadline, self._rng = deadline, rng
        self._open: dict[str, Order] = {}
        self._known: dict[str, Asked] = {}
        self._count = 0

    def run(self, stop: threading.Event) -> None:
        """Trades until `stop` is set, and to the end of what it then waits for."""
        try:
            while not stop.wait(self._rng.uniform(*PAUSE)):
                self._act()
        except Exception:
            self._journal.odd.append(f"{self.name} failed: {traceback.format_exc()}")

    def give_up_at(self, deadline: float) -> None:
        """Sets when it gives up what is still unknown, by the monotonic clock."""
        self._deadline = deadline

    def _act(self) -> None:
        match self._rng.choices(list(ACTIONS), list(ACTIONS.values()))[0]:
            case "cancel" if self._open:
                self._cancel(self._rng.choice(list(self._open)))
            case "replace" if self._open:
                self._place(self._replacement(self._rng.choice(list(self._open.values()))))
            case "again" if self._known:
                self._place(self._rng.choice(list(self._known.values())))
            case _:
                self._place(Asked(self._order()))

    def _place(self, asked: Asked) -> None:
        status, body = self._answered(asked.path, wire.encode(asked.request), asked.key)
        if status in (200, 201):
            order = wire.decode(Order, body)
            self._journal.told.append(Answer(asked, order))
            self._known[asked.key] = asked
            if order.status in OPEN:
                self._open[order.order_id] = order
        elif status:
            self._refused(status, body, asked.replaces, asked.key)

    def _cancel(self, order_id: str) -> None:
        status, body = self._answered(f"/v1/orders/{order_id}/cancel", b"", order_id)
        self._open.pop(order_id, None)
        if status == 200:
            self._journal.told.append(Answer(None, wire.decode(Order, body)))
        elif status:
            self._refused(status, body, order_id, f"cancel {order_id}")

    def _cancel_all(self, symbol: str | None) -> None:
        status, body = self._answered("/v1/orders/cancel-all", wire.encode({"symbol": symbol}), "cancel-all")
        if status == 200:
            self._journal.told.extend(Answer(None, order) for order in wire.decode(Cancelled, body).cancelled)
        elif status:
            self._journal.odd.append(f"cancel-all was answered {status}: {body[:300]!r}")

    def _refused(self, status: int, body: bytes, order_id: str | None, what: str) -> None:
        """The one refusal that is right: the order had ended before. A 404 would be an order lost."""
        error = wire.decode(Failed, body).error
        if order_id is not None and (status, error.code) == (409, "ORDER_FINAL"):
            self._journal.final.append((order_id, str(error.details["order_status"])))
            self._open.pop(order_id, None)
        else:
            self._journal.odd.append(f"{what} was answered {status}: {body[:300]!r}")

    def _answered(self, path: str, body: bytes, what: str) -> tuple[int, bytes]:
        """Status and body of the first answer that says what became of a request; status 0 when none came in time."""
        while time.monotonic() < self._deadline:
            try:
                status, content, _ = self._rng.choice(self._executors).request("POST", path, body=body, headers=HEADERS)
            except Unavailable as error:
                self._journal.unknown.append(str(error.message).rpartition(" ")[2])
            else:
                if status not in UNKNOWN:
                    return status, content
                if status == 500:
                    self._journal.odd.append(f"{what} was answered 500: {content[:300]!r}")
                self._journal.unknown.append(f"{status} {wire.decode(Failed, content).error.code}")
            time.sleep(self._rng.uniform(*RETRY_PAUSE))
        self._journal.unanswered.append(f"{what} was never answered")
        return 0, b""

    def _key(self) -> str:
        self._count += 1
        return f"{self.name}-{self._count}"

    def _order(self) -> OrderRequest:
        """A market order, a limit order that takes what is near, or one that rests until the market comes to it."""
        pick, symbol = self._rng.choice, self._rng.choice(list(SYMBOLS))
        side: Literal["buy", "sell"] = "buy" if self._rng.random() < BUY_SHARE else "sell"
        kind = self._rng.choices(list(KINDS), list(KINDS.values()))[0]
        near, resting = kind == "near", kind == "resting"
        post_only = resting and pick((True, False))
        return OrderRequest(
            client_order_id=self._key(),
            symbol=symbol,
            side=side,
            type="market" if kind == "market" else "limit",
            quantity=self._quantity(),
            limit_price=self._price(symbol, side, near) if near or resting else None,
            time_in_force="GTC" if resting else pick(("IOC", "FOK", "GTC") if near else ("IOC", "FOK")),
            post_only=post_only,
        )

    def _replacement(self, old: Order) -> Asked:
        price = self._price(old.symbol, old.side, near=False)
        wanted = ReplaceRequest(client_order_id=self._key(), quantity=self._quantity(), limit_price=price)
        return Asked(wanted, old.order_id)

    def _quantity(self) -> Decimal:
        return Decimal(self._rng.randint(2, 20)) / 10

    def _price(self, symbol: str, side: str, near: bool) -> Decimal:
        steps = self._rng.randint(0, 2) if near else -self._rng.randint(2, 8)
        best_bid = self._market.centre(symbol)
        return STEP * (best_bid + 1 + steps if side == "buy" else best_bid - steps)


class Keeper(Client):
    """A client that keeps many orders of one symbol resting, too far from the market to be filled, and moves them.

    Now and then it cancels all of its symbol and begins again, but never before it has had enough for much longer than
    it took to come to that: so many rest most of the time, however slow the machine. Until it has enough it does not
    pause.
    """

    def __init__(self, symbol: str, resting: int, *about: Any) -> None:
        super().__init__(f"keeper-{symbol.rpartition(':')[2]}", *about)
        self._symbol, self._resting = symbol, resting
        self._begun, self._filled = time.monotonic(), 0.0

    def full(self) -> bool:
        """Returns true when enough of its orders rest."""
        return len(self._open) >= self._resting

    def run(self, stop: threading.Event) -> None:
        """Trades until `stop` is set."""
        try:
            while not stop.wait(self._rng.uniform(*PAUSE) if self.full() else 0.0):
                self._keep()
        except Exception:
            self._journal.odd.append(f"{self.name} failed: {traceback.format_exc()}")

    def _keep(self) -> None:
        now = time.monotonic()
        if not self.full():
            self._place(Asked(self._far()))
            return
        self._filled = self._filled or now
        if self._rng.random() < SWEPT_SHARE and now - self._filled > FULL_FOR * (self._filled - self._begun):
            self._open.clear()
            self._cancel_all(self._symbol)
            self._begun, self._filled = now, 0.0
        elif self._rng.random() < 0.5:
            self._cancel(self._rng.choice(list(self._open)))
        else:
            old = self._rng.choice(list(self._open.values()))
            self._place(Asked(ReplaceRequest(client_order_id=self._key(), limit_price=self._far_price()), old.order_id))

    def _far(self) -> OrderRequest:
        return OrderRequest(
            client_order_id=self._key(),
            symbol=self._symbol,
            side="buy",
            type="limit",
            quantity=Decimal(self._rng.randint(200, 400)) / 1000,
            limit_price=self._far_price(),
            post_only=True,
        )

    def _far_price(self) -> Decimal:
        """Returns a price within the collar that the market never comes to."""
        return FARTHEST + STEP * self._rng.randint(0, FAR_STEPS)


@contextmanager
def trading(
    executors: Sequence[JsonClient], market: Market, resting: int, deadline: Callable[[], float], rng: random.Random
) -> Iterator[Journal]:
    """Clients that trade until the block is left, which waits until each of them knows all its outcomes.

    The block is entered as soon as `resting` orders rest. `deadline` is asked for then.
    """
    journal, stop = Journal(), threading.Event()
    each = resting // len(SYMBOLS)
    about = (executors, market, journal)
    keepers = [Keeper(symbol, each, *about, math.inf, random.Random(rng.random())) for symbol in SYMBOLS]
    threads = [started(keeper, stop) for keeper in keepers]
    begun = time.monotonic()
    while not all(keeper.full() for keeper in keepers):
        if time.monotonic() - begun > FILL_SECONDS or journal.odd:
            stop.set()
            raise RuntimeError(f"{resting} orders can't be brought to rest: {journal.odd[:1]}")
        time.sleep(0.1)
    until = deadline()
    clients: list[Client] = [
        Client(f"client{number}", *about, until, random.Random(rng.random())) for number in range(CLIENTS)
    ]
    for keeper in keepers:
        keeper.give_up_at(until)
    threads += [started(client, stop) for client in clients]
    try:
        yield journal
        stop.set()
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()) + 2 * ANSWER_SECONDS)
            journal.odd.extend([f"{thread.name} does not end"] if thread.is_alive() else [])
    finally:
        stop.set()


def started(client: Client, stop: threading.Event) -> threading.Thread:
    """Has a client trade on a thread of its own."""
    thread = threading.Thread(target=client.run, args=(stop,), name=client.name, daemon=True)
    thread.start()
    return thread
