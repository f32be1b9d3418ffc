"""The one server configuration, with a real server: it answers, logs JSON lines, and ends well when told to."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import urllib3

ROOT = Path(__file__).parents[2]
DEADLINE_SECONDS = 20.0


class Server:
    """A running gunicorn; after the deadline it is killed, so that no test waits for ever on its output."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.lines: list[dict[str, Any]] = []

    def event(self, pattern: str) -> re.Match[str]:
        """Reads the log up to the first event that matches."""
        assert self.process.stdout is not None
        for text in self.process.stdout:
            line = json.loads(text)
            self.lines.append(line)
            if found := re.search(pattern, line["event"]):
                return found
        raise AssertionError(f"no event like {pattern!r} in {self.lines}")

    def terminate(self) -> int:
        """Sends SIGTERM, reads the rest of the log, and gives the exit code."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.stdout is not None
        self.lines += [json.loads(text) for text in self.process.stdout]
        return self.process.wait(DEADLINE_SECONDS)


@contextmanager
def _gunicorn(**settings: str) -> Iterator[Server]:
    """gunicorn with the tests' own small app, on a port of its choice."""
    command = [sys.executable, "-m", "gunicorn", "-c", "common/gunicorn.conf.py", "--bind", "127.0.0.1:0"]
    environment = {**os.environ, "PORT": "1", "SPARK_SERVICE": "tiny", "SPARK_REPLICA": "2", **settings}
    with subprocess.Popen(
        [*command, "tests.common.app:serve()"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        deadline = threading.Timer(DEADLINE_SECONDS, process.kill)
        deadline.start()
        try:
            yield Server(process)
        finally:
            deadline.cancel()
            process.kill()


def _get(address: str) -> tuple[int, bytes]:
    with urllib.request.urlopen(address, timeout=5) as answer:
        return answer.status, answer.read()


def test_the_server_answers_logs_json_and_ends_with_0_on_sigterm() -> None:
    with _gunicorn() as server:
        address = server.event(r"http://127\.0\.0\.1:\d+")[0]
        server.event("Booting worker")
        status, body = _get(f"{address}/healthz")
        assert (status, json.loads(body)["status"]) == (200, "alive")
        assert b"process_start_time_seconds" in _get(f"{address}/metrics")[1]
        assert server.terminate() == 0
    assert {(line["service"], line["replica"]) for line in server.lines} == {("tiny", "2")}
    assert {"time", "level", "logger", "event"} <= set(server.lines[0])


@pytest.mark.parametrize("size", [70_000, 1_000_000])
@pytest.mark.parametrize(("path", "status"), [("/body", 413), ("/healthz", 405), ("/none", 404)])
def test_a_refused_large_body_leaves_the_connection_usable(path: str, status: int, size: int) -> None:
    with _gunicorn() as server, urllib3.PoolManager(num_pools=1, maxsize=1, retries=False) as client:
        address = server.event(r"http://127\.0\.0\.1:\d+")[0]
        server.event("Booting worker")
        assert client.request("POST", f"{address}{path}", body=b"x" * size).status == status
        assert client.request("GET", f"{address}/healthz").status == 200


def test_one_worker_with_threads_answers_everything() -> None:
    with _gunicorn() as server:
        address = server.event(r"http://127\.0\.0\.1:\d+")[0]
        server.event("Using worker: gthread")
        assert _get(f"{address}/healthz")[0] == 200
        assert server.terminate() == 0
    assert len([line for line in server.lines if "Booting worker" in line["event"]]) == 1


def test_a_worker_above_its_memory_bound_is_replaced_and_the_server_stays() -> None:
    with _gunicorn(SPARK_RECYCLE_MIB="1") as server:
        first = server.event(r"Booting worker with pid: (\d+)")[1]
        server.event("memory is watched, recycling above 1 MiB")
        assert server.event(r"Booting worker with pid: (\d+)")[1] != first
        assert server.terminate() == 0


def test_a_wrong_number_of_threads_ends_the_start_and_is_told() -> None:
    with _gunicorn(SPARK_THREADS="many") as server:
        assert server.process.stdout is not None
        assert "many" in server.process.stdout.read()
        assert server.process.wait(DEADLINE_SECONDS) == 1
