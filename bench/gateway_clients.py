"""Clients that ask an executor, each one after the other, from inside the stack's networks; prints latencies as JSON.

It runs in a container that has nothing but Python. Arguments: ADDRESS PORT HOST KIND CLIENTS SECONDS; the operator's
token comes by standard input. KIND is `read` (the account) or `order` (one that is durable and rests nowhere).
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from itertools import count

WARM_UP_SECONDS = 0.5
PAUSE_SECONDS = {"read": 0.0, "order": 0.01}
"""Orders come below the executor's limit of writes per second."""


def ask(connection: HTTPConnection, headers: dict[str, str], kind: str, name: str) -> None:
    """Makes one request and reads its answer. Raises `RuntimeError` when it is refused."""
    if kind == "order":
        order = {"client_order_id": name, "symbol": "BTCTURK:BTCTRY", "side": "buy", "type": "limit"}
        body = json.dumps(order | {"quantity": "0.0001", "limit_price": "3000000", "time_in_force": "IOC"})
        connection.request("POST", "/v1/orders", body=body, headers=headers)
    else:
        connection.request("GET", "/v1/account", headers=headers)
    answer = connection.getresponse()
    told = answer.read()
    if answer.status not in (200, 201):
        raise RuntimeError(f"{kind}: {answer.status} {told[:300]!r}")


def main(address: str, port: str, host: str, kind: str, clients: str, seconds: str) -> None:
    """Asks for so long on so many connections; prints the seconds that each answer took."""
    token = sys.stdin.readline().strip()
    headers = {"Host": host, "Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    begin = time.monotonic() + WARM_UP_SECONDS
    end = begin + float(seconds)

    def client(number: int) -> list[float]:
        connection = HTTPConnection(address, int(port), timeout=30)
        latencies: list[float] = []
        for turn in count():
            asked = time.monotonic()
            if asked >= end:
                break
            ask(connection, headers, kind, f"{address}-{begin}-{number}-{turn}")
            if asked >= begin:
                latencies.append(time.monotonic() - asked)
            time.sleep(PAUSE_SECONDS[kind])
        connection.close()
        return latencies

    with ThreadPoolExecutor(int(clients)) as pool:
        print(json.dumps(sorted(each for one in pool.map(client, range(int(clients))) for each in one)))


if __name__ == "__main__":
    main(*sys.argv[1:])
