"""websocket-client's socket, read in large pieces: a burst of short frames costs one system call, not two a frame."""

from __future__ import annotations

import contextlib

from websocket import WebSocket, WebSocketConnectionClosedException, WebSocketTimeoutException

PIECE_BYTES = 64 * 1024
_WHOLE_TEXT = 0x81
_LONGEST_SHORT, _TWO_BYTES_OF_LENGTH = 125, 126


class ReadAhead(WebSocket):
    """Cuts whole text frames straight out of the bytes that have come.

    The library reads everything else from the same bytes: control frames, fragments, masked frames, frames of 64 KiB
    and more, frames whose end has not come yet, and breaches of the protocol. Source of the frame's layout: RFC 6455,
    section 5.2.
    """

    def __init__(self) -> None:
        super().__init__(skip_utf8_validation=True)
        self._room = memoryview(bytearray(PIECE_BYTES))  # a buffer anew for each piece would leave holes in the heap
        self._ahead, self._at = b"", 0

    def texts(self) -> list[bytes]:
        """Returns the payloads of the text frames that have come whole, in order, up to the first frame of another
        kind.

        Returns none when the next frame is of another kind: `recv_data_frame` reads that one. Waits without limit while
        nothing at all comes: the socket's timeout is for a frame that has begun. Raises as the library does.
        """
        while self._at == len(self._ahead):
            with contextlib.suppress(WebSocketTimeoutException):
                self._refill()
        found: list[bytes] = []
        if self.cont_frame.recving_frames:  # no new text may begin inside of a fragmented one
            return found
        came, at, end = self._ahead, self._at, len(self._ahead)
        while at + 2 <= end and came[at] == _WHOLE_TEXT:
            size, start = came[at + 1], at + 2
            if size == _TWO_BYTES_OF_LENGTH and start + 2 <= end:
                size, start = int.from_bytes(came[start : start + 2], "big"), start + 2
            elif size > _LONGEST_SHORT:
                break
            if start + size > end:
                break
            at = start + size
            found.append(came[start:at])
        self._at = at
        return found

    def _recv(self, bufsize: int) -> bytes:
        """Gives the library its bytes once the upgrade was read."""
        if self._at == len(self._ahead):
            self._refill()
        piece = self._ahead[self._at : self._at + bufsize]
        self._at += len(piece)
        return piece

    def _refill(self) -> None:
        sock = self.sock
        if sock is None:
            raise WebSocketConnectionClosedException("the socket is closed")
        try:
            size = sock.recv_into(self._room)
        except TimeoutError as error:
            raise WebSocketTimeoutException(str(error)) from error
        if not size:
            raise WebSocketConnectionClosedException("the peer ended the connection")
        self._ahead, self._at = bytes(self._room[:size]), 0
