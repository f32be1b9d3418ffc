"""A stop ends the service at once, whatever is open: its streams end well, and nothing holds the process."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.common.server import longest_stop
from tests.marketdata.busy import ask
from tests.marketdata.rig import http_server, rest_app
from tests.marketdata.tape.recording import records
from tests.repo.tree import ROOT
from tests.venue.btcturk.rig import Venue, running_venue
from tests.venue.rig import eventually

pytestmark = pytest.mark.slow

STARTED_SECONDS = 30.0


@pytest.fixture(scope="module")
def venue() -> Iterator[Venue]:
    with running_venue() as running:
        yield running


@contextmanager
def marketdata(venue: Venue, **more: str) -> Iterator[tuple[subprocess.Popen[bytes], tuple[str, int]]]:
    """The service as it runs in production, following BTCTRY; its process and its address."""
    with http_server(rest_app(venue)) as rest, socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        environment = {
            "PORT": "1",
            "SPARK_SERVICE": "marketdata",
            "SPARK_LOG_LEVEL": "WARNING",
            "SPARK_BIST_SYMBOLS": "none",
            "SPARK_BTCTURK_PAIRS": "BTCTRY",
            "SPARK_BTCTURK_WS_URL": venue.url,
            "SPARK_BTCTURK_REST_URL": rest,
            "SPARK_BTCTURK_CHART_URL": rest,
            **more,
        }
        command = ["gunicorn", "--config", "common/gunicorn.conf.py", "--bind", f"fd://{listener.fileno()}"]
        process = subprocess.Popen(
            [sys.executable, "-m", *command, "marketdata.app:serve()"],
            cwd=ROOT,
            env=os.environ | environment,
            pass_fds=[listener.fileno()],
        )
        killer = threading.Timer(STARTED_SECONDS + 10, process.kill)
        killer.start()
        try:
            yield process, listener.getsockname()
        finally:
            killer.cancel()
            process.kill()
            process.wait()


def _ended_well(stream: socket.socket) -> bool:
    """Reads a stream to its end; true when the server sent the last chunk before it closed the connection."""
    rest = b""
    while piece := stream.recv(1 << 16):
        rest = (rest + piece)[-16:]
    return rest.endswith(b"0\r\n\r\n")


def _open_stream(address: tuple[str, int]) -> socket.socket:
    stream = ask(address, "/v1/stream")
    received = b""
    while b"event: snapshot" not in received:
        received += stream.recv(1 << 16)
    assert re.match(rb"HTTP/1\.1 200 .*transfer-encoding: chunked", received, re.DOTALL | re.IGNORECASE)
    return stream


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT])
def test_an_open_stream_ends_well_and_the_service_with_it(venue: Venue, number: signal.Signals) -> None:
    with marketdata(venue) as (process, address), _open_stream(address) as stream, _open_stream(address) as other:
        process.send_signal(number)
        began = time.monotonic()
        assert _ended_well(stream)
        assert _ended_well(other)
        process.wait(STARTED_SECONDS)
        assert time.monotonic() - began < longest_stop()


def test_a_worker_that_is_replaced_for_its_memory_ends_its_streams_and_others_are_served(venue: Venue) -> None:
    with marketdata(venue) as (process, address), _open_stream(address) as stream:
        children = f"/proc/{process.pid}/task/{process.pid}/children"
        with open(children) as file:
            worker = int(file.read().split()[0])
        os.kill(worker, signal.SIGTERM)
        began = time.monotonic()
        assert _ended_well(stream)
        assert time.monotonic() - began < longest_stop()
        with ask(address, "/healthz") as again, again.makefile("rb") as answer:
            assert json.loads(answer.read().partition(b"\r\n\r\n")[2])["status"] == "alive"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT])
def test_a_stop_writes_the_tape_to_its_end(venue: Venue, tmp_path: Path, number: signal.Signals) -> None:
    with marketdata(venue, SPARK_TAPE="on", SPARK_DATA_DIR=str(tmp_path)) as (process, address):
        eventually(lambda: _frames(address) > 300, 60.0)
        came = _frames(address)
        process.send_signal(number)
        process.wait(STARTED_SECONDS)
    found = [each for each in records(tmp_path / "tapes") if each.record.link == "btcturk-socket"]
    assert sum(len(each.payloads) for each in found if each.record.kind == "in") >= came


def _frames(address: tuple[str, int]) -> int:
    """Returns the frames that the service has applied."""
    with ask(address, "/metrics") as asked, asked.makefile("rb") as answer:
        lines = re.findall(rb"^marketdata_frames_total\{.*\} ([0-9.]+)", answer.read(), re.MULTILINE)
    return int(sum(map(float, lines)))


def test_without_a_venue_it_stops_as_soon(venue: Venue) -> None:
    nowhere = "ws://127.0.0.1:9"
    with marketdata(venue, SPARK_BTCTURK_WS_URL=nowhere) as (process, address), _open_stream(address) as stream:
        process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert _ended_well(stream)
        process.wait(STARTED_SECONDS)
        assert time.monotonic() - began < longest_stop()
