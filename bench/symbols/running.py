"""The venue and the service as processes, for the rows of many symbols, and what they cost as the system counts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.verifier import verifier_of
from tests.marketdata.busy import gunicorn
from tests.repo.tree import ROOT

LIVE_SECONDS = 90.0
THREADS = 24
TICKS_PER_SECOND, PAGE_BYTES = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")

API_KEY = "API-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
SECRETS = {
    "SPARK_ALGOLAB_API_KEY": API_KEY,
    "SPARK_ALGOLAB_USERNAME": "12345678901",
    "SPARK_ALGOLAB_PASSWORD": "secret",
    "SPARK_ALGOLAB_SESSION": "session",
    "SPARK_OPERATOR_VERIFIER": verifier_of("token"),
}


@dataclass(frozen=True)
class VenueProcess:
    """The venue in a process of its own.

    addresses: of its sockets and its REST side.
    set_factor: sets the rate, as a multiple of the peak.
    """

    addresses: dict[str, Any]
    set_factor: Callable[[float], None]


@contextmanager
def venue(pairs: int, shares: int) -> Iterator[VenueProcess]:
    """The venue, until the block ends."""
    command = [sys.executable, "-m", "bench.symbols.venue", str(pairs), str(shares)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        pipe = process.stdin

        def set_factor(factor: float) -> None:
            pipe.write(f"{factor}\n")
            pipe.flush()

        try:
            yield VenueProcess(json.loads(process.stdout.readline()), set_factor)
        finally:
            process.kill()


@contextmanager
def marketdata(addresses: dict[str, Any], pairs: int, shares: int) -> Iterator[int]:
    """The service under the real server, once every book is live; its port."""
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder) / name for name in SECRETS}
        for name, file in files.items():
            file.write_text(SECRETS[name])
        environment = {
            "SPARK_BTCTURK_PAIRS": ",".join(f"P{number}TRY" for number in range(pairs)),
            "SPARK_BTCTURK_WS_URL": addresses["websocket"],
            "SPARK_BTCTURK_REST_URL": addresses["rest"],
            "SPARK_BTCTURK_CHART_URL": addresses["rest"],
            "SPARK_BIST_SYMBOLS": ",".join(f"S{number}" for number in range(shares)) or "none",
            "SPARK_ALGOLAB_WS_URL": addresses["broker"] or addresses["websocket"],
            "SPARK_ALGOLAB_REST_URL": addresses["rest"],
            "SPARK_DATA_DIR": folder,
            "SPARK_LOG_LEVEL": "ERROR",
            **{f"{name}_FILE": str(file) for name, file in files.items()},
        }
        with gunicorn("marketdata.app:serve()", threads=THREADS, more=environment) as (_, port):
            _await_live(port)
            yield port


def _await_live(port: int) -> None:
    deadline = time.monotonic() + LIVE_SECONDS
    found: list[dict[str, Any]] = []
    while not found or any(feed["state"] != "live" for feed in found):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not every book is live: {[(feed['state'], feed['reason']) for feed in found]}")
        time.sleep(0.2)
        try:
            found = feeds(port)
        except OSError:
            continue


def feeds(port: int) -> list[dict[str, Any]]:
    """Returns how each feed does."""
    return list(json.loads(get(port, "/v1/feeds"))["feeds"])


def get(port: int, path: str) -> bytes:
    """Returns the body of one of the service's answers."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
        return bytes(answer.read())


def server_processes() -> list[int]:
    """Returns the processes of the real server that this one has started, the worker last."""
    found, parents = [os.getpid()], {os.getpid()}
    rows = sorted((int(entry.name), entry) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    for pid, entry in rows:
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            served = b"gunicorn" in (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if parent in parents and served:
            found.append(pid)
            parents.add(pid)
    return found[1:]


def cpu_seconds(pids: list[int]) -> float:
    """Returns the processor time that the processes have used."""
    fields = (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids)
    return sum(int(each[11]) + int(each[12]) for each in fields) / TICKS_PER_SECOND


def memory_mib(pid: int | str = "self") -> float:
    """Returns the memory that a process holds; this one by default."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES / 2**20


def sums(metrics: bytes, *names: str) -> dict[str, float]:
    """Returns the sum over all labels of each of these metrics."""
    sums = dict.fromkeys(names, 0.0)
    for line in metrics.decode().splitlines():
        name = line.partition("{")[0]
        if name in sums:
            sums[name] += float(line.rpartition(" ")[2])
    return sums


def frames(port: int) -> float:
    """Returns the frames that were taken in since the start."""
    return sums(get(port, "/metrics"), "marketdata_frames_total")["marketdata_frames_total"]
