"""The container's health check: what is healthy, how strikes are counted, and that it kills the server alone."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from common import probe

ROOT = Path(__file__).parents[2]


def _may_make_trees() -> bool:
    try:
        command = ["unshare", "--pid", "--fork", "--mount-proc", "true"]
        return subprocess.run(command, capture_output=True, check=False, timeout=10).returncode == 0
    except OSError:
        return False


MAY_MAKE_TREES = _may_make_trees()

# The first process of a container: starts a server, tells its port, and then how it ended. It stays longer than tini
# would, so that the check can be seen to outlive the server that it killed.
INIT = """
import subprocess, sys
server = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE, text=True)
print(server.stdout.readline().strip(), flush=True)
print("server ended with", server.wait(), flush=True)
print(server.stdout.read().strip(), flush=True)
sys.stdin.read()
"""
# Answers the first request, and then takes connections only to drop them.
SERVER = """
import socket
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
connection, _ = listening.accept()
connection.recv(1000)
connection.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\n")
connection.close()
while True:
    listening.accept()[0].close()
"""


@pytest.fixture
def strikes_file() -> Iterator[Path]:
    """The fixed place of the strikes, empty before and after."""
    file = Path(probe.STRIKES_FILE)
    file.unlink(missing_ok=True)
    yield file
    file.unlink(missing_ok=True)


def _answering(answer: bytes) -> tuple[int, threading.Thread]:
    """A port that answers one request with these bytes, and the thread that does it."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(10)

    def serve() -> None:
        with listening:
            connection, _ = listening.accept()
            with connection:
                assert connection.recv(1000).startswith(b"GET /healthz HTTP/1.0\r\n")
                connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    return listening.getsockname()[1], thread


@pytest.mark.parametrize(
    ("answer", "well"),
    [
        (b"HTTP/1.0 200 OK\r\n\r\n{}", True),
        (b"HTTP/1.1 200 OK\r\n\r\n{}", True),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", False),
        (b"HTTP/1.1 500 it was 200 before\r\n\r\n", False),
        (b"SSH-2.0-OpenSSH 200 \r\n", False),
        (b"", False),
    ],
)
def test_only_a_200_is_healthy(answer: bytes, well: bool) -> None:
    port, thread = _answering(answer)
    assert probe.healthy(port) is well
    thread.join()


def test_a_port_where_nobody_listens_is_unhealthy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert probe.healthy(port) is False


@pytest.mark.slow
def test_a_server_that_never_answers_is_unhealthy_before_the_engines_own_limit() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        started = time.monotonic()
        assert probe.healthy(listening.getsockname()[1]) is False
    assert time.monotonic() - started < 5


def test_a_server_that_was_well_is_killed_at_the_limit_and_not_before(tmp_path: Path) -> None:
    file = str(tmp_path / "strikes")
    probe.write_state(file, "served", 0)
    assert [probe.strike(file, 3) for _ in range(3)] == [False, False, True]


def test_a_server_that_never_served_gets_four_times_as_many_strikes(tmp_path: Path) -> None:
    file = str(tmp_path / "strikes")
    assert [probe.strike(file, 3) for _ in range(12)] == [False] * 11 + [True]


def test_an_unreadable_strikes_file_counts_as_a_fresh_start(tmp_path: Path) -> None:
    (tmp_path / "strikes").write_text("half a")
    assert probe.read_state(str(tmp_path / "strikes")) == ("starting", 0)


def test_a_success_forgives_all_strikes(strikes_file: Path) -> None:
    probe.write_state(str(strikes_file), "served", 5)
    port, thread = _answering(b"HTTP/1.0 200 OK\r\n\r\n")
    assert probe.main([str(port)]) == 0
    thread.join()
    assert probe.read_state(str(strikes_file)) == ("served", 0)


def test_the_children_of_the_first_process_are_found_whatever_their_name(tmp_path: Path) -> None:
    stats = {"1": "1 (tini) S 0 1", "7": "7 (gunicorn: a) b) S 1 7", "8": "8 (gunicorn) S 7 7", "9": "9 (python) R 0 9"}
    for process, stat in stats.items():
        (tmp_path / process).mkdir()
        (tmp_path / process / "stat").write_text(f"{stat} 0 0 0\n")
    (tmp_path / "12").mkdir()
    (tmp_path / "self").mkdir()
    assert probe.children_of_init(str(tmp_path)) == [7]


@contextmanager
def _container() -> Iterator["subprocess.Popen[str]"]:
    """A tree of processes of its own, whose first one has the number 1, as in a container."""
    command = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable, "-c", INIT, SERVER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as outer:
        try:
            yield outer
        finally:
            outer.kill()


def _check(inside: "subprocess.Popen[str]", port: str) -> int:
    """Runs the health check in that tree the way the engine does: not as a child of its first process."""
    first = Path(f"/proc/{inside.pid}/task/{inside.pid}/children").read_text().split()[0]
    enter = ["nsenter", f"--target={first}", "--pid", "--mount"]
    command = [*enter, sys.executable, "-S", "-m", "common.probe", port, "2"]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False, timeout=20)
    return done.returncode


@pytest.mark.skipif(not MAY_MAKE_TREES, reason="a process tree of its own needs root and unshare")
def test_the_last_strike_kills_the_server_and_nothing_else(strikes_file: Path) -> None:
    with _container() as container:
        assert container.stdout is not None
        port = container.stdout.readline().strip()
        assert _check(container, port) == 0
        assert _check(container, port) == 1, "the first strike"
        assert container.poll() is None
        assert _check(container, port) == 1, "the second: it kills the server, and lives to tell"
        assert container.stdout.readline().strip() == "server ended with -9"
        told = json.loads(container.stdout.readline())
        assert (told["event"], told["cause"]) == ("the server is killed", "health")
        assert container.poll() is None
    assert probe.read_state(str(strikes_file)) == ("served", 2)
