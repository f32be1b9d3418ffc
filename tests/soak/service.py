"""The real marketdata under its real server, as a process of its own: asked over HTTP, weighed from outside."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from common import wire
from common.verifier import verifier_of
from marketdata.state.bars import MOST_BARS, Resolution
from tests.repo.layers import ROOT
from tests.soak.bars import Published
from tests.soak.venues import PAIRS, SHARES, Venues
from tests.venue.algolab.rig import CREDENTIALS

THREADS, READERS = 12, 3
READINGS = 7
END_SECONDS = 10.0
IDLE_SECONDS = 40.0
"""Longer than market data keeps a client that does not read."""
LOG_LINES = 5


@dataclass(frozen=True)
class Weight:
    """The worker's resident memory in kB and its threads, each the median of a few readings."""

    worker: int
    resident: float
    threads: float


@dataclass(frozen=True)
class Service:
    """A running marketdata. Every call raises `OSError` when it does not answer."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def text(self, path: str) -> str:
        """The body of a GET, whatever its status."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            return error.read().decode()

    def json(self, path: str) -> Any:
        return json.loads(self.text(path))

    def book(self, symbol: str, depth: int) -> wire.Book | None:
        """The published book; None while the instrument is not known yet."""
        body = self.text(f"/v1/books/{symbol}?depth={depth}")
        return None if '"error"' in body else wire.decode(wire.Book, body)

    def bars(self, pair: str, resolution: str, limit: int) -> Published:
        """The newest bars of a pair of BTCTurk, oldest first, at most as many as are kept."""
        most = MOST_BARS[cast(Resolution, resolution)]
        path = f"/v1/candles/BTCTURK:{pair}?resolution={resolution}&limit={min(limit, most)}"
        return wire.decode(Published, self.text(path))

    def live(self) -> bool:
        """Whether both feeds say that they are."""
        return [row["state"] for row in self.json("/v1/feeds")["feeds"]] == ["live", "live"]

    def total(self, metric: str) -> float:
        """The sum of a metric over all its labels."""
        lines = (line for line in self.text("/metrics").splitlines() if line.startswith(metric))
        return sum(float(line.split()[-1]) for line in lines)

    def weigh(self) -> Weight:
        """What the worker takes now."""
        worker = int(Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()[0])
        readings: list[tuple[int, int]] = []
        for _ in range(READINGS):
            status = Path(f"/proc/{worker}/status").read_text().splitlines()
            values = dict(line.split(":", 1) for line in status)
            readings.append((int(values["VmRSS"].split()[0]), int(values["Threads"])))
            time.sleep(0.5)
        resident, threads = (statistics.median(column) for column in zip(*readings, strict=True))
        return Weight(worker, resident, threads)

    def faults(self, before: Weight, after: Weight) -> list[str]:
        """What else is wrong with the process between two readings: it is another one, or its loops failed."""
        failures = self.total("spark_loop_failures_total")
        if before.worker == after.worker and not failures:
            return []
        logged = self.log.read_text().splitlines()[-LOG_LINES:]
        return [f"worker {before.worker} is {after.worker} now; its loops failed {failures:.0f} times", *logged]


def environment(venues: Venues, folder: Path, port: int) -> dict[str, str]:
    """The settings of production with the venues' addresses."""
    secrets = {
        "SPARK_ALGOLAB_API_KEY": CREDENTIALS.api_key,
        "SPARK_ALGOLAB_USERNAME": CREDENTIALS.username,
        "SPARK_ALGOLAB_PASSWORD": CREDENTIALS.password,
        "SPARK_OPERATOR_VERIFIER": verifier_of("nobody-asks"),
    }
    for name, secret in secrets.items():
        (folder / name).write_text(secret)
    return {
        "PORT": str(port),
        "SPARK_SERVICE": "marketdata",
        "SPARK_LOG_LEVEL": "ERROR",
        "SPARK_THREADS": str(THREADS),
        "SPARK_BTCTURK_PAIRS": ",".join(PAIRS),
        "SPARK_BTCTURK_WS_URL": f"ws://127.0.0.1:{venues.crypto.port}",
        "SPARK_BTCTURK_REST_URL": venues.rest_url,
        "SPARK_BTCTURK_CHART_URL": venues.rest_url,
        "SPARK_BIST_SYMBOLS": ",".join(SHARES),
        "SPARK_ALGOLAB_WS_URL": f"ws://127.0.0.1:{venues.bist.port}/api/ws",
        "SPARK_ALGOLAB_REST_URL": venues.rest_url,
        "SPARK_ALGOLAB_SMS_URL": f"{venues.rest_url}/sim/sms",
        "SPARK_DATA_DIR": str(folder),
        **{f"{name}_FILE": str(folder / name) for name in secrets},
    }


def image_environment() -> dict[str, str]:
    """What the image sets for the allocator: production's memory behaves so."""
    text = (ROOT / "marketdata/Dockerfile").read_text()
    return dict(re.findall(r"\b(MALLOC_\w+)=(\w+)", text))


@contextmanager
def running(venues: Venues, folder: Path) -> Iterator[Service]:
    """Started, and ended with the block whatever happens: its own group of processes, so that none is left."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SPARK_")}
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--config", "common/gunicorn.conf.py", "marketdata.app:serve()"],
            cwd=ROOT,
            env=inherited | image_environment() | environment(venues, folder, port),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield Service(port, process, log)
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(END_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def listeners(service: Service) -> Iterator[None]:
    """Clients of the stream: some that read all, and one that never reads, and comes again when it was sent away."""
    ended = threading.Event()

    def read() -> None:
        while not ended.is_set():
            with suppress(OSError, http.client.HTTPException):
                url = f"http://127.0.0.1:{service.port}/v1/stream?kinds=quote,trade,book"
                with urllib.request.urlopen(url, timeout=15) as stream:
                    while not ended.is_set() and stream.readline():
                        """Only that somebody reads matters here."""
            ended.wait(1.0)

    def ignore() -> None:
        while not ended.is_set():
            with suppress(OSError), _asking(service.port):
                ended.wait(IDLE_SECONDS)

    _fill_pool(service.port)
    for work in (*[read] * READERS, ignore):
        threading.Thread(target=work, daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def _asking(port: int) -> socket.socket:
    """A client of the stream that has asked and not read yet."""
    client = socket.create_connection(("127.0.0.1", port), timeout=10)
    client.sendall(b"GET /v1/stream?kinds=quote,trade,book HTTP/1.1\r\nHost: soak\r\n\r\n")
    return client


def _fill_pool(port: int) -> None:
    """Has the server start all the threads that its settings allow: what grows after this is a leak."""
    with ExitStack() as left, suppress(OSError):
        for _ in range(THREADS):
            left.enter_context(_asking(port)).recv(1)
