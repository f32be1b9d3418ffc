"""Durable orders per second over HTTP through both executors, beside a door that does nothing and bare transactions."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.order_ceilings import transactions_per_second
from bench.rows import Row, row
from tests.chaos import database, executors
from tests.chaos.executors import Executor
from tests.executor.standin import BTCTRY, TOKEN, USDTTRY, MarketData, serving
from tests.marketdata.busy import gunicorn
from tests.repo.tree import ROOT

CLIENTS = (1, 4, 16)
RUNS, SECONDS = 3, 5.0
READY_SECONDS, LIMIT_SECONDS = 30.0, 120
Measured = dict[str, float]


def measure() -> list[Row]:
    """Rates with the lower of the two ceilings as the baseline, and latencies with the door's."""
    rows = []
    with tempfile.TemporaryDirectory() as folder, database.running(Path(folder), random.Random()) as postgres:
        dsn = f"postgresql://spark:{postgres.password}@127.0.0.1:{postgres.port}/spark"
        for clients in CLIENTS:
            orders, doors, bare = list[Measured](), list[Measured](), list[float]()
            for _ in range(RUNS):
                bare.append(transactions_per_second(dsn, clients, SECONDS))
                doors.append(through_the_door(clients, Path(folder)))
                orders.append(through_executors(postgres, clients, Path(folder)))
            rows += _rows(clients, orders, doors, bare)
    return rows


def _rows(clients: int, orders: Sequence[Measured], doors: Sequence[Measured], bare: Sequence[float]) -> list[Row]:
    of_doors = [one["rate"] for one in doors]
    lower = min(of_doors, list(bare), key=lambda rates: sorted(rates)[len(rates) // 2])
    rows = [
        row(f"bare_transactions_per_second_{clients}", bare, "1/s"),
        row(f"bare_requests_per_second_{clients}", of_doors, "1/s"),
        row(f"orders_per_second_{clients}", [one["rate"] for one in orders], "1/s", lower),
    ]
    for share in ("p50", "p95", "p99"):
        values, baseline = ([one[share] for one in found] for found in (orders, doors))
        rows.append(row(f"order_{share}_ms_{clients}", values, "ms", baseline))
    return rows


def through_executors(place: database.Database, clients: int, folder: Path) -> Measured:
    """What clients get from two executors on a ledger."""
    with still_market() as data, executors.running(place, data.url, folder, random.Random()) as pair:
        _await_ready(pair)
        urls = [executor.client.base_url for executor in pair]
        return posted(urls, clients, folder)


def through_the_door(clients: int, folder: Path) -> Measured:
    """What clients get from two doors that do nothing, under the same server."""
    with gunicorn("bench.order_ceilings:door()") as (_, one), gunicorn("bench.order_ceilings:door()") as (_, two):
        return posted([f"http://127.0.0.1:{port}" for port in (one, two)], clients, folder)


def posted(urls: Sequence[str], clients: int, folder: Path) -> Measured:
    """What so many clients in a process of their own measured."""
    token = folder / "token"
    token.write_text(TOKEN)
    command = [sys.executable, "-m", "bench.order_clients", ",".join(urls), "/v1/orders", str(clients), str(SECONDS)]
    key = f"k{time.time_ns():x}"
    done = subprocess.run(
        [*command, key, str(token)], cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    measured: Measured = json.loads(done.stdout)
    return measured


@contextmanager
def still_market() -> Iterator[MarketData]:
    """A book so deep that it serves every order; it is refreshed by nobody."""
    data = MarketData()
    data.put(USDTTRY, [("40", "1000")], [("40.1", "1000")])
    data.put(BTCTRY, [("100", "1000000000")], [("100.1", "1000000000")])
    with serving(data):
        yield data


def _await_ready(pair: Sequence[Executor]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not all(executor.ready() for executor in pair):
        if time.monotonic() > deadline:
            raise TimeoutError("the executors are not ready")
        time.sleep(0.1)
