"""A world in which orders are previewed and then placed: an executor, its market, and what happens to both at random.

The books stand still between a preview and its order; everything else may happen before the next try.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any

from executor.guardrails import Limits
from tests.executor import postgres
from tests.executor.standin import (
    BTCTRY,
    BTCUSDT,
    USDTTRY,
    Executor,
    MarketData,
    make_executor,
    serving,
    wide_limits,
)

ETHTRY = "BTCTURK:ETHTRY"
SYMBOLS = (BTCTRY, BTCUSDT, USDTTRY, ETHTRY)
TICK, LOT = Decimal("0.01"), Decimal("0.0001")
QUANTITIES = ("0.0001", "0.1", "0.5", "1", "1.3333", "2", "4.9", "7", "12", "55", "900")
Body = dict[str, Any]


class World:
    """One account with its own limits, which are near or far as `random` will."""

    def __init__(self, server: postgres.Server, random: Random) -> None:
        self.random, self.data, self._stack = random, MarketData(), ExitStack()
        self._stack.enter_context(serving(self.data))
        for symbol in SYMBOLS:
            self._show(symbol)
        cash = {"TRY": Decimal(random.choice([2000, 4000, 50_000])), "USDT": Decimal(random.choice([0, 1500, 9000]))}
        limits = _limits(random)
        self.executor: Executor = make_executor(
            server.new_place(), self.data, cash=cash, limits=limits, fee=random.choice(["0.1", "0", "0.25"])
        )
        self._stack.callback(self.executor.close)
        self.executor.start_writing()
        self._keys: dict[str, Body] = {}
        self._events: tuple[Callable[[], object], ...] = (
            *[self._move] * 5,
            *[self._wait] * 4,
            *[self.executor.matcher.pass_once] * 3,
            *[self._pay] * 2,
            *[self._cancel] * 2,
            *[self._set_limit] * 2,
            self._write_off,
            self._kill,
            self._hold,
            self._lose_the_market,
        )

    def close(self) -> None:
        self._stack.close()

    def happen(self) -> None:
        """Lets something happen, or nothing. What stops all trading ends soon."""
        if self.random.random() < 0.5:
            self._recover()
        if self.random.random() < 0.3:
            self._pass(1.0)
        if self.random.random() < 0.4:
            self.random.choice(self._events)()

    def order(self) -> Body:
        """Makes an order; few are not even valid, or come under a key that was used before."""
        draw = self.random.random()
        if self._keys and draw < 0.03:
            key = self.random.choice(list(self._keys))
            return self._keys[key] | ({"quantity": "3"} if draw < 0.01 else {})
        body = self._valid() | {"client_order_id": f"k{len(self._keys)}"}
        self._keys[body["client_order_id"]] = body
        if draw > 0.98:
            wrong = {"quantity": "0"}, {"symbol": "BTCTURK:NOPE"}, {"symbol": "nope"}, {"limit_price": "-1"}
            body = body | self.random.choice(wrong)
        return body

    def lot(self, symbol: str) -> Decimal:
        return Decimal(self.data.rules.get(symbol, self.data.sizes)["lot_size"])

    def _valid(self) -> Body:
        symbol, side = self.random.choice(SYMBOLS), self.random.choice(["buy", "buy", "sell"])
        held = [each["symbol"] for each in self.executor.get("/v1/positions")["positions"]]
        if side == "sell" and held and self.random.random() < 0.8:
            symbol = self.random.choice([*held, USDTTRY])
        kind, force = self.random.choice(
            [("market", "IOC"), ("market", "FOK"), *[("limit", "GTC")] * 3, ("limit", "IOC"), ("limit", "FOK")]
        )
        body: Body = {"symbol": symbol, "side": side, "type": kind, "time_in_force": force}
        body["quantity"] = self._quantity()
        if kind == "limit":
            body["limit_price"] = f"{self._price(symbol):f}"
            body["post_only"] = force == "GTC" and self.random.random() < 0.25
        return body

    def _quantity(self) -> str:
        draw = self.random.random()
        if draw < 0.04:
            return self.random.choice(["0.00015", "1.00001", "0.000000001"])
        if draw < 0.4:
            return self.random.choice(QUANTITIES)
        return f"{Decimal(self.random.randint(1, 200_000 if draw > 0.9 else 20_000)) * LOT:f}"

    def _price(self, symbol: str) -> Decimal:
        """Returns a price at an edge: a level, an own order, the collar, the far bound, the day's limits; or any."""
        book, own = self.data.books[symbol], self.executor.get("/v1/orders?status=open")["orders"]
        edges = [Decimal(price) for price, _ in [*book["bids"], *book["asks"]]]
        edges += [Decimal(order["limit_price"]) for order in own if order["symbol"] == symbol] * 2
        edges += [Decimal(book[name]) for name in ("floor", "ceiling") if name in book]
        middle = (Decimal(book["bids"][0][0]) + Decimal(book["asks"][0][0])) / 2 if _two_sided(book) else Decimal(100)
        percents = (1, 2, 5, 50)
        edges += [middle * (100 + sign * percent) / 100 for percent in percents for sign in (1, -1)]
        draw = self.random.random()
        if draw < 0.25:
            return (middle * self.random.randint(970, 1030) / 1000).quantize(TICK)
        price = self.random.choice(edges).quantize(TICK) + self.random.choice([-1, 0, 0, 1]) * TICK
        return price + Decimal("0.005") if draw > 0.95 else max(price, TICK)

    def _show(self, symbol: str) -> None:
        """Shows a book: mostly a good one, else one that lacks a side, is old, stale, late, closed, or has limits."""
        random, middle = self.random, 10_000 + self.random.choice([-150, -40, -10, 0, 10, 40, 150])
        spread, depth = random.choice([1, 5, 20]), random.randint(1, 5)
        bids, asks = (
            [
                (f"{Decimal(middle + sign * (spread + 10 * n)) / 100:f}", random.choice(["0.5", "1", "2.5", "5", "8"]))
                for n in range(depth)
            ]
            for sign in (-1, 1)
        )
        more: dict[str, Any] = {}
        draw = random.random()
        if draw < 0.1:
            bids, asks = random.choice([([], asks), (bids, []), ([], [])])
        elif draw < 0.3:
            band = {"floor": "99", "ceiling": "101"}
            odd = {"age": 5.0}, {"age": 5.001}, {"age": 70.0}, {"stale": True}, {"delayed": True}
            more = random.choice([*odd, {"phase": "closed"}, band, band])
        self.data.put(symbol, bids, asks, **more)

    def _move(self) -> None:
        symbol = self.random.choice(SYMBOLS)
        self._show(symbol)
        if self.random.random() < 0.2:
            lot, least = self.random.choice(["0.0001", "0.01", "0.5"]), self.random.choice(["10", "100"])
            self.data.rules[symbol] = dict(self.data.sizes) | {"lot_size": lot, "min_notional": least}
            self._pass(6.0)  # the grid is asked for again

    def _wait(self) -> None:
        self._pass(self.random.choice([0.4, 1.0, 2.5, 31.0, 61.0]))

    def _pass(self, seconds: float) -> None:
        self.executor.clock.now += seconds

    def _pay(self) -> None:
        call, currency = self.random.choice(["deposits", "withdrawals"]), self.random.choice(["TRY", "USDT"])
        body = {"currency": currency, "amount": f"{self.random.randint(1, 90_000) / 100:.2f}", "reason": "test"}
        self.executor.post(f"/v1/{call}", body | {"client_key": f"m{self.random.randrange(10**9)}"})

    def _write_off(self) -> None:
        body = {"symbol": self.random.choice(SYMBOLS), "reason": "test", "client_key": f"w{self.random.random()}"}
        self.executor.post("/v1/write-offs", body | self.random.choice([{}, {"quantity": "0.3"}]))

    def _cancel(self) -> None:
        self.executor.post("/v1/orders/cancel-all", {"symbol": self.random.choice(SYMBOLS)})

    def _kill(self) -> None:
        scope = self.random.choice(["account", "all", *SYMBOLS])
        self.executor.put("/v1/kill-switch", {"engaged": True, "reason": "test", "scope": scope})

    def _hold(self) -> None:
        state = self.random.choice(["HALTED", "REDUCING"])
        self.executor.put("/v1/trading-state", {"state": state, "reason": "test"})

    def _set_limit(self) -> None:
        name, value = self.random.choice(
            [
                ("max_order_notional", {"TRY": "700", "USDT": "700"}),
                ("max_order_quantity", {BTCTRY: "3.3333"}),
                ("price_collar_percent", "1"),
                ("symbol_price_collar_percent", {ETHTRY: "5"}),
                ("max_open_orders", 1),
                ("duplicate_seconds", 30),
                ("max_exposure", None),
                ("quote_stale_seconds", 80),
            ]
        )
        self.executor.put("/v1/limits", {"limits": {name: value}, "reason": "test"})

    def _lose_the_market(self) -> None:
        self.data.status = 503

    def _recover(self) -> None:
        self.data.status = 200
        for scope in self.executor.get("/v1/kill-switch")["switches"]:
            self.executor.put("/v1/kill-switch", {"engaged": False, "reason": "test", "scope": scope})
        if self.executor.get("/v1/trading-state")["state"] != "ACTIVE":
            self.executor.put("/v1/trading-state", {"state": "ACTIVE", "reason": "test"})
        for symbol, book in list(self.data.books.items()):
            if not _two_sided(book) or book["stale"] or book["delayed"] or book["age_seconds"] > 5 or "phase" in book:
                self._show(symbol)


def _two_sided(book: Body) -> bool:
    return bool(book["bids"] and book["asks"])


def _limits(random: Random) -> Limits:
    """Returns limits of which each is near or far."""

    def amounts(*choices: int) -> dict[str, Decimal]:
        return {unit: Decimal(random.choice(choices)) for unit in ("TRY", "USDT")}

    return replace(
        wide_limits(),
        price_collar_percent=Decimal(random.choice(["1", "2"])),
        far_price_percent=Decimal(random.choice([5, 50])),
        max_order_notional=amounts(700, 1200, 10**6),
        max_position_notional=amounts(900, 2500, 10**6),
        max_exposure=amounts(1000, 2600, 10**6),
        max_order_quantity=random.choice([{}, {USDTTRY: Decimal(4), BTCTRY: Decimal("2.5")}]),
        max_orders_per_second=random.choice([3, 10_000, 10_000]),
        duplicate_seconds=random.choice([0.0, 0.0, 30.0]),
        max_executions=random.choice([3, 600, 600]),
        max_daily_loss_percent=Decimal(random.choice(["0.02", "5"])),
        max_drawdown_percent=Decimal(random.choice(["0.05", "20"])),
        max_open_orders=random.choice([2, 6, 20_000]),
        max_open_orders_per_symbol=random.choice([1, 3, 5_000]),
    )
