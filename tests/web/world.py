"""Stand-ins for the services around the console: a market that moves, and a canary with a verdict."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from common import wire
from tests.web.standin_server import Answer, Request, Server, json_answer

PACKAGE = "canary_0.1.0_20261122T101500Z.zip"
ON_A_STANDIN = "a stand-in, not registry.example/prom/alertmanager:v0.33.0"
PACKAGE_BYTES = b"PK\x05\x06" + bytes(18)
PAIRS = {
    ("BTC", "TRY"): ("4125000", "1"),
    ("BTC", "USDT"): ("98210", "1"),
    ("ETH", "TRY"): ("139850", "1"),
    ("ETH", "USDT"): ("3329.5", "0.1"),
    ("USDT", "TRY"): ("42.005", "0.001"),
}


def symbol_of(pair: tuple[str, str]) -> str:
    return f"BTCTURK:{pair[0]}{pair[1]}"


def instrument(pair: tuple[str, str]) -> wire.Instrument:
    return wire.Instrument(
        symbol=symbol_of(pair),
        base_asset=pair[0],
        quote_currency=pair[1],
        tick_size=Decimal(PAIRS[pair][1]),
        lot_size=Decimal("0.0001"),
        min_notional=Decimal(100),
    )


def quote(symbol: str = "BTCTURK:BTCTRY", middle: str = "4125000", **changes: Any) -> wire.Quote:
    """A fresh quote whose bid and ask lie 0.05 % around `middle`."""
    half = (Decimal(middle) * Decimal("0.0005")).quantize(Decimal("0.001"))
    values: dict[str, Any] = {
        "symbol": symbol,
        "market": "simulated",
        "source": "btcturk",
        "delayed": False,
        "bid": Decimal(middle) - half,
        "bid_quantity": Decimal("0.4213"),
        "ask": Decimal(middle) + half,
        "ask_quantity": Decimal("1.07"),
        "last": Decimal(middle),
        "daily_change_percent": Decimal("1.27"),
        "sequence": 1,
        "received_at": datetime(2026, 11, 22, 10, 0, tzinfo=UTC),
        "age_seconds": 0.2,
        "stale": False,
    }
    return wire.Quote(**values | changes)


class Run:
    """The steps of a market from one reset to the next. A stream that an earlier test left open moves only its own."""

    def __init__(self) -> None:
        self.steps = 0
        self.ended = threading.Event()


class Market:
    """The answers of marketdata. Prices move by a tick in each step; `frozen` stops them, `age` is the quotes' age.
    `removed` are the symbols that an operator removed."""

    def __init__(self, market: wire.Market = "simulated") -> None:
        self.market = market
        self._run = Run()
        self.server = Server(self._answer)
        self.reset()

    def reset(self) -> None:
        self.age = 0.2
        self.frozen = False
        self.phase: wire.Phase = "continuous"
        self.streams_refused = False
        self.removed: set[str] = set()
        self._run.ended.set()
        self._run = Run()
        self.server.reset()

    def stop(self) -> None:
        self._run.ended.set()
        self.server.stop()

    def quotes(self) -> list[wire.Quote]:
        changes = {"1.27": 0, "-0.84": 1, "0.31": 2, "-2.05": 3, "0.00": 4}
        found = []
        for change, (pair, (price, tick)) in zip(changes, PAIRS.items(), strict=True):
            middle = Decimal(price) + (self._run.steps * (7 + changes[change])) % 23 * Decimal(tick)
            half = 3 * Decimal(tick)
            found.append(
                quote(
                    symbol_of(pair),
                    str(middle),
                    market=self.market,
                    bid=middle - half,
                    ask=middle + half,
                    daily_change_percent=Decimal(change),
                    sequence=1000 + self._run.steps,
                    age_seconds=self.age,
                    stale=self.age > 5,
                    phase=self.phase,
                    received_at=datetime.now(UTC),
                )
            )
        return [each for each in found if each.symbol not in self.removed]

    def _answer(self, asked: Request) -> Answer:
        if asked.path == "/readyz":
            return json_answer({"ready": True, "service": "marketdata", "market": self.market, "parts": {}})
        if asked.path == "/v1/quotes":
            return json_answer({"market": self.market, "sequence": 1000 + self._run.steps, "quotes": self.quotes()})
        if asked.path == "/v1/instruments":
            return json_answer({"market": self.market, "instruments": [instrument(pair) for pair in PAIRS]})
        if asked.path == "/v1/stream" and self.streams_refused:
            return json_answer({"error": {"code": "UNAVAILABLE", "message": "too many streams"}}, 503)
        if asked.path == "/v1/stream":
            return Answer(self._stream(), content_type="text/event-stream")
        return json_answer({"error": {"code": "NOT_FOUND", "message": "no such path"}}, 404)

    def _stream(self) -> Iterator[bytes]:
        run = self._run
        yield b": hello\n\n"
        yield _event("snapshot", {"market": self.market, "sequence": 1, "quotes": self.quotes()})
        told: set[str] = set()
        while not run.ended.wait(0.2):
            for symbol in self.removed - told:
                yield _event("unfollowed", {"symbol": symbol, "sequence": 1000 + run.steps})
            told = set(self.removed)
            if self.frozen:
                yield b": quiet\n\n"
                continue
            run.steps += 1
            for each in self.quotes():
                yield _event("quote", each)


def _event(name: str, body: object) -> bytes:
    return b"event: %s\nid: 1\ndata: %s\n\n" % (name.encode(), wire.encode(body))


class Canary:
    """The answers of the canary."""

    def __init__(self, market: wire.Market = "simulated") -> None:
        self.market = market
        self.server = Server(self._answer)
        self.reset()

    def reset(self) -> None:
        self.verdict = "PASS"
        self.reasons: list[str] = []
        self.packages = [{"name": PACKAGE, "size": len(PACKAGE_BYTES), "created": datetime.now(UTC), "verdict": "PASS"}]
        self.server.reset()

    def stop(self) -> None:
        self.server.stop()

    def status(self) -> dict[str, Any]:
        now = datetime.now(UTC)
        names = ("marketdata", "executor-1", "executor-2", "web", "canary")
        plain = ("venue", "postgres", "prometheus", "alertmanager", "docker-proxy")
        return {
            "market": self.market,
            "verdict": self.verdict,
            "reasons": self.reasons,
            "p95_seconds": 0.0123,
            "samples": 480,
            "metrics_bytes": {name: 21_400 + 817 * index for index, name in enumerate(names)},
            "last_pass": now - timedelta(seconds=9),
            "checked_at": now - timedelta(seconds=9),
            "targets": [{"target": name, "url": f"http://{name}/healthz", "ok": True} for name in names],
            "containers": [
                {"service": name, "name": f"spark-{name}-1", "state": "running", "health": "healthy"}
                | {"restart_count": int(name == "executor-2"), "exit_code": 0}
                for name in (*names, *plain)
            ],
            "running": [
                {"service": name, "version": "0.1.0", "revision": f"{0x9A1040A:040x}-dirty", "notes": [ON_A_STANDIN]}
                for name in names
            ]
            + [
                {"service": name, "version": "17.12 (Debian 17.12-0+deb13u1)", "notes": [ON_A_STANDIN]}
                for name in plain
            ],
        }

    def _answer(self, asked: Request) -> Answer:
        if asked.path == "/readyz":
            return json_answer({"ready": True, "service": "canary", "market": self.market, "parts": {}})
        if asked.path == "/v1/status":
            return json_answer(self.status())
        if asked.path == "/v1/evidence":
            return json_answer(self.packages)
        if asked.path == f"/v1/evidence/{PACKAGE}":
            return Answer(PACKAGE_BYTES, content_type="application/zip")
        return json_answer({"error": {"code": "NOT_FOUND", "message": "no such package"}}, 404)
