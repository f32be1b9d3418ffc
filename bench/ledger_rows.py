"""A ledger of a million events beside one of a thousand: orders, start and restart; and what verify and export take."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.order_place import Place, durable, fill
from bench.order_runs import Measured, asked, running, still_market, writer_of
from bench.rows import Row, row
from executor.guardrails.limits import EXECUTIONS_SECONDS
from tests.repo.tree import ROOT

EVENTS, FEW = int(os.environ.get("BENCH_EVENTS", "1000000")), 1_000
PER_ORDER = 3
CLIENTS, RUNS = 16, 3
LIMIT_SECONDS = 3600


def measure() -> list[Row]:
    """Each figure with the long ledger; its baseline is the same with the short one, in the same run."""
    with durable() as places:
        long, short = places.new(), places.new()
        fill(long, EVENTS // PER_ORDER, resting=False)
        fill(short, FEW // PER_ORDER, resting=False)
        time.sleep(EXECUTIONS_SECONDS)  # what a start loads of the last minute is no matter of the ledger's length
        found: dict[Place, list[Measured]] = {long: [], short: []}
        for _ in range(RUNS):
            for place in (short, long):
                found[place].append(_started(place))
        rows = [
            row(
                f"{name}_events_{EVENTS}", [one[name] for one in found[long]], unit, [one[name] for one in found[short]]
            )
            for name, unit in (("order_p95_ms", "ms"), ("start_seconds", "s"), ("restart_seconds", "s"))
        ]
        return [*rows, *_commands(long, short)]


def _started(place: Place) -> Measured:
    begun = time.monotonic()
    with still_market() as data, running(place, data) as pair:
        start = time.monotonic() - begun
        p95 = asked(pair, "orders", CLIENTS)["p95"]
        writer = writer_of(pair)
        writer.kill()
        begun = time.monotonic()
        writer.start()
        while not writer.ready():
            time.sleep(0.02)
        return {"order_p95_ms": p95, "start_seconds": start, "restart_seconds": time.monotonic() - begun}


def _commands(long: Place, short: Place) -> list[Row]:
    rows = []
    for command in ("verify", "export"):
        figures, small = _command(long, command), _command(short, command)
        rows.append(row(f"{command}_seconds_events_{EVENTS}", [figures[0]], "s"))
        rows.append(row(f"{command}_mib_events_{EVENTS}", [figures[1]], "MiB", [small[1]]))
    return rows


def _command(place: Place, command: str) -> tuple[float, float]:
    """Returns how many seconds a command of the ledger takes, and the most memory that it held, in MiB."""
    with tempfile.TemporaryDirectory() as folder:
        secret = Path(folder) / "password"
        secret.write_text(place.password)
        environment = {"SPARK_LEDGER_URL": place.url, "SPARK_LEDGER_PASSWORD_FILE": str(secret)}
        arguments = [command, f"{folder}/books"] if command == "export" else [command]
        begun = time.monotonic()
        # Of a child's child, so that each command has its own maximum.
        measuring = [sys.executable, "-m", "bench.ledger_rows", *arguments]
        done = subprocess.run(
            measuring,
            cwd=ROOT,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
            check=True,
        )
        return time.monotonic() - begun, float(done.stdout.split()[-1])


def main(arguments: list[str]) -> None:
    """Runs a command of the ledger, and prints the most memory that it held, in MiB."""
    subprocess.run([sys.executable, "-m", "executor.ledger", *arguments], cwd=ROOT, check=True)
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)


if __name__ == "__main__":
    main(sys.argv[1:])
