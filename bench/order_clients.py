"""Clients that post orders and wait for each answer, as fast as they get them; prints rate and latencies as JSON.

Arguments: URLS PATH CLIENTS SECONDS KEY TOKEN_FILE, where URLS are separated by commas and taken in turn.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from itertools import count
from pathlib import Path
from typing import Any

import urllib3

from bench.stream_clients import percentile

WARM_UP_SECONDS = 1.0
GIVE_UP_SECONDS = 30.0


class Client:
    """One client: it has a connection of its own, and its next order waits for the answer to the last."""

    def __init__(self, number: int, base_url: str, path: str, token: str) -> None:
        self.latencies: list[float] = []
        self.failed: dict[str, int] = {}
        self._number, self._url = number, base_url + path
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._pool = urllib3.PoolManager(retries=False, timeout=GIVE_UP_SECONDS)

    def run(self, key: str, begin: float, end: float) -> None:
        """Posts until `end`; what was answered after `begin` counts. Seconds of the monotonic clock."""
        for turn in count():
            asked = time.monotonic()
            if asked >= end:
                return
            body = self._order(f"{key}-{self._number}-{turn}", turn)
            answer = self._pool.request("POST", self._url, body=body, headers=self._headers)
            answered = time.monotonic()
            if answer.status != 201 or b'"denied"' in answer.data:
                told = f"{answer.status} {answer.data[-600:]!r}"
                self.failed[told] = self.failed.get(told, 0) + 1
            elif asked >= begin and answered <= end:
                self.latencies.append(answered - asked)

    def _order(self, key: str, turn: int) -> bytes:
        """Buys and sells in turn, so that nothing runs out; each quantity differs from the last."""
        order: dict[str, Any] = {"client_order_id": key, "symbol": "BTCTURK:BTCTRY", "type": "market"}
        order |= {"side": "sell" if turn % 2 else "buy", "quantity": f"1.{1 + self._number:03d}"}
        return json.dumps(order).encode()


def main(urls: str, path: str, clients: int, seconds: float, key: str, token_file: str) -> None:
    """Prints `{"rate", "p50", "p95", "p99"}`, in orders per second and milliseconds; fails when an order did."""
    bases, token = urls.split(","), Path(token_file).read_text()
    made = [Client(number, bases[number % len(bases)], path, token) for number in range(clients)]
    begin = time.monotonic() + WARM_UP_SECONDS
    threads = [threading.Thread(target=client.run, args=(key, begin, begin + seconds)) for client in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    failed = [told for client in made for told in client.failed]
    if failed:
        raise SystemExit(f"{len(failed)} kinds of failure, such as {failed[0]}")
    ordered = sorted(latency for client in made for latency in client.latencies)
    shares = {f"p{round(share * 100)}": percentile(ordered, share) for share in (0.5, 0.95, 0.99)}
    print(json.dumps({"rate": len(ordered) / seconds, **shares}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), sys.argv[5], sys.argv[6])
