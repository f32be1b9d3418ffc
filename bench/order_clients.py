"""Clients that ask and wait for each answer, as fast as they get them; prints rate and latencies as JSON.

Arguments: URLS KIND CLIENTS SECONDS KEY TOKEN_FILE, where URLS are separated by commas and taken in turn. KIND is
`orders` (market orders), `cancels` (of orders that are placed first, which does not count), `looks` (at the account),
or `batches` (of 50 market orders, each of which counts).
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import urllib3

from bench.stream_clients import percentile

WARM_UP_SECONDS = 1.0
GIVE_UP_SECONDS = 30.0
BATCH = 50
Answer = urllib3.BaseHTTPResponse


class Client:
    """One client: it has a connection of its own, and its next request waits for the answer to the last."""

    def __init__(self, number: int, base_url: str, kind: str, key: str, token: str) -> None:
        self.latencies: list[float] = []
        self.failed: dict[str, int] = {}
        self.weight = BATCH if kind == "batches" else 1
        self._number, self._url, self._key = number, base_url, key
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._pool = urllib3.PoolManager(retries=False, timeout=GIVE_UP_SECONDS)
        turns: dict[str, Callable[[int], Callable[[], Answer]]] = {
            "orders": self._order,
            "cancels": self._cancel,
            "looks": self._look,
            "batches": self._batch,
        }
        self._turn = turns[kind]

    def run(self, begin: float, end: float) -> None:
        """Asks until `end`; what was answered after `begin` counts. Seconds of the monotonic clock."""
        for turn in count():
            ask = self._turn(turn)
            asked = time.monotonic()
            if asked >= end:
                return
            answer = ask()
            answered = time.monotonic()
            if answer.status not in (200, 201) or b'"denied"' in answer.data or b'"error"' in answer.data:
                told = f"{answer.status} {answer.data[-600:]!r}"
                self.failed[told] = self.failed.get(told, 0) + 1
            elif asked >= begin and answered <= end:
                self.latencies.append(answered - asked)

    def _post(self, path: str, body: object) -> Answer:
        return self._pool.request("POST", self._url + path, body=json.dumps(body).encode(), headers=self._headers)

    def _order(self, turn: int) -> Callable[[], Answer]:
        body = self._market_order(turn)
        return lambda: self._post("/v1/orders", body)

    def _cancel(self, turn: int) -> Callable[[], Answer]:
        resting = {"client_order_id": self._id(turn), "symbol": "BTCTURK:BTCTRY", "side": "buy", "type": "limit"}
        placed = self._post("/v1/orders", {**resting, "quantity": "1", "limit_price": "99.5"})
        order_id = json.loads(placed.data).get("order_id", "none")
        return lambda: self._post(f"/v1/orders/{order_id}/cancel", {})

    def _look(self, _turn: int) -> Callable[[], Answer]:
        return lambda: self._pool.request("GET", self._url + "/v1/account")

    def _batch(self, turn: int) -> Callable[[], Answer]:
        body = {"orders": [self._market_order(turn * BATCH + number) for number in range(BATCH)]}
        return lambda: self._post("/v1/orders/batch", body)

    def _market_order(self, turn: int) -> dict[str, Any]:
        """Buys and sells in turn, so that nothing runs out; each quantity differs from the last."""
        order = {"client_order_id": self._id(turn), "symbol": "BTCTURK:BTCTRY", "type": "market"}
        return order | {"side": "sell" if turn % 2 else "buy", "quantity": f"1.{1 + self._number:03d}"}

    def _id(self, turn: int) -> str:
        return f"{self._key}-{self._number}-{turn}"


def main(urls: str, kind: str, clients: int, seconds: float, key: str, token_file: str) -> None:
    """Prints `{"rate", "p50", "p95", "p99"}`, in answers per second and milliseconds; fails when a request did."""
    bases, token = urls.split(","), Path(token_file).read_text()
    made = [Client(number, bases[number % len(bases)], kind, key, token) for number in range(clients)]
    begin = time.monotonic() + WARM_UP_SECONDS
    threads = [threading.Thread(target=client.run, args=(begin, begin + seconds)) for client in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    failed = [told for client in made for told in client.failed]
    if failed:
        raise SystemExit(f"{len(failed)} kinds of failure, such as {failed[0]}")
    ordered = sorted(latency for client in made for latency in client.latencies)
    shares = {f"p{round(share * 100)}": percentile(ordered, share) for share in (0.5, 0.95, 0.99)}
    print(json.dumps({"rate": len(ordered) * made[0].weight / seconds, **shares}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), sys.argv[5], sys.argv[6])
