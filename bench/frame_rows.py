"""Frames per second that one core takes in: our whole path beside the raw library and beside a well-known peer."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.frames import tape
from bench.frames.sender import Sender
from bench.rows import Row, row

ROOT = Path(__file__).parents[1]
PEERS, OURS = ROOT / ".venv-bench/bin/python", Path(sys.executable)
FRAMES, RUNS, SEED = 200_000, 5, 1
SECONDS = 180


def measure() -> list[Row]:
    """Every contestant in turn, `RUNS` times over, so that a slow minute of the machine is everybody's."""
    books, frames = tape.btcturk(SEED, FRAMES)
    theirs = tape.binance(SEED, FRAMES)
    rates: dict[str, list[float]] = {"ours": [], "raw": [], "taped": [], "reading": [], "quote": [], "bare": []}
    with sending_from_the_other_core():
        for _ in range(RUNS):
            rates["raw"].append(rate(PEERS, "raw", Sender([], frames, wait_for_client=False)))
            rates["reading"].append(rate(OURS, "reading", Sender([], frames, wait_for_client=False)))
            rates["ours"].append(rate(OURS, "ours", Sender(books, frames, wait_for_client=True)))
            rates["taped"].append(rate(OURS, "ours", Sender(books, frames, wait_for_client=True), "tape"))
            for mode in ("quote", "bare"):
                peer = Sender([], theirs, wait_for_client=False)
                rates[mode].append(rate(PEERS, "peer", peer, str(SEED), mode))
    return [
        row("frames_per_second", rates["ours"], "1/s", rates["raw"]),
        row("frames_per_second_reading_alone", rates["reading"], "1/s", rates["raw"]),
        row("frames_per_second_with_tape", rates["taped"], "1/s", rates["ours"]),
        row("frames_per_second_against_cryptofeed_with_best_prices", rates["ours"], "1/s", rates["quote"]),
        row("frames_per_second_against_cryptofeed_bare", rates["ours"], "1/s", rates["bare"]),
        row("frame_bytes", [mean(frames)], "B", [mean(theirs)]),
    ]


@contextmanager
def sending_from_the_other_core() -> Iterator[None]:
    """This process sends, so it keeps away from the core that is measured."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def rate(python: Path, contestant: str, sender: Sender, *more: str) -> float:
    """Runs one contestant on one core; its frames per second."""
    command = ["taskset", "--cpu-list", "0", str(python), "-m", f"bench.frames.{contestant}", sender.url, str(FRAMES)]
    done = subprocess.run([*command, *more], cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{contestant} failed: {done.stderr[-2000:]}")
    return float(done.stdout.split()[0])


def mean(frames: Sequence[bytes]) -> float:
    """The average size of a frame in bytes."""
    return sum(map(len, frames)) / len(frames)
