"""A stop of the console under its real server: its open stream ends well, and the process at once."""

from __future__ import annotations

import signal
import time
import urllib.request
from pathlib import Path

import pytest
import urllib3

from tests.web.console import Console, Surroundings

STOP_SECONDS = 1.5


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT])
def test_an_open_stream_ends_well_and_at_once_when_the_console_is_told_to_stop(
    around: Surroundings, tmp_path: Path, number: int
) -> None:
    console = Console(around.environment(tmp_path), tmp_path)
    try:
        with urllib.request.urlopen(f"{console.url}/readyz", timeout=10) as answer:
            assert answer.status == 200
        with urllib3.PoolManager(retries=False) as client:
            stream = client.request("GET", f"{console.url}/api/live", preload_content=False)
            assert stream.read(12) == b"retry: 2000\n"
            began = time.monotonic()
            console.terminate(number)
            assert console.wait(20) == 0
            assert time.monotonic() - began < STOP_SECONDS
            stream.read()  # raises unless the last chunk came: the stream was ended, not cut
    finally:
        console.kill()
