"""What the gateway's step costs: the same reading and the same orders through its door and at the executor itself.

Both are asked at the containers' own addresses, so the engine's way from a published port is in neither.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from itertools import count

from bench.order_runs import SECONDS, Measured
from bench.rows import Row, row
from bench.stack_rows import running_stack
from bench.stream_clients import percentile
from tests.stack.stack import PORTS, Stack

CLIENTS = (1, 16)
RUNS = 5
WARM_UP_SECONDS = 0.5
EXECUTOR, PORT = "executor-1", PORTS["executor-1"]


def measure() -> list[Row]:
    """Latency and rate through the door; baseline: without it."""
    with running_stack() as stack:
        through, direct = _address(stack, "gateway"), _address(stack, EXECUTOR)
        rows = [row for clients in CLIENTS for row in _rows(stack, through, direct, "read", clients)]
        return rows + _rows(stack, through, direct, "order", 1)


def _rows(stack: Stack, through: str, direct: str, kind: str, clients: int) -> list[Row]:
    """Each is measured in turn, so that both meet the same machine."""
    ours, bare = [], []
    for _ in range(RUNS):
        ours.append(_asked(stack, through, kind, clients))
        bare.append(_asked(stack, direct, kind, clients))
    units = {"p50": "ms", "p95": "ms", "rate": "1/s"}
    return [
        row(f"gateway_{kind}_{name}_{clients}", [one[name] for one in ours], unit, [one[name] for one in bare])
        for name, unit in units.items()
    ]


def _address(stack: Stack, service: str) -> str:
    """The container's address in the network where its door listens; the host reaches every bridge."""
    networks = stack.container(service)["NetworkSettings"]["Networks"]
    wanted = "_edge" if service == "gateway" else "_trading"
    return str(next(each["IPAddress"] for name, each in networks.items() if name.endswith(wanted)))


def _asked(stack: Stack, address: str, kind: str, clients: int) -> Measured:
    """Lets so many clients ask one after the other, each on a connection of its own; milliseconds and 1/s."""
    host = stack.url(EXECUTOR).removeprefix("http://")
    token = stack.operator_token
    begin = time.monotonic() + WARM_UP_SECONDS

    def client(number: int) -> list[float]:
        connection = HTTPConnection(address, PORT, timeout=30)
        latencies: list[float] = []
        for turn in count():
            asked = time.monotonic()
            if asked >= begin + SECONDS:
                connection.close()
                return latencies
            _ask(connection, host, token, kind, f"{address}-{begin}-{number}-{turn}")
            if asked >= begin:
                latencies.append(time.monotonic() - asked)
        raise AssertionError("the count has no end")

    with ThreadPoolExecutor(clients) as pool:
        ordered = sorted(each for one in pool.map(client, range(clients)) for each in one)
    return _told(ordered)


def _told(ordered: list[float]) -> Measured:
    return {
        "p50": percentile(ordered, 0.5),
        "p95": percentile(ordered, 0.95),
        "rate": len(ordered) / SECONDS,
    }


def _ask(connection: HTTPConnection, host: str, token: str, kind: str, name: str) -> None:
    headers = {"Host": host, "Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    order = {"client_order_id": name, "symbol": "BTCTURK:BTCTRY", "side": "buy", "type": "limit"}
    body = json.dumps(order | {"quantity": "0.0001", "limit_price": "3000000", "time_in_force": "IOC"})
    if kind == "order":
        connection.request("POST", "/v1/orders", body=body, headers=headers)
    else:
        connection.request("GET", "/v1/account", headers=headers)
    answer = connection.getresponse()
    told = answer.read()
    if answer.status not in (200, 201):
        raise RuntimeError(f"{kind}: {answer.status} {told[:300]!r}")
