"""The cost of marketdata by the number of symbols: processor, memory, the stream's p99. And where it falls behind.

A level of N symbols is a quarter pairs and three quarters shares, each at its peak rate, as in `bench/symbols/`. All of
BTCTurk is 379 pairs. One client reads the whole stream. The baseline of the processor is a client that reads and
decodes the same frames and does nothing. The venue has no past: what the bars of a pair hold is a row of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

from bench.rows import Row, row
from bench.stream_rows import LIMIT_SECONDS
from bench.symbols.pairs import PEAK
from bench.symbols.running import cpu_seconds, feeds, frames, get, marketdata, memory_mib, server_processes, sums, venue
from bench.symbols.shares import PEAK as SHARE_PEAK
from marketdata.venues.btcturk.subscriptions import TICKERS_OF_ALL_ABOVE
from tests.repo.tree import ROOT

LEVELS = (10, 50, 200, 800)
ALL_PAIRS = 379
RUNS, SECONDS = 3, 5
PAIRS_WITH_BARS = 50

FIRST_FACTOR, GROWTH, MOST_STEPS = 4.0, 1.25, 24
SETTLE_SECONDS, LOOK_SECONDS = 2.0, 4.0
KEPT_UP, QUEUED_SECONDS = 0.95, 0.25
"""A rate is kept up with when so much of it is taken in, and less than so many seconds of it wait."""


@dataclass
class Cost:
    """The figures of one level, one for each run.

    frames: frames per second that were taken in.
    cpu: share of a core.
    memory: MiB.
    p99: of the stream, in milliseconds.
    bare_cpu: the same of the client that does nothing.
    bare_p99: of the venue's own updates over loopback.
    """

    frames: list[float]
    cpu: list[float]
    memory: list[float]
    p99: list[float]
    bare_cpu: list[float]
    bare_p99: list[float]


def stream_p99(port: int, path: str) -> float:
    """Reads a stream as one client does, for `SECONDS`; returns the p99 in milliseconds."""
    command = [sys.executable, "-m", "bench.stream_clients", str(port), path, "1", "1", str(SECONDS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=True)
    return float(json.loads(done.stdout)[0]["p99"])


def level(pairs: int, shares: int) -> Cost:
    """Measures so many pairs and shares."""
    cost = Cost([], [], [], [], [], [])
    with venue(pairs, shares) as started, marketdata(started.addresses, pairs, shares) as port:
        pids = server_processes()
        for _ in range(RUNS):
            taken, used, begun = frames(port), cpu_seconds(pids), time.monotonic()
            cost.p99.append(stream_p99(port, "/v1/stream"))
            took = time.monotonic() - begun
            cost.cpu.append((cpu_seconds(pids) - used) / took)
            cost.frames.append((frames(port) - taken) / took)
            cost.memory.append(memory_mib(pids[-1]))
            cost.bare_p99.append(stream_p99(started.addresses["bare"], "/"))
        _check(port)
    with venue(pairs, shares) as started:
        cost.bare_cpu = bare_cpu(started.addresses, pairs, shares)
    return cost


def _check(port: int) -> None:
    """Raises `RuntimeError` when a frame was lost, or a book is not live."""
    dropped = sum(sums(get(port, "/metrics"), "marketdata_dropped_total", "marketdata_decode_errors_total").values())
    wrong = [feed["reason"] for feed in feeds(port) if feed["state"] != "live"]
    if dropped or wrong:
        raise RuntimeError(f"{dropped:.0f} frames were not applied; {wrong}")


def bare_cpu(addresses: dict[str, Any], pairs: int, shares: int) -> list[float]:
    """Returns the share of a core that the client uses which does nothing with the same frames."""
    command = [sys.executable, "-m", "bench.symbols.bare"]
    arguments = [addresses["websocket"], str(pairs), addresses["broker"] or "none", str(shares)]
    with subprocess.Popen([*command, *arguments], cwd=ROOT) as process:
        try:
            time.sleep(SETTLE_SECONDS)
            found = []
            for _ in range(RUNS):
                used, begun = cpu_seconds([process.pid]), time.monotonic()
                time.sleep(SECONDS)
                found.append((cpu_seconds([process.pid]) - used) / (time.monotonic() - begun))
            return found
        finally:
            process.kill()


def bars_mib() -> list[float]:
    """Returns what the bars of one pair hold, each measured in a process of its own."""
    command = [sys.executable, "-m", "bench.symbols.bars", str(PAIRS_WITH_BARS)]
    runs = (subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True) for _ in range(RUNS))
    return [float(done.stdout) for done in runs]


def wall() -> list[float]:
    """Raises the rate of all of BTCTurk until one process can't keep up; returns the last frames per second that it
    kept up with, and the frames per second at the peak. A rate counts as too high when it was so twice in a row."""
    peak, kept = nominal(ALL_PAIRS, 0), 0.0
    with venue(ALL_PAIRS, 0) as started, marketdata(started.addresses, ALL_PAIRS, 0) as port:
        for step in range(MOST_STEPS):
            factor = FIRST_FACTOR * GROWTH**step
            started.set_factor(factor)
            taken = _kept_up(port, peak * factor) or _kept_up(port, peak * factor)
            if taken is None:
                break
            kept = taken
    return [kept, peak]


def _kept_up(port: int, rate: float) -> float | None:
    """Returns the frames per second that are taken in; None when they are too few, or too many wait."""
    time.sleep(SETTLE_SECONDS)
    before, begun = frames(port), time.monotonic()
    time.sleep(LOOK_SECONDS)
    taken = (frames(port) - before) / (time.monotonic() - begun)
    waiting = sum(feed["queue_depth"] for feed in feeds(port))
    return taken if taken >= KEPT_UP * rate and waiting <= QUEUED_SECONDS * rate else None


def nominal(pairs: int, shares: int) -> float:
    """Returns the frames per second at the peak rates; above a number of pairs all tickers come in one frame."""
    tickers = pairs if pairs <= TICKERS_OF_ALL_ABOVE else 1
    per_pair = PEAK["obdiff"] + PEAK["trade"]
    return pairs * per_pair + tickers * PEAK["ticker"] + shares * sum(SHARE_PEAK.values())


def measure() -> list[Row]:
    """All rows. A ratio of a cost per symbol that is below 1 means that the cost grows less than the symbols do."""
    rows: list[Row] = []
    levels = [(str(count), count // 4, count - count // 4) for count in LEVELS] + [("all_of_btcturk", ALL_PAIRS, 0)]
    first: Cost | None = None
    for name, pairs, shares in levels:
        cost = level(pairs, shares)
        first = first or cost
        per_symbol = [1000 * cpu / (pairs + shares) for cpu in cost.cpu]
        rows += [
            row(f"symbols_frames_per_second_{name}", cost.frames, "1/s", [nominal(pairs, shares)]),
            row(f"symbols_cpu_{name}", cost.cpu, "1", cost.bare_cpu),
            row(f"symbols_cpu_per_symbol_{name}", per_symbol, "1/1000", [1000 * cpu / LEVELS[0] for cpu in first.cpu]),
            row(f"symbols_rss_mib_{name}", cost.memory, "MiB", first.memory),
            row(f"stream_p99_ms_symbols_{name}", cost.p99, "ms", cost.bare_p99),
        ]
    kept, peak = wall()
    return [*rows, row("bars_mib_per_pair", bars_mib(), "MiB"), row("symbols_wall", [kept], "1/s", [peak])]
