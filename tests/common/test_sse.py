from __future__ import annotations

import pytest

from common import sse


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


def test_an_event_without_data_is_dropped() -> None:
    assert list(sse.read(sse.lines([b"event: quote\n\n"]))) == []


def test_an_event_cut_off_by_the_end_is_dropped() -> None:
    assert list(sse.read(sse.lines([b"event: quote\ndata: 1\n"]))) == []


def test_a_line_or_event_without_end_is_refused() -> None:
    piece = b"x" * 300_000
    with pytest.raises(sse.TooLarge):
        list(sse.read(sse.lines([piece] * 20)))
    with pytest.raises(sse.TooLarge):
        list(sse.read(sse.lines([b"data: " + piece + b"\n"] * 20)))


def test_what_is_encoded_reads_back() -> None:
    written = sse.encode("change", {"html": "<p>\n</p>"})
    assert list(sse.read(sse.lines([written]))) == [sse.Event("change", '{"html":"<p>\\n</p>"}')]
