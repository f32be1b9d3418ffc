"""A stop ends the service at once, whatever is open: its streams end well, and nothing holds the process."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.common.server import longest_stop
from tests.marketdata.busy import ask
from tests.marketdata.process import STARTED_SECONDS, marketdata
from tests.marketdata.tape.recording import records
from tests.venue.btcturk.rig import Venue, running_venue
from tests.venue.rig import eventually

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def venue() -> Iterator[Venue]:
    with running_venue() as running:
        yield running


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
