"""A real gunicorn, as the services run it, with the tests' own small app or with a service's."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

ROOT = Path(__file__).parents[2]
DEADLINE_SECONDS = 30.0
STOP_SECONDS, GRACE_SECONDS = 4.0, 8.0


class Server:
    """A running gunicorn; after the deadline it is killed, so that no test waits for ever on its output."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.lines: list[dict[str, Any]] = []
        self.port = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def event(self, pattern: str) -> re.Match[str]:
        """Reads the log up to the first event that matches."""
        assert self.process.stdout is not None
        for text in self.process.stdout:
            line = json.loads(text)
            self.lines.append(line)
            if found := re.search(pattern, line["event"]):
                return found
        raise AssertionError(f"no event like {pattern!r} in {self.lines}")

    def terminate(self, number: int = signal.SIGTERM) -> int:
        """Sends a signal, reads the rest of the log, and gives the exit code."""
        self.process.send_signal(number)
        assert self.process.stdout is not None
        self.lines += [json.loads(text) for text in self.process.stdout]
        return self.process.wait(DEADLINE_SECONDS)

    def connect(self, sent: bytes = b"") -> socket.socket:
        """A raw connection on which `sent` was sent."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=5)
        connection.sendall(sent)
        return connection


@contextmanager
def gunicorn(
    app: str = "tests.common.app:serve()",
    environment: Mapping[str, str] = MappingProxyType({}),
    *,
    ready: bool = True,
    **settings: str,
) -> Iterator[Server]:
    """An app under gunicorn on a port of its choice; with `ready`, its worker has booted."""
    command = [sys.executable, "-m", "gunicorn", "-c", "common/gunicorn.conf.py", "--bind", "127.0.0.1:0"]
    own = {"PORT": "1", "SPARK_SERVICE": "tiny", "SPARK_REPLICA": "2"}
    with subprocess.Popen(
        [*command, app],
        cwd=ROOT,
        env={**os.environ, **own, **environment, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        deadline = threading.Timer(DEADLINE_SECONDS, process.kill)
        deadline.start()
        server = Server(process)
        try:
            if ready:
                server.port = int(server.event(r"http://127\.0\.0\.1:(\d+)")[1])
                server.event("Booting worker")
            yield server
        finally:
            deadline.cancel()
            process.kill()


def longest_stop() -> float:
    """The seconds that a stop may take on a machine that does much else: less than the grace, which would end it too.

    On a quiet machine it takes less than 1.5 s.
    """
    busy = os.getloadavg()[0] / (os.cpu_count() or 1)
    return min(max(STOP_SECONDS, 1.5 * busy), GRACE_SECONDS - 1)


def get(address: str) -> tuple[int, bytes]:
    """The status and body of a GET; a busy machine may take its time for them."""
    with urllib.request.urlopen(address, timeout=30) as answer:
        return answer.status, answer.read()
