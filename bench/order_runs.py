"""Runs of the order measurements: two executors on a ledger, or two doors that do nothing, and clients at both."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.order_place import Place
from common.errors import Unavailable
from tests.chaos import executors
from tests.chaos.executors import Executor
from tests.executor.standin import BTCTRY, TOKEN, USDTTRY, MarketData, serving
from tests.marketdata.busy import gunicorn
from tests.repo.tree import ROOT

SECONDS = float(os.environ.get("BENCH_SECONDS", "5"))
"""Seconds for which clients ask; the environment may give less, to try the measurements themselves."""
READY_SECONDS, LIMIT_SECONDS = 120.0, 180
Measured = dict[str, float]


@contextmanager
def still_market() -> Iterator[MarketData]:
    """A book so deep that it serves every order, and one that values the account; nobody refreshes them."""
    data = MarketData()
    data.put(BTCTRY, [("100", "1000000000")], [("100.1", "1000000000")])
    data.put(USDTTRY, [("40", "1000")], [("40.1", "1000")])
    with serving(data):
        yield data


@contextmanager
def running(place: Place, data: MarketData, root: Path = ROOT) -> Iterator[Sequence[Executor]]:
    """Two executors on a ledger, ready. `root` is the folder of their code."""
    with (
        tempfile.TemporaryDirectory() as folder,
        executors.running(place, data.url, Path(folder), random.Random(), root) as pair,
    ):
        await_ready(pair)
        yield pair


def through_executors(place: Place, kind: str, clients: int, root: Path = ROOT) -> Measured:
    """Returns rate and latencies that clients get from two executors on a ledger."""
    with still_market() as data, running(place, data, root) as pair:
        return asked(pair, kind, clients)


def through_the_door(clients: int) -> Measured:
    """Returns the same of two doors that do nothing, under the same server."""
    with gunicorn("bench.order_ceilings:door()") as (_, one), gunicorn("bench.order_ceilings:door()") as (_, two):
        return asked_at([f"http://127.0.0.1:{port}" for port in (one, two)], "orders", clients)


def asked(pair: Sequence[Executor], kind: str, clients: int) -> Measured:
    """Returns rate and latencies that so many clients get from executors that run."""
    return asked_at([executor.client.base_url for executor in pair], kind, clients)


def asked_at(urls: Sequence[str], kind: str, clients: int) -> Measured:
    """Returns rate and latencies that so many clients measured, in a process of their own."""
    with tempfile.TemporaryDirectory() as folder:
        token = Path(folder) / "token"
        token.write_text(TOKEN)
        command = [sys.executable, "-m", "bench.order_clients", ",".join(urls), kind, str(clients), str(SECONDS)]
        key = f"k{time.time_ns():x}"
        done = subprocess.run(
            [*command, key, str(token)], cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False
        )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    measured: Measured = json.loads(done.stdout)
    return measured


def await_ready(pair: Sequence[Executor]) -> None:
    """Waits until all say that they are ready, and one of them writes."""
    deadline = time.monotonic() + READY_SECONDS
    while not all(executor.ready() for executor in pair) or pair[0].account() is None:
        if time.monotonic() > deadline:
            raise TimeoutError("the executors are not ready")
        time.sleep(0.05)


def writer_of(pair: Sequence[Executor]) -> Executor:
    """Returns the executor that writes the account."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        for executor in pair:
            if writes(executor):
                return executor
        time.sleep(0.02)
    raise TimeoutError("no executor writes the account")


def writes(executor: Executor) -> bool:
    """Returns true when an executor says that it writes the account."""
    try:
        lines = executor.client.request("GET", "/metrics")[1].decode().splitlines()
    except Unavailable:
        return False
    return any(line.startswith("executor_writer") and line.endswith(" 1.0") for line in lines)
