"""The end of a request is the same however its bytes are cut, and bytes after it stay where they are."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from common.framing import MAX_BODY_BYTES, MAX_HEAD_BYTES, BadFraming, Framing

HEAD = b"POST /body HTTP/1.1\r\nHost: x\r\n"
HEADERS = st.lists(
    st.tuples(st.from_regex(rb"X-[A-Za-z]{1,10}", fullmatch=True), st.from_regex(rb"[ -~]{0,30}", fullmatch=True)),
    max_size=4,
)


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """A whole request with no body, a body of a given length, or a body in chunks."""
    head = HEAD + b"".join(b"%s: %s\r\n" % header for header in draw(HEADERS))
    kind = draw(st.sampled_from(["none", "length", "chunks"]))
    if kind == "none":
        return head + b"\r\n"
    if kind == "length":
        body = draw(st.binary(max_size=200))
        return head + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    chunks = draw(st.lists(st.binary(min_size=1, max_size=60), max_size=5))
    extension = draw(st.sampled_from([b"", b";name=value", b" ; x"]))
    text = b"".join(b"%x%s\r\n%s\r\n" % (len(chunk), extension, chunk) for chunk in chunks)
    trailers = draw(st.sampled_from([b"", b"X-Sum: 1\r\n", b"A: 1\r\nB: 2\r\n"]))
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + text + b"0\r\n" + trailers + b"\r\n"


def _end(framing: Framing, data: bytes, cuts: list[int]) -> tuple[int, int]:
    """Feeds the data in pieces; returns the end that was found and how many bytes had come by then."""
    edges = sorted({cut % (len(data) + 1) for cut in cuts} - {0} | {len(data)})
    start = 0
    for edge in edges:
        found = framing.feed(data[start:edge])
        if found is not None:
            return found, edge
        start = edge
    raise AssertionError("the request is whole, and no end was found")


@given(requests(), st.binary(max_size=80), st.lists(st.integers(0, 10_000), max_size=40))
@example(HEAD + b"\r\n", b"", list(range(60)))
def test_the_end_is_the_same_however_the_bytes_are_cut_and_what_follows_stays(
    request: bytes, after: bytes, cuts: list[int]
) -> None:
    framing = Framing()
    end, come = _end(framing, request + after, cuts)
    assert end == len(request)
    assert bytes(framing.received) == (request + after)[:come]
    assert not framing.too_large


@given(requests(), st.integers(1, 400))
def test_a_request_that_lacks_its_last_bytes_is_not_whole(request: bytes, missing: int) -> None:
    assert Framing().feed(request[: max(0, len(request) - missing)]) is None


@given(requests())
def test_a_request_that_comes_byte_by_byte_is_whole_with_its_last_byte(request: bytes) -> None:
    framing = Framing()
    found = [framing.feed(request[at : at + 1]) for at in range(len(request))]
    assert found == [None] * (len(request) - 1) + [len(request)]


def test_a_body_that_is_too_large_counts_as_whole_before_it_has_come() -> None:
    framing = Framing()
    head = HEAD + b"Content-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1)
    assert framing.feed(head + b"abc") == len(head)
    assert framing.too_large
    assert Framing().feed(HEAD + b"Content-Length: %d\r\n\r\n" % MAX_BODY_BYTES) is None


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 3\r\nContent-Length: 4\r\n",
        b"Content-Length: 3\r\nContent-Length: 3\r\n",
        b"Content-Length: 3, 3\r\n",
        b"Content-Length:\r\n",
        b"Content-Length: +3\r\n",
        b"Content-Length: \xb3\r\n",
        b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\ntransfer-encoding: chunked\r\n",
        b"Transfer-Encoding: gzip\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding:\r\n",
        b"Content-Length: -3\r\n",
        b"Content-Length: three\r\n",
    ],
)
def test_a_head_in_which_two_readers_could_find_two_ends_is_refused(headers: bytes) -> None:
    with pytest.raises(BadFraming) as refused:
        Framing().feed(HEAD + headers + b"\r\nabc")
    assert refused.value.status == 400


@pytest.mark.parametrize("length", [b"9" * 16, b"9" * 5_000, b"0" * 20 + b"3"])
def test_a_length_of_too_many_digits_is_a_body_that_is_too_large(length: bytes) -> None:
    framing = Framing()
    head = HEAD + b"Content-Length: " + length + b"\r\n\r\n"
    assert framing.feed(head + b"abc") == len(head)
    assert framing.too_large


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (HEAD + b"X: " + b"y" * MAX_HEAD_BYTES, 431),
        (HEAD + b"X: " + b"y" * MAX_HEAD_BYTES + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\nHost: x\n\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * 5_000, 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nfffff\r\n", 413),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"x" * (MAX_HEAD_BYTES + 1), 431),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_bytes_that_are_no_request_are_refused_with_a_status(sent: bytes, status: int, size: int) -> None:
    framing = Framing()

    def feed() -> None:
        for start in range(0, len(sent), size):
            assert framing.feed(sent[start : start + size]) is None

    with pytest.raises(BadFraming) as refused:
        feed()
    assert refused.value.status == status


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=8))
def test_whatever_comes_in_place_of_chunks_ends_in_a_length_or_a_status(sent: bytes, cuts: list[int]) -> None:
    framing = Framing()
    assert framing.feed(HEAD + b"Transfer-Encoding: chunked\r\n\r\n") is None
    start, end, status = 0, None, 400
    for edge in (*sorted(cut for cut in cuts if cut < len(sent)), len(sent)):
        try:
            end = end or framing.feed(sent[start:edge])
        except BadFraming as refused:
            status = refused.status
            break
        start = edge
    assert end is None or end <= len(framing.received)
    assert status in (400, 413, 431)


@pytest.mark.parametrize(
    ("length", "body"), [(b"Content-Length: 3", b"abc"), (b"Transfer-Encoding: chunked", b"3\r\nabc\r\n0\r\n\r\n")]
)
def test_an_expectation_is_found_once_and_taken_out_of_the_request(length: bytes, body: bytes) -> None:
    framing = Framing()
    assert framing.feed(HEAD + b"Expect: 100-Continue\r\n" + length + b"\r\n\r\n") is None
    assert framing.remove_expectation()
    assert not framing.remove_expectation()
    without = HEAD + length + b"\r\n\r\n"
    assert bytes(framing.received) == without
    assert framing.feed(body + b"GET") == len(without) + len(body)


def test_without_an_expectation_nothing_is_taken_out() -> None:
    framing = Framing()
    framing.feed(HEAD + b"Content-Length: 3\r\nX-Note: expect: 100-continue\r\n\r\n")
    assert not framing.remove_expectation()
