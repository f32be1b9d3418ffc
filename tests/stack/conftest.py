"""Brings an own stack up with `make up`, under an own project name and own ports, and takes it down in the end."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from tests.stack.stack import ROOT, Stack, own_stack

LOGS = ROOT / "build" / "stack-logs"


def engine_answers() -> bool:
    return (
        shutil.which("docker") is not None
        and subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0
    )


def need_engine() -> None:
    """Skips the test, or fails it under CI, where no container engine answers."""
    if not engine_answers():
        if os.environ.get("CI") == "true":
            pytest.fail("under CI the stack tests must run, and no container engine answers")
        pytest.skip("NO CONTAINER ENGINE ANSWERS: nothing that needs containers is tested")


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """A whole healthy stack of this test run's own."""
    need_engine()
    stack = own_stack("spark-test")
    try:
        stack.up()
        yield stack
    finally:
        LOGS.mkdir(parents=True, exist_ok=True)
        worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
        (LOGS / f"{worker}.log").write_text(stack.compose("logs", "--no-color", "--timestamps", check=False))
        stack.run("make", "clean", check=False)


@pytest.fixture
def healthy(stack: Stack) -> Stack:
    """The stack to start from: all containers healthy, and a PASS of the canary that looked at these very ones."""
    stack.wait(stack.settled, 180, lambda: f"a settled stack: {stack.get('canary', '/v1/status')}")
    return stack
