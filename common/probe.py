"""Container health check that also heals: N strikes in a row and it kills the hung server; the engine restarts it.

Standard library only. Usage: `python -m common.probe URL [STRIKES]`. An unhealthy container is not restarted by the
engine, and a check that kills at once would ignore retries and the start period; so strikes are counted in a file on
tmpfs, which is empty again after each restart. Until the first success a server gets four times as many strikes.
"""

from __future__ import annotations

import os
import signal
import sys
import urllib.request
from pathlib import Path

STRIKES_FILE = Path("/tmp/spark-probe-strikes")  # noqa: S108 - the container's own tmpfs
TIMEOUT_SECONDS = 3.0


def healthy(url: str) -> bool:
    """Whether the address answers 200 in time."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - an address of our own
            return bool(answer.status == 200)
    except OSError:
        return False


def children_of_init(proc: Path = Path("/proc")) -> list[int]:
    """Process ids whose parent is the container's first process: the server, and nothing of this check."""
    found = []
    for stat in proc.glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[1] == "1":
            found.append(int(stat.parent.name))
    return found


def strike(file: Path, limit: int) -> bool:
    """Counts one failure in a row; true when the server has had enough of them to be killed."""
    state, _, count = (file.read_text() if file.exists() else "starting 0").partition(" ")
    strikes = int(count) + 1
    file.write_text(f"{state} {strikes}")
    return strikes >= (limit if state == "served" else 4 * limit)


def main(arguments: list[str]) -> int:
    """0 when healthy, 1 when not; the last strike kills the server first."""
    url = arguments[0]
    limit = int(arguments[1]) if len(arguments) > 1 else 6
    if healthy(url):
        STRIKES_FILE.write_text("served 0")
        return 0
    if strike(STRIKES_FILE, limit):
        for process in children_of_init():
            os.kill(process, signal.SIGKILL)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
