"""Reading in large pieces gives what the library gives frame by frame, wherever the pieces are cut."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
import websocket
from hypothesis import given, settings
from hypothesis import strategies as st
from websocket import ABNF

from marketdata.link.readahead import PIECE_BYTES, ReadAhead

TEXT, BINARY, MORE, PING, PONG = 0x81, 0x82, 0x80, 0x89, 0x8A
BEGUN = 0x01
Heard = list[tuple[int, bytes]]


def framed(first: int, payload: bytes, *, mask: bytes = b"") -> bytes:
    """A frame as it stands on the wire; servers don't mask, and some do."""
    size, bit = len(payload), 0x80 if mask else 0
    if size < 126:
        head = bytes([first, size | bit])
    elif size < 2**16:
        head = bytes([first, 126 | bit]) + struct.pack("!H", size)
    else:
        head = bytes([first, 127 | bit]) + struct.pack("!Q", size)
    return head + mask + (ABNF.mask(mask, payload) if mask else payload)


@contextmanager
def reading(pieces: Sequence[bytes]) -> Iterator[ReadAhead]:
    """A socket that is sent these pieces one after the other, and then ended."""
    ours, theirs = socket.socketpair()
    ours.settimeout(10)

    def send() -> None:
        with theirs:
            for piece in pieces:
                theirs.sendall(piece)
            theirs.shutdown(socket.SHUT_WR)
            while theirs.recv(4096):
                """The pongs; the end comes when the reader closes."""

    reader = ReadAhead()
    reader.sock, reader.connected = ours, True
    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield reader
    finally:
        ours.close()
        sender.join(10)


def all_of(reader: ReadAhead) -> Heard:
    """Returns everything that is heard until the end: opcode and payload."""
    heard: Heard = []
    try:
        while True:
            texts = reader.texts()
            if texts:
                heard += [(ABNF.OPCODE_TEXT, text) for text in texts]
            else:
                opcode, frame = reader.recv_data_frame(control_frame=True)
                heard.append((opcode, bytes(frame.data)))
    except websocket.WebSocketConnectionClosedException:
        return heard


def test_a_burst_is_read_at_once_and_in_order() -> None:
    wanted = [b"%d" % number * (number % 400) for number in range(50)]
    burst = b"".join(framed(TEXT, text) for text in wanted)
    assert len(burst) < PIECE_BYTES
    with reading([burst]) as reader:
        first = reader.texts()
        assert len(first) > 1
        assert [*first, *(payload for _, payload in all_of(reader))] == wanted


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 2**16 - 1, 2**16, 3 * PIECE_BYTES])
def test_frames_of_every_length_come_whole(size: int) -> None:
    text = b"x" * size
    with reading([framed(TEXT, text) + framed(TEXT, b"next")]) as reader:
        assert all_of(reader) == [(ABNF.OPCODE_TEXT, text), (ABNF.OPCODE_TEXT, b"next")]


def test_what_is_no_text_keeps_its_place_among_the_texts() -> None:
    pieces = [
        framed(TEXT, b"one"),
        framed(PING, b"p"),
        framed(TEXT, b"two"),
        framed(BINARY, b"\x00"),
        framed(PONG, b""),
    ]
    with reading([b"".join(pieces)]) as reader:
        assert all_of(reader) == [
            (ABNF.OPCODE_TEXT, b"one"),
            (ABNF.OPCODE_PING, b"p"),
            (ABNF.OPCODE_TEXT, b"two"),
            (ABNF.OPCODE_BINARY, b"\x00"),
            (ABNF.OPCODE_PONG, b""),
        ]


def test_a_fragmented_text_is_joined_and_a_ping_inside_it_is_heard_first() -> None:
    pieces = [framed(BEGUN, b"frag"), framed(PING, b""), framed(MORE, b"ment"), framed(TEXT, b"whole")]
    with reading([b"".join(pieces)]) as reader:
        assert all_of(reader) == [
            (ABNF.OPCODE_PING, b""),
            (ABNF.OPCODE_TEXT, b"fragment"),
            (ABNF.OPCODE_TEXT, b"whole"),
        ]


def test_a_masked_text_is_unmasked() -> None:
    with reading([framed(TEXT, b"masked", mask=b"abcd")]) as reader:
        assert all_of(reader) == [(ABNF.OPCODE_TEXT, b"masked")]


@pytest.mark.parametrize(
    "against_the_protocol",
    [
        framed(0xC1, b"reserved bit"),
        framed(0x83, b"unknown opcode"),
        framed(MORE, b"continues nothing"),
        framed(BEGUN, b"begun") + framed(PING, b"") + framed(TEXT, b"another one inside"),
        framed(PING, b"x" * 126),
    ],
    ids=["reserved", "opcode", "continuation", "text-inside-a-text", "long-ping"],
)
def test_what_is_against_the_protocol_is_refused_as_the_library_does(against_the_protocol: bytes) -> None:
    with reading([framed(TEXT, b"one") + against_the_protocol]) as reader:
        assert reader.texts() == [b"one"]
        with pytest.raises(websocket.WebSocketProtocolException):
            all_of(reader)


FRAMES = st.lists(
    st.one_of(
        st.tuples(st.just(TEXT), st.binary(max_size=300)),
        st.tuples(st.sampled_from([PING, PONG]), st.binary(max_size=20)),
        st.tuples(st.just(BINARY), st.binary(max_size=20)),
    ),
    max_size=12,
)


@settings(max_examples=60)
@given(FRAMES, st.data())
def test_wherever_the_bytes_are_cut_the_same_is_heard(frames: list[tuple[int, bytes]], data: st.DataObject) -> None:
    wire = b"".join(framed(first, payload) for first, payload in frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=6)))
    pieces = [wire[start:end] for start, end in zip([0, *cuts], [*cuts, len(wire)], strict=True)]
    with reading(pieces) as reader:
        assert all_of(reader) == [(first & 0x0F, payload) for first, payload in frames]
