"""Container health check that also heals: after N failures in a row it kills the hung server; the engine restarts it.

Usage: `python -S -m common.probe PORT [STRIKES]`. It asks 127.0.0.1:PORT for /healthz. The engine does not restart an
unhealthy container, and a check that killed at the first failure would ignore retries and the start period. So failures
are counted in a file on tmpfs, which is empty after each restart. Until its first success a server may fail four times
as often. The check runs every few seconds in every container, so it imports next to nothing.
"""

from __future__ import annotations

import os
import socket
import sys

STRIKES_FILE = "/tmp/spark-probe-strikes"  # noqa: S108 - the container's own tmpfs
TIMEOUT_SECONDS = 4.0
"""Less than the engine gives to a whole check, and long: a busy machine may still start the server at the first one."""
SIGKILL = 9


def healthy(port: int) -> bool:
    """Returns true when /healthz answers 200 in time."""
    try:
        with socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS) as connection:
            connection.settimeout(TIMEOUT_SECONDS)
            connection.sendall(b"GET /healthz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
            status_line = connection.recv(64)
    except OSError:
        return False
    return status_line.startswith(b"HTTP/1.") and status_line[8:13] == b" 200 "


def children_of_init(proc: str = "/proc") -> list[int]:
    """Returns the ids of the processes whose parent is the container's first one: the server, not this check."""
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
    """Returns `served` or `starting`, and how many failures in a row there were."""
    try:
        with open(file) as state:
            word, count = state.read().split()
            return word, int(count)
    except (OSError, ValueError):
        return "starting", 0


def write_state(file: str, word: str, strikes: int) -> None:
    """Keeps the state for the next check."""
    with open(file, "w") as state:
        state.write(f"{word} {strikes}")


def strike(file: str, limit: int) -> bool:
    """Counts one more failure in a row. Returns true when the server is to be killed."""
    word, strikes = read_state(file)
    write_state(file, word, strikes + 1)
    return strikes + 1 >= (limit if word == "served" else 4 * limit)


def tell(process: int, limit: int) -> None:
    """Writes the cause into the server's own log, on its standard output: nothing heals silently."""
    import json  # the check itself is to stay small
    from datetime import UTC, datetime

    line = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "level": "critical",
        "service": os.environ.get("SPARK_SERVICE", ""),
        "replica": os.environ.get("SPARK_REPLICA", "1"),
        "logger": "common.probe",
        "event": "the server is killed",
        "cause": "health",
        "detail": f"{limit} health checks in a row or more have failed",
    }
    try:
        output = os.open(f"/proc/{process}/fd/1", os.O_WRONLY | os.O_NONBLOCK)
        os.write(output, f"{json.dumps(line)}\n".encode())
    except OSError:
        return
    os.close(output)


def main(arguments: list[str]) -> int:
    """Returns 0 when healthy, else 1. The last allowed failure kills the server first."""
    limit = int(arguments[1]) if len(arguments) > 1 else 6
    if healthy(int(arguments[0])):
        write_state(STRIKES_FILE, "served", 0)
        return 0
    if strike(STRIKES_FILE, limit):
        for process in children_of_init():
            tell(process, limit)
            os.kill(process, SIGKILL)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
