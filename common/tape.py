"""The tape: a file of what came over the wire and what went out. This is its format, and its reader."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

import msgspec

from common.moments import LATEST

VERSION = 1
SUFFIX = ".tape.gz"
MOST_BLOCK_BYTES = 64 * 2**20
"""The most that one block may unpack to; a larger one is no tape of ours."""
PIECE_BYTES = 64 * 1024
_GZIP = 16 + zlib.MAX_WBITS

RecordKind = Literal["opened", "in", "heartbeat", "out", "closed", "call", "hole"]
"""opened, closed: a socket. in: frames that came. out: a frame that was sent. heartbeat: a ping or pong that came.
call: a REST call. hole: records that are missing here."""


class TapeError(Exception):
    """A file is no tape that this program can read. The message says why."""


UnixSeconds = Annotated[float, msgspec.Meta(ge=0.0, lt=LATEST.timestamp())]
MonotonicSeconds = Annotated[float, msgspec.Meta(ge=-1e10, le=1e10)]


class TapeHead(msgspec.Struct, frozen=True, omit_defaults=True):
    """The first line of a tape.

    tape: the version of the format.
    spark: the version of the program that wrote it.
    market: the market that was followed, `simulated` or `live`.
    began: when the file begins, in unix seconds.
    lead_until: the unix time up to which the records only lead in to a span that was cut out; None for none.
    settings: the settings of what was followed, by variable.
    """

    tape: int
    spark: str
    market: str
    began: UnixSeconds
    lead_until: UnixSeconds | None = None
    settings: dict[str, str] = {}


class TapeRecord(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The line of one record. Its payloads follow it.

    kind: what it is.
    link: the socket or the client of REST calls that it is of.
    at: when it was, in seconds of the monotonic clock. A call is of when it was answered.
    unix: the same in unix seconds.
    sizes: the length of each payload in bytes: frames; or the body of a call and that of its answer.
    method, path: of a call; the path has its query.
    asked: when a call was asked for, before it waited for its budget, in seconds of the monotonic clock; None for other
        records.
    status: the HTTP status of a call's answer; None without an answer.
    headers: the headers of the answer that are kept.
    reason: why a socket ended, or a call brought nothing.
    missing: the records that a hole stands for.
    """

    kind: RecordKind
    link: str
    at: MonotonicSeconds
    unix: UnixSeconds
    sizes: tuple[int, ...] = ()
    method: str = ""
    path: str = ""
    asked: MonotonicSeconds | None = None
    status: int | None = None
    headers: dict[str, str] = {}
    reason: str = ""
    missing: int = 0


@dataclass(frozen=True)
class Taped:
    """One record with its payloads.

    record: its line.
    payloads: frames; or the body of a call and that of its answer.
    """

    record: TapeRecord
    payloads: tuple[bytes, ...] = ()


_encode = msgspec.json.Encoder().encode
_head, _record = msgspec.json.Decoder(TapeHead), msgspec.json.Decoder(TapeRecord)


def head_bytes(head: TapeHead) -> bytes:
    """Returns the first line of a tape."""
    return _encode(head) + b"\n"


def record_bytes(record: TapeRecord, payloads: Iterable[bytes] = ()) -> bytes:
    """Returns a record as it stands on a tape: its line, then each payload with a line break."""
    return b"\n".join((_encode(record), *payloads, b""))


class TapeFile:
    """Reads a tape from its beginning. Only whole blocks are believed.

    path: the file.
    head: its first line.
    damage: why the reading ended before the file did; empty while it did not.
    """

    def __init__(self, path: Path) -> None:
        """Raises `TapeError` for a file that is no tape, and `OSError`."""
        self.damage = ""
        self.path = path
        first = next(self._blocks(), b"")
        line = first.partition(b"\n")[0]
        try:
            self.head = _head.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise TapeError(f"{path.name} is no tape: {self.damage or str(error)[:200]}") from error
        if self.head.tape != VERSION:
            raise TapeError(f"{path.name} is of version {self.head.tape}; this program reads version {VERSION}")

    def records(self) -> Iterator[Taped]:
        """Yields every record up to the end, or up to the damage. Raises `OSError`."""
        self.damage = ""
        blocks = self._blocks()
        first = next(blocks, b"")
        try:
            yield from _records(first[first.find(b"\n") + 1 :])
            for block in blocks:
                yield from _records(block)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, TapeError) as error:
            self.damage = f"a block holds something else than records: {str(error)[:200]}"

    def _blocks(self) -> Iterator[bytes]:
        """Yields each block that is whole; the checksum of every one is compared."""
        with self.path.open("rb") as file:
            left, at = file.read(PIECE_BYTES), 0
            while left:
                try:
                    block, left = _unpacked(left, file)
                except (zlib.error, TapeError) as error:
                    self.damage = f"the block at byte {at} is damaged or cut off: {error}"
                    return
                yield block
                left = left or file.read(PIECE_BYTES)
                at = file.tell() - len(left)


def _unpacked(came: bytes, file: BinaryIO) -> tuple[bytes, bytes]:
    """Returns the block that `came` begins with, and the bytes after it. Reads on in the file as far as it must."""
    unpack, block = zlib.decompressobj(_GZIP), bytearray()
    while not unpack.eof:
        block += unpack.decompress(came, MOST_BLOCK_BYTES + 1 - len(block))
        if len(block) > MOST_BLOCK_BYTES:
            raise TapeError("it is too large")
        came = unpack.unconsumed_tail
        if not came and not unpack.eof:
            came = file.read(PIECE_BYTES)
            if not came:
                raise TapeError("it has no end")
    return bytes(block), unpack.unused_data


def _records(block: bytes) -> Iterator[Taped]:
    at = 0
    while at < len(block):
        end = block.find(b"\n", at)
        record, at = _record.decode(block[at:end]), end + 1
        payloads = []
        for size in record.sizes:
            if size < 0 or block[at + size : at + size + 1] != b"\n":
                raise TapeError("a payload does not end where its line says")
            payloads.append(block[at : at + size])
            at += size + 1
        yield Taped(record, tuple(payloads))
