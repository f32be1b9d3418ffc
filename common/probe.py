"""Container health check that also heals: N strikes in a row and it kills the hung server; the engine restarts it.

Usage: `python -S -m common.probe PORT [STRIKES]`; it asks 127.0.0.1:PORT for /healthz. An unhealthy container is not
restarted by the engine, and a check that kills at once would ignore retries and the start period; so strikes are
counted in a file on tmpfs, which is empty again after each restart. Until the first success a server gets four times
as many strikes. It runs every few seconds in every container, so it imports next to nothing.
"""

from __future__ import annotations

import os
import socket
import sys

STRIKES_FILE = "/tmp/spark-probe-strikes"  # noqa: S108 - the container's own tmpfs
TIMEOUT_SECONDS = 3.0
SIGKILL = 9


def healthy(port: int) -> bool:
    """Whether /healthz answers 200 in time."""
    try:
        with socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS) as connection:
            connection.settimeout(TIMEOUT_SECONDS)
            connection.sendall(b"GET /healthz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
            status_line = connection.recv(64)
    except OSError:
        return False
    return status_line.startswith(b"HTTP/1.") and status_line[8:13] == b" 200 "


def children_of_init(proc: str = "/proc") -> list[int]:
    """Process ids whose parent is the container's first process: the server, and nothing of this check."""
    found = []
    for entry in filter(str.isdigit, os.listdir(proc)):
        try:
            with open(f"{proc}/{entry}/stat") as stat:
                fields = stat.read().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[1] == "1":
            found.append(int(entry))
    return found


def read_state(file: str) -> tuple[str, int]:
    """`served` or `starting`, and the strikes in a row so far."""
    try:
        with open(file) as state:
            word, count = state.read().split()
            return word, int(count)
    except (OSError, ValueError):
        return "starting", 0


def write_state(file: str, word: str, strikes: int) -> None:
    """Remembers the state for the next check."""
    with open(file, "w") as state:
        state.write(f"{word} {strikes}")


def strike(file: str, limit: int) -> bool:
    """Counts one failure in a row; true when the server has had enough of them to be killed."""
    word, strikes = read_state(file)
    write_state(file, word, strikes + 1)
    return strikes + 1 >= (limit if word == "served" else 4 * limit)


def main(arguments: list[str]) -> int:
    """0 when healthy, 1 when not; the last strike kills the server first."""
    limit = int(arguments[1]) if len(arguments) > 1 else 6
    if healthy(int(arguments[0])):
        write_state(STRIKES_FILE, "served", 0)
        return 0
    if strike(STRIKES_FILE, limit):
        for process in children_of_init():
            os.kill(process, SIGKILL)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
