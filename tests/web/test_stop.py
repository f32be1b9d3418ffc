"""A stop of the console under its real server ends the open stream well, and the process at once."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
import urllib3

from tests.common.server import longest_stop
from tests.web.console import Console, Surroundings

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT])
def test_an_open_stream_ends_well_and_at_once_when_the_console_is_told_to_stop(
    around: Surroundings, tmp_path: Path, number: int
) -> None:
    console = Console(around.environment(tmp_path), tmp_path)
    try:
        assert _stopped(console, number) < longest_stop()
    finally:
        console.kill()


def _stopped(console: Console, number: int) -> float:
    """Stops the console while a browser has a stream open; returns the seconds that it took."""
    with urllib3.PoolManager(retries=False) as client:
        assert client.request("GET", f"{console.url}/readyz").status == 200
        stream = client.request("GET", f"{console.url}/api/live", preload_content=False)
        assert stream.read(12) == b"retry: 2000\n"
        began = time.monotonic()
        console.terminate(number)
        assert console.wait(20) == 0
        seconds = time.monotonic() - began
        stream.read()  # raises unless the last chunk came: the stream was ended, not cut
        return seconds
