"""The stack's own figures: how fast it comes up, how fast it heals, what a scrape costs."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from bench.rows import Row, row
from tests.stack.stack import FLASK_SERVICES, Stack, own_stack

KILLED = ("postgres", "venue", *FLASK_SERVICES, "docker-proxy", "prometheus", "alertmanager")
STARTS = 3
KILLS = 3
SCRAPES = 50


def seconds(action: Callable[[], object]) -> float:
    """How long one call takes."""
    begun = time.monotonic()
    action()
    return time.monotonic() - begun


@contextmanager
def running_stack() -> Iterator[Stack]:
    """An own stack, up and proved, that is gone afterwards with all its data."""
    stack = own_stack("spark-bench")
    try:
        stack.run("make", "up", timeout=1500)
        yield stack
    finally:
        stack.run("make", "clean", check=False)


def start_rows(stack: Stack) -> list[Row]:
    """`make up` on warm images until the canary's PASS; baseline: compose alone until all are healthy."""
    names = stack.running_services()
    proved, healthy = [], []
    for _ in range(STARTS):
        stack.compose("down", "--volumes", "--timeout", "3")
        healthy.append(seconds(lambda: stack.compose("up", "--detach", "--wait", *names)))
        stack.compose("down", "--volumes", "--timeout", "3")
        proved.append(seconds(lambda: stack.run("make", "up", timeout=600)))
    return [
        row("up_seconds_to_all_healthy", healthy, "s"),
        row("up_seconds_to_canary_pass", proved, "s", healthy),
    ]


def state(stack: Stack, container: str) -> dict[str, Any]:
    """What the engine knows of a container."""
    return dict(json.loads(stack.run("docker", "inspect", container).stdout)[0])


def killed_seconds(stack: Stack, container: str) -> float:
    """Seconds from SIGKILL of the container's first process until the engine calls it healthy again."""
    before = state(stack, container)

    def back() -> bool:
        now = state(stack, container)
        return bool(now["RestartCount"] > before["RestartCount"] and now["State"]["Health"]["Status"] == "healthy")

    os.kill(before["State"]["Pid"], signal.SIGKILL)
    return seconds(lambda: stack.wait(back, 120, f"{container} healthy again", pause=0.1))


def bare_container_seconds(stack: Stack) -> list[float]:
    """The same for a bare HTTP server in the services' base image, with a health check of the same kind."""
    name = f"{stack.project}-bare"
    check = "python -c 'import urllib.request as u; u.urlopen(\"http://127.0.0.1:8000\")'"
    options = ["--detach", "--init", "--restart=unless-stopped", "--network=none", f"--name={name}"]
    health = [f"--health-cmd={check}", "--health-interval=5s", "--health-timeout=5s", "--health-retries=3"]
    image = stack.container("init")["Config"]["Image"]
    stack.run("docker", "run", *options, *health, image, "python", "-m", "http.server")
    try:
        return repeated_kills(stack, name)
    finally:
        stack.run("docker", "rm", "--force", name)


def repeated_kills(stack: Stack, container: str) -> list[float]:
    """Each kill waits out the ten seconds after which the engine resets its restart delay."""
    durations = []
    for _ in range(KILLS):
        time.sleep(11)
        durations.append(killed_seconds(stack, container))
    return durations


def heal_rows(stack: Stack) -> list[Row]:
    """SIGKILL to healthy for every container that stays."""
    bare = bare_container_seconds(stack)
    return [
        row(f"kill_to_healthy_seconds_{service}", repeated_kills(stack, stack.container(service)["Id"]), "s", bare)
        for service in KILLED
    ]


def scrape_rows(stack: Stack) -> list[Row]:
    """Size and duration of /metrics; baseline of the duration: /healthz of the same service."""
    rows = []
    for service in FLASK_SERVICES:
        scrapes = [1000 * seconds(partial(stack.ask, "GET", service, "/metrics")) for _ in range(SCRAPES)]
        healths = [1000 * seconds(partial(stack.ask, "GET", service, "/healthz")) for _ in range(SCRAPES)]
        sizes = [float(len(stack.ask("GET", service, "/metrics").body)) for _ in range(3)]
        rows.append(row(f"metrics_bytes_{service}", sizes, "B"))
        rows.append(row(f"scrape_milliseconds_{service}", scrapes, "ms", healths))
    return rows


def measure() -> list[Row]:
    """All rows of the stack."""
    with running_stack() as stack:
        return [*start_rows(stack), *heal_rows(stack), *scrape_rows(stack)]
