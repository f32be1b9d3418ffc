"""How long an update takes from the venue's socket to the clients of the stream, by how many clients there are."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.rows import Row, row
from bench.stream_venue import PAIRS, UPDATES_PER_SECOND
from tests.marketdata.busy import gunicorn
from tests.repo.tree import ROOT

CLIENTS = (1, 50, 200)
SPARE_THREADS = 24
RUNS, SECONDS = 3, 5
LIMIT_SECONDS = 60


@contextmanager
def venue() -> Iterator[dict[str, Any]]:
    """The stamping venue in a process of its own; its addresses."""
    with subprocess.Popen(
        [sys.executable, "-m", "bench.stream_venue"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.kill()


def clients(port: int, path: str, count: int) -> list[dict[str, float]]:
    """What so many clients in a process of their own measured, one for each run."""
    command = [sys.executable, "-m", "bench.stream_clients", str(port), path, str(count), str(RUNS), str(SECONDS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=True)
    return list(json.loads(done.stdout))


def level(count: int) -> tuple[list[dict[str, float]], list[dict[str, float]]]:
    """The stream under the real server, and then the baseline, for so many clients."""
    with (
        venue() as addresses,
        gunicorn(
            "marketdata.app:serve()",
            threads=count + SPARE_THREADS,
            more={
                "SPARK_BTCTURK_PAIRS": ",".join(PAIRS),
                "SPARK_BTCTURK_WS_URL": addresses["websocket"],
                "SPARK_BTCTURK_REST_URL": addresses["rest"],
                "SPARK_BTCTURK_CHART_URL": addresses["rest"],
                "SPARK_BIST_SYMBOLS": "none",
                "SPARK_STREAMS_MAX": str(count),
                "SPARK_LOG_LEVEL": "ERROR",
            },
        ) as (_, port),
    ):
        return clients(port, "/v1/stream", count), clients(addresses["bare"], "/", count)


def measure() -> list[Row]:
    """p50 and p99 of each level, and how many of the updates were told one by one: the rest was conflated. Baseline:
    the same venue sends each update straight to the same clients over loopback, without HTTP and without us."""
    rows = []
    for count in CLIENTS:
        ours, bare = level(count)
        for name in ("p50", "p99"):
            values, baseline = ([one[name] for one in measured] for measured in (ours, bare))
            rows.append(row(f"stream_{name}_ms_{count}", values, "ms", baseline))
        sent = count * len(PAIRS) * UPDATES_PER_SECOND * SECONDS
        rows.append(row(f"stream_told_share_{count}", [one["updates"] / sent for one in ours], "1"))
    return rows
