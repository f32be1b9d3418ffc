"""Server-Sent Events: read as they were written, resumed only in their own epoch, served on slots that come back."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from common import ops, sse
from common.errors import TooManyStreams, Unavailable
from common.loop import Stop, Supervisor
from common.settings import ServiceSettings
from tests.common.server import gunicorn

NAMES = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=12)
IDS = st.one_of(st.just(""), st.text("0123456789abcdef-", min_size=1, max_size=20))
BODIES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)


def _cut(data: bytes, sizes: list[int]) -> list[bytes]:
    """The data in chunks of these sizes; the last chunk has the rest."""
    chunks = []
    for size in sizes:
        chunks.append(data[:size])
        data = data[size:]
    return [*chunks, data]


@given(st.lists(st.tuples(NAMES, BODIES, IDS), max_size=5), st.lists(st.integers(0, 40), max_size=60))
def test_what_is_written_is_read_back_over_any_chunks(events: list[tuple[str, Any, str]], sizes: list[int]) -> None:
    written = b"".join(sse.encode(name, body, event_id) + sse.HEARTBEAT for name, body, event_id in events)
    found = list(sse.read(sse.lines(_cut(written, sizes))))
    assert found[1::2] == [None] * len(events)
    assert [(event.name, json.loads(event.data), event.id) for event in found[::2] if event] == events


def test_events_heartbeats_and_unnamed_data_are_told_apart() -> None:
    text = b": hello\n\nevent: quote\nid: 7\ndata: one\ndata: two\n\ndata:bare\n\n"
    assert list(sse.read(sse.lines([text]))) == [
        None,
        sse.Event("quote", "one\ntwo", "7"),
        sse.Event("message", "bare"),
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_chunk_borders_and_line_ends_do_not_matter(size: int) -> None:
    text = b'event: quote\r\ndata: {"a":1}\r\n\r\n'
    chunks = [text[start : start + size] for start in range(0, len(text), size)]
    assert list(sse.read(sse.lines(chunks))) == [sse.Event("quote", '{"a":1}')]


@pytest.mark.parametrize("text", [b"event: quote\n\n", b"event: quote\ndata: 1\n", b"event: quote\ndata: 1", b""])
def test_an_event_without_data_or_without_its_end_is_dropped(text: bytes) -> None:
    assert list(sse.read(sse.lines([text]))) == []


def test_a_line_or_an_event_that_is_too_large_is_refused() -> None:
    piece = b"x" * 300_000
    with pytest.raises(sse.TooLarge):
        list(sse.read(sse.lines([piece] * 20)))
    with pytest.raises(sse.TooLarge):
        list(sse.read(sse.lines([b"data: " + piece + b"\n"] * 20)))


def test_many_events_together_may_be_larger_than_one_may_be() -> None:
    event = b"data: " + b"x" * 1_000_000 + b"\n\n"
    assert len(list(sse.read(sse.lines([event] * 6)))) == 6


def test_bytes_that_are_no_text_are_read_with_a_replacement() -> None:
    assert list(sse.read(sse.lines([b"data: \xff\n\n"]))) == [sse.Event("message", "�")]


@given(st.integers(0, 10**18 - 1), st.sampled_from(["", "0", "1a2b", "f" * 16]))
def test_a_resume_point_is_the_sequence_of_an_id_of_the_same_epoch(sequence: int, epoch: str) -> None:
    assert sse.resume_point(sse.event_id(sequence, epoch), epoch) == sequence


@pytest.mark.parametrize(
    ("last_event_id", "epoch"),
    [
        *(("", ""), ("", "1a"), ("7", "1a"), ("1a-7", ""), ("1a-7", "1b"), ("x", ""), ("-7", ""), ("7.5", "")),
        *(("٣", ""), ("1A-7", "1A"), ("7" * 19, ""), ("1a-7\n", "1a"), (" 7", "")),
    ],
)
def test_an_id_of_another_epoch_or_none_at_all_resumes_nothing(last_event_id: str, epoch: str) -> None:
    assert sse.resume_point(last_event_id, epoch) is None


class Clock:
    """Seconds that a test moves.

    now: the present time.
    """

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def _followed(stop: Stop, clock: Clock, chunks: list[bytes]) -> Iterator[bytes]:
    """A stream whose `following` waits as long as it may, then returns the next chunk; without one it stops."""

    def following(seconds: float) -> bytes:
        assert 0 <= seconds <= sse.LONGEST_LOOK_SECONDS
        clock.now += seconds
        if not chunks:
            stop.set()
            return b""
        return chunks.pop(0)

    return sse.follow(b"first", following, stop=stop, heartbeat=3.0, monotonic=clock)


def test_a_stream_is_its_first_event_then_what_follows_until_the_stop() -> None:
    stop = Stop()
    assert list(_followed(stop, Clock(), [b"a", b"", b"b"])) == [b"first", b"a", b"b" + sse.HEARTBEAT]


def test_silence_is_filled_with_heartbeats() -> None:
    found = list(_followed(Stop(), Clock(), [b""] * 8))
    assert found == [b"first", sse.HEARTBEAT, sse.HEARTBEAT, sse.HEARTBEAT]


def test_a_stream_that_begins_after_the_stop_is_its_first_event_alone() -> None:
    stop = Stop()
    stop.set()
    assert list(_followed(stop, Clock(), [b"a"])) == [b"first"]


def test_a_slot_is_given_once_and_released_once() -> None:
    refused: list[int] = []
    slots = sse.StreamSlots(2, instead="ask /v1/quotes", refused=lambda: refused.append(1))
    release, _ = slots.acquire(), slots.acquire()
    with pytest.raises(TooManyStreams, match="all 2 streams are taken: ask /v1/quotes") as told:
        slots.acquire()
    assert (told.value.details, refused) == ({"limit": 2}, [1])
    release()
    release()
    assert slots.open == 1


def test_no_slot_is_lost_when_many_threads_take_and_release() -> None:
    slots = sse.StreamSlots(4, instead="come back")

    def use() -> None:
        for _ in range(200):
            try:
                release = slots.acquire()
            except Unavailable:
                continue
            assert slots.open <= 4
            release()

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert slots.open == 0


class BrokenSocket:
    """A client's connection on which nothing can be set any more."""

    def settimeout(self, seconds: float) -> None:
        raise OSError(f"no timeout of {seconds} s: the client is gone")


class Streams:
    """A small app with one stream.

    begun: how many streams were begun.
    """

    def __init__(self) -> None:
        self.slots = sse.StreamSlots(1, instead="come back later")
        self.begun = 0
        app = Flask("streams")
        ops.install(app, ServiceSettings("tiny", "1", "simulated"), {}, Supervisor(Stop()))

        @app.get("/stream")
        def stream() -> Any:
            return sse.respond(self.slots, self._begin)

        @app.get("/broken")
        def broken() -> Any:
            return sse.respond(self.slots, self._fail)

        self.http = app.test_client()

    def _begin(self) -> Iterator[bytes]:
        self.begun += 1
        return iter([b"data: 1\n\n"] * 3)

    def _fail(self) -> Iterator[bytes]:
        raise Unavailable("the ledger does not answer")

    def open(self, path: str = "/stream", environment: dict[str, object] | None = None) -> TestResponse:
        return self.http.get(path, environ_overrides=environment)


def test_a_stream_is_read_to_its_end_and_gives_its_slot_back() -> None:
    streams = Streams()
    answer = streams.open()
    assert streams.slots.open == 1
    assert (answer.content_type, answer.headers["X-Accel-Buffering"]) == ("text/event-stream", "no")
    assert answer.data == b"data: 1\n\n" * 3
    answer.close()
    assert streams.slots.open == 0


def test_a_client_that_goes_in_the_middle_gives_the_slot_back() -> None:
    streams = Streams()
    answer = streams.open()
    assert next(answer.iter_encoded()) == b"data: 1\n\n"
    assert streams.open().status_code == 429
    answer.close()
    assert streams.slots.open == 0
    assert streams.open().status_code == 200


def test_a_stream_that_can_not_begin_gives_the_slot_back() -> None:
    streams = Streams()
    assert streams.open("/broken").status_code == 503
    assert streams.slots.open == 0


def test_a_socket_on_which_nothing_can_be_set_gives_the_slot_back() -> None:
    streams = Streams()
    answer = streams.open(environment={"gunicorn.socket": BrokenSocket()})
    assert (answer.status_code, streams.begun) == (499, 1)
    assert streams.slots.open == 0


def test_a_question_for_the_head_alone_gives_the_slot_back() -> None:
    streams = Streams()
    with streams.http.head("/stream") as answer:
        assert (answer.status_code, answer.data) == (200, b"")
    assert streams.slots.open == 0


@pytest.mark.slow
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_on_a_real_server_slots_come_back_from_clients_that_go(method: str) -> None:
    with gunicorn() as server:
        for _ in range(5):
            clients = [server.connect(f"{method} /stream HTTP/1.1\r\nHost: x\r\n\r\n".encode()) for _ in range(2)]
            for client in clients:
                assert client.recv(12) == b"HTTP/1.1 200"
                client.close()
            deadline = time.monotonic() + 10
            while _open_streams(server.port):
                assert time.monotonic() < deadline, "a slot did not come back"
                time.sleep(0.02)


def _open_streams(port: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/open", timeout=10) as answer:
        return int(json.load(answer)["open"])
