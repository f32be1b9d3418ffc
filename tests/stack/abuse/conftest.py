"""The published ports under abuse, and the promise that encloses each kind of it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from tests.stack.abuse.bystanders import Meter, alerts, alerts_in_words, server_errors, watching
from tests.stack.abuse.raw import Door
from tests.stack.stack import FLASK_SERVICES, PORTS, Stack

Unharmed = Callable[..., AbstractContextManager[None]]
P95_SECONDS = 0.25
MOST_MEMORY = 48 * 2**20
"""The bytes by which a container's memory may rise during one abuse."""
LEAST_SECONDS = 2.0
TELLING_SECONDS = 60.0
"""An expected alert is on its way by then."""
PASSING_SECONDS = 330.0
"""The rules look back over five minutes: while few requests were made, a single slow one is seen in them so long."""
READ_PATHS = dict.fromkeys(FLASK_SERVICES, "/healthz") | {
    "marketdata": "/v1/quotes",
    "executor-1": "/v1/positions",
    "executor-2": "/v1/positions",
    "web": "/api/state",
    "canary": "/v1/status",
    "prometheus": "/api/v1/query?query=up",
    "alertmanager": "/api/v2/status",
    "grafana": "/api/health",
}


@pytest.fixture(scope="module")
def doors(stack: Stack) -> list[Door]:
    """Every published port of a service that runs here."""
    running = stack.running_services()
    return [
        Door(service, int(stack.url(service).rsplit(":", 1)[1]), READ_PATHS[service])
        for service in PORTS
        if service in running
    ]


@pytest.fixture(scope="session")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A server of an empty folder beside the stack, in a process of its own."""
    command = [sys.executable, "-u", "-m", "http.server", "--bind", "127.0.0.1", "0"]
    folder = tmp_path_factory.mktemp("beside")
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            told = re.search(r" port (\d+) ", process.stdout.readline())
            assert told is not None
            yield Door("a server beside the stack", int(told[1]), "/")
        finally:
            process.kill()


@pytest.fixture
def meter(healthy: Stack) -> Meter:
    return Meter(healthy)


@pytest.fixture
def unharmed(healthy: Stack, doors: list[Door], beside: Door, meter: Meter) -> Unharmed:
    """Gives what encloses an abuse. During it and after it everybody else is served, memory is flat, no service of ours
    counts a server error, and no alert fires that didn't before, or stays on its way."""
    errors, before = server_errors(healthy), alerts(healthy)

    @contextmanager
    def enclosing(*expected: str) -> Iterator[None]:
        with watching(doors, beside, meter, least_seconds=LEAST_SECONDS, limit=P95_SECONDS) as during:
            yield
        with watching(doors, beside, meter, least_seconds=LEAST_SECONDS, limit=P95_SECONDS) as after:
            pass
        assert not (found := during.complaints(P95_SECONDS, MOST_MEMORY)), "during it: " + "\n".join(found)
        assert not (found := after.complaints(P95_SECONDS, MOST_MEMORY)), "after it: " + "\n".join(found)
        assert server_errors(healthy) == errors
        # Seen now, what was expected is not taken for the next abuse's.
        healthy.wait(lambda: set(expected) <= alerts(healthy), TELLING_SECONDS, lambda: alerts_in_words(healthy))
        fired: set[str] = set()

        def passed() -> bool:
            fired.update(alerts(healthy, "firing") - before)
            return alerts(healthy) - before <= set(expected)

        # What is on its way pages nobody, as long as it goes again and never fires.
        healthy.wait(passed, PASSING_SECONDS, lambda: alerts_in_words(healthy))
        assert fired <= set(expected)

    return enclosing
