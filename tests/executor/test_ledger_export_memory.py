"""A ledger may be larger than the memory: an export reads it in pieces."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.executor.books import environment_of, execute, trade
from tests.executor.conftest import MakeExecutor
from tests.executor.standin import Place

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
MORE = 15_000
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 99 + :more) "
GROW = (
    "INSERT INTO events " + NUMBERS + "SELECT account, i, kind, order_id, recorded_at, payload, previous_hash, hash "
    "FROM events, n WHERE sequence = 4",
    "INSERT INTO postings " + NUMBERS + "SELECT account, i, line, name, symbol, unit, amount "
    "FROM postings, n WHERE sequence = 4",
    "INSERT INTO fills " + NUMBERS + "SELECT order_id, 'more-' || i, account, i, liquidity, price, quantity, fee, "  # noqa: S608
    "filled_at FROM fills, n WHERE sequence = 4",
)
"""Makes as many copies of event 4, its postings and its fill."""

MEASURED = """
import sys
from pathlib import Path
from executor.ledger.__main__ import main
status = main(["export", sys.argv[1]])
print(next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")))
sys.exit(status)
"""


def peak_mib(folder: Path, environment: dict[str, str]) -> float:
    """The most memory that an export held, in a process of its own."""
    command = [sys.executable, "-c", MEASURED, str(folder)]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1]) / 1024


def test_a_large_ledger_is_streamed(make: MakeExecutor, place: Place, tmp_path: Path) -> None:
    trade(make(place))
    environment = environment_of(place, tmp_path)
    small = peak_mib(tmp_path / "small", environment)
    for statement in GROW:
        execute(place, statement, more=MORE)
    large = peak_mib(tmp_path / "large", environment)
    with (tmp_path / "large/journal.csv").open() as lines:
        assert sum(1 for _ in lines) == 1 + 20 + 5 * MORE
    assert large - small < 8, f"{small:.0f} MiB for 3 fills, {large:.0f} MiB for {MORE} more"
