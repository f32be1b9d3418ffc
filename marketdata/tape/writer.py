"""Writes the tape: a bounded queue that any thread fills, and one loop that packs it into files of bounded size."""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path

import msgspec

from common.clock import Clock
from common.loop import Loop
from common.tape import SUFFIX, TapeHead, TapeRecord, head_bytes, record_bytes
from marketdata.tape.blocks import packed
from marketdata.tape.folder import tapes_in

log = logging.getLogger(__name__)

RECORD_BYTES = 200
"""The room that a record takes in the queue besides its payloads."""
SILENT_SECONDS = 30.0


@dataclass(frozen=True)
class TapeLimits:
    """The bounds of the tape.

    total_bytes: the most that all files may take on the disk; the oldest ones are removed first.
    file_bytes: a file that has grown so large is followed by another one.
    file_seconds: so is one that is so old.
    block_bytes: the size of a block before it is packed.
    queue_bytes: the most that may wait to be written; more is dropped and counted.
    every: the seconds between two writes. A kill loses at most what came since the last one.
    """

    total_bytes: int = 2 * 2**30
    file_bytes: int = 64 * 2**20
    file_seconds: float = 3600.0
    block_bytes: int = 256 * 2**10
    queue_bytes: int = 32 * 2**20
    every: float = 1.0


@dataclass
class TapeCounters:
    """Counts since the start.

    written: frames and calls on the tape, by link.
    dropped: those that are not, by link: the queue was full, or the tape is off.
    errors: writes that failed.
    """

    written: Counter[str]
    dropped: Counter[str]
    errors: int = 0


class TapeWriter:
    """Records into a folder. A write that fails turns the tape off until the next start: the feed must not suffer.

    loop: writes what waits.
    counters: the counts so far.
    off: why nothing is recorded any more; empty while the tape runs.
    """

    def __init__(self, folder: Path, head: Callable[[float], TapeHead], limits: TapeLimits, clock: Clock) -> None:
        """`head` returns the first line of a file that begins at a unix time."""
        self.counters = TapeCounters(Counter(), Counter())
        self.off = ""
        self._folder, self._head, self._limits, self._clock = folder, head, limits, clock
        self._queue: deque[tuple[TapeRecord, Sequence[bytes]]] = deque()
        self._queued = 0
        self._closed = False
        self._missing: Counter[str] = Counter()
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._file: FileIO | None = None
        self._file_bytes, self._file_at = 0, 0.0
        self._older_bytes = 0
        self.loop = Loop("tape", self._write, every=limits.every, silent_after=SILENT_SECONDS)

    def knows(self, link: str) -> None:
        """Has the counts of a link begin at zero."""
        self.counters.written[link] += 0
        self.counters.dropped[link] += 0

    def now(self) -> tuple[float, float]:
        """Returns the time in seconds of the monotonic clock, and in unix seconds."""
        return self._clock.monotonic(), self._clock.unix()

    def put(self, record: TapeRecord, payloads: Sequence[bytes]) -> None:
        """Takes one record, from any thread, and never waits for the disk. Drops it when too much waits already."""
        size = RECORD_BYTES + sum(map(len, payloads))
        with self._lock:
            if self._closed:
                return
            if self.off or self._queued + size > self._limits.queue_bytes:
                self._missing[record.link] += 1
                self.counters.dropped[record.link] += len(payloads) if record.kind == "in" else 1
                return
            self._mark_holes()
            self._queue.append((record, payloads))
            before, self._queued = self._queued, self._queued + size
        wakes = self._limits.queue_bytes // 8
        if before < wakes <= before + size:
            self.loop.wake()

    def row(self) -> dict[str, object]:
        """Returns how the tape does, for /v1/feeds."""
        return {"recording": not self.off, "reason": self.off, "dropped": self.counters.dropped.total()}

    def disk_bytes(self) -> int:
        """Returns the size of all tapes on the disk."""
        return self._older_bytes + self._file_bytes

    def close(self) -> None:
        """Writes what waits, and ends the file. Nothing is recorded or counted after it."""
        with self._lock:
            self._closed = True
        self._write()
        with self._writing:
            self._end_file()

    def _mark_holes(self) -> None:
        """Notes where records are missing, before the first one that is kept again."""
        if self._missing:
            at, unix = self.now()
            self._queue.extend((TapeRecord("hole", link, at, unix, missing=n), ()) for link, n in self._missing.items())
            self._missing.clear()

    def _write(self) -> None:
        with self._writing:
            if self.off:
                return
            with self._lock:
                self._mark_holes()
                waiting, self._queue, self._queued = self._queue, deque(), 0
            try:
                self._pack(waiting)
            except Exception as error:  # whatever it is, the feed goes on
                self._failed(error, waiting)

    def _pack(self, waiting: deque[tuple[TapeRecord, Sequence[bytes]]]) -> None:
        """Writes records in blocks. A record leaves `waiting` once it is on the disk."""
        while waiting:
            block, size, written = [], 0, Counter[str]()
            for record, payloads in waiting:
                sizes = tuple(map(len, payloads))
                block.append(record_bytes(msgspec.structs.replace(record, sizes=sizes) if sizes else record, payloads))
                size += len(block[-1])
                written[record.link] += len(sizes) if record.kind == "in" else 1
                if size >= self._limits.block_bytes:
                    break
            self._append(b"".join(block), waiting[0][0].unix)
            self.counters.written.update(written)
            for _ in block:
                waiting.popleft()

    def _append(self, block: bytes, began: float) -> None:
        now, limits = self._clock.monotonic(), self._limits
        if self._file_bytes >= limits.file_bytes or now - self._file_at >= limits.file_seconds:
            self._end_file()
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file, self._file_at = _created(self._folder, began), now
            self._older_bytes = sum(path.stat().st_size for path in self._older())
            block = head_bytes(self._head(began)) + block
        content = packed(block)
        if self.disk_bytes() + len(content) > limits.total_bytes:
            self._make_room(len(content))
        rest = memoryview(content)
        while rest:  # a disk that fills up takes a part first
            rest = rest[self._file.write(rest) :]
        self._file_bytes += len(content)

    def _older(self) -> list[Path]:
        present = None if self._file is None else Path(self._file.name)
        return [path for path in tapes_in(self._folder) if path != present]

    def _make_room(self, more: int) -> None:
        """Removes the oldest files until there is room for so many bytes more; the present file stays."""
        older = self._older()
        sizes = {path: path.stat().st_size for path in older}
        while older and sum(sizes.values()) + self._file_bytes + more > self._limits.total_bytes:
            del sizes[older[0]]
            older.pop(0).unlink(missing_ok=True)
        self._older_bytes = sum(sizes.values())

    def _end_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._older_bytes, self._file_bytes, self._file = self._older_bytes + self._file_bytes, 0, None

    def _failed(self, error: Exception, waiting: deque[tuple[TapeRecord, Sequence[bytes]]]) -> None:
        with self._lock:
            self.off = f"{type(error).__name__}: {error}"
            for record, payloads in (*waiting, *self._queue):
                self.counters.dropped[record.link] += len(payloads) if record.kind == "in" else 1
            self._queue.clear()
            self._queued = 0
        self.counters.errors += 1
        log.error("the tape is off: it can't be written", exc_info=error, extra={"reason": self.off})
        try:
            if self._file is not None:
                self._file.truncate(self._file_bytes)  # the block that did not fit
            self._end_file()
        except OSError:
            self._file = None


def _created(folder: Path, unix: float) -> FileIO:
    """Returns a new file whose name is its beginning in UTC, so that names sort by time."""
    while True:
        try:
            return (folder / f"{datetime.fromtimestamp(unix, UTC):%Y%m%dt%H%M%S.%f}z{SUFFIX}").open("xb", buffering=0)
        except FileExistsError:
            unix += 1e-6
