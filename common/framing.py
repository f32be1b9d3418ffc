"""Finds the end of an HTTP/1.1 request in the bytes that have come so far. Source: RFC 9112, sections 2, 6 and 7.1."""

from __future__ import annotations

import re

MAX_HEAD_BYTES = 32 * 1024
MAX_BODY_BYTES = 64 * 1024
MAX_CHUNKED_BYTES = 2 * MAX_BODY_BYTES
"""A body in chunks, with the lines between them."""
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?")
_LONGEST_CHUNK_LINE = 4096
_MOST_LENGTH_DIGITS = 15


class BadFraming(Exception):
    """The bytes are no request whose end can be found; the connection can't be used any further."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Framing:
    """Gathers the bytes of one request, and tells when it is whole.

    A body whose length is given and larger than `MAX_BODY_BYTES` counts as whole at once: the application refuses it
    without reading it.

    received: the bytes so far, of this request and perhaps of the next one.
    too_large: true when the request counts as whole although its body has not come; the connection must end after it.
    """

    def __init__(self) -> None:
        self.received = bytearray()
        self.too_large = False
        self._searched = 0
        self._body_at = 0
        self._end: int | None = None
        self._chunk_at: int | None = None

    def feed(self, data: bytes) -> int | None:
        """Adds bytes; returns the length of the request once it is whole, else None. Raises `BadFraming`."""
        self.received += data
        if not self._body_at and not self._find_body():
            return None
        if self._chunk_at is not None and self._end is None:
            self._walk_chunks()
        return self._end if self._end is not None and len(self.received) >= self._end else None

    def remove_expectation(self) -> bool:
        """Returns true once when the client waits for `100 Continue` before it sends the body.

        The header is then taken out, because the server would otherwise send the line once more.
        """
        head = bytes(self.received[: self._body_at])
        found = re.search(rb"\r\n(?i:expect):[ \t]*(?i:100-continue)[ \t]*(?=\r\n)", head)
        if not self._body_at or found is None:
            return False
        del self.received[found.start() : found.end()]
        removed = found.end() - found.start()
        self._body_at -= removed
        self._end = None if self._end is None else self._end - removed
        self._chunk_at = None if self._chunk_at is None else self._chunk_at - removed
        return True

    def _find_body(self) -> bool:
        """Reads the head once all of it is there; returns true then."""
        at = self.received.find(b"\r\n\r\n", max(0, self._searched - 3))
        self._searched = len(self.received)
        if at < 0:
            if b"\n\n" in self.received[-MAX_HEAD_BYTES:]:
                raise BadFraming(400, "lines must end with CR LF")
            if len(self.received) > MAX_HEAD_BYTES:
                raise BadFraming(431, f"the head of a request must be at most {MAX_HEAD_BYTES} bytes")
            return False
        if at + 4 > MAX_HEAD_BYTES:
            raise BadFraming(431, f"the head of a request must be at most {MAX_HEAD_BYTES} bytes")
        self._body_at = at + 4
        self._read_head(bytes(self.received[:at]))
        return True

    def _read_head(self, head: bytes) -> None:
        """Finds out how the body ends. Raises `BadFraming` where two readers could find two ends."""
        lengths, codings = [], []
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                lengths.append(value.strip(b" \t"))
            elif name.lower() == b"transfer-encoding":
                codings.append(value.strip(b" \t").lower())
        if len(lengths) + len(codings) > 1:
            raise BadFraming(400, "Content-Length or Transfer-Encoding must be given once, and only one of them")
        if codings:
            if codings != [b"chunked"]:
                raise BadFraming(400, "Transfer-Encoding must be chunked")
            self._chunk_at = self._body_at
            return
        length = lengths[0] if lengths else b"0"
        if not length.isdigit():
            raise BadFraming(400, "Content-Length must be a whole number")
        self.too_large = len(length) > _MOST_LENGTH_DIGITS or int(length) > MAX_BODY_BYTES
        self._end = self._body_at + (0 if self.too_large else int(length))

    def _walk_chunks(self) -> None:
        """Steps over the chunks that have come, from where it ended the last time."""
        assert self._chunk_at is not None  # noqa: S101 - the caller has seen to it
        while (line_end := self.received.find(b"\r\n", self._chunk_at)) >= 0:
            line = bytes(self.received[self._chunk_at : line_end])
            found = _CHUNK_SIZE.fullmatch(line) if len(line) <= _LONGEST_CHUNK_LINE else None
            if found is None:
                raise BadFraming(400, "the size of a chunk must be a hexadecimal number")
            size = int(found[1], 16)
            if size == 0:
                self._find_trailers_end(line_end)
                return
            after = line_end + 2 + size
            if after - self._body_at > MAX_CHUNKED_BYTES:
                raise BadFraming(413, f"a body must be at most {MAX_BODY_BYTES} bytes")
            if len(self.received) < after + 2:
                return
            if self.received[after : after + 2] != b"\r\n":
                raise BadFraming(400, "a chunk must be as long as it says, and end with CR LF")
            self._chunk_at = after + 2
        if len(self.received) - self._chunk_at > _LONGEST_CHUNK_LINE:
            raise BadFraming(400, "the size of a chunk must be a hexadecimal number")

    def _find_trailers_end(self, last_line_end: int) -> None:
        if len(self.received) - last_line_end > MAX_HEAD_BYTES:
            raise BadFraming(431, f"what follows the last chunk must be at most {MAX_HEAD_BYTES} bytes")
        if self.received[last_line_end + 2 : last_line_end + 4] == b"\r\n":
            self._end = last_line_end + 4
        elif (at := self.received.find(b"\r\n\r\n", last_line_end)) >= 0:
            self._end = at + 4
