"""The tapes in a folder: what they hold, and a span of them cut out into one file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from common.tape import SUFFIX, Taped, TapeError, TapeFile, TapeHead, TapeRecord, head_bytes, record_bytes
from marketdata.tape.blocks import packed

BLOCK_BYTES = 256 * 2**10
_TIMES = re.compile(r"\d{9,}")
"""The times in the query of a call. Two calls that differ in them alone ask for the same thing."""


@dataclass
class TapeSummary:
    """One tape, read to its end.

    path: its file.
    size: its size in bytes.
    head: its first line.
    first, last: the unix times of its first and its last record; None when it has none.
    records: its records by link.
    missing: records that holes stand for.
    damage: why the reading ended before the file did; empty while it did not.
    """

    path: Path
    size: int
    head: TapeHead
    first: float | None
    last: float | None
    records: dict[str, int]
    missing: int
    damage: str


def tapes_in(folder: Path) -> list[Path]:
    """Returns the tapes of a folder, the oldest first. A folder that is not there has none."""
    return sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else []


def readable(folder: Path) -> tuple[list[TapeFile], list[str]]:
    """Returns the tapes of a folder, the oldest first, and a sentence for each file that is none.

    A kill, or a writer that has just begun, leaves a file without a whole block.
    """
    tapes: list[TapeFile] = []
    faults: list[str] = []
    for path in tapes_in(folder):
        try:
            tapes.append(TapeFile(path))
        except (TapeError, FileNotFoundError) as error:  # the writer may just have removed it
            faults.append(str(error))
    return tapes, faults


def summary(tape: TapeFile) -> TapeSummary:
    """Reads a tape to its end. Raises `OSError`."""
    found = TapeSummary(tape.path, tape.path.stat().st_size, tape.head, None, None, {}, 0, "")
    for taped in tape.records():
        record = taped.record
        found.first = record.unix if found.first is None else found.first
        found.last = record.unix
        found.records[record.link] = found.records.get(record.link, 0) + 1
        found.missing += record.missing
    found.damage = tape.damage
    return found


@dataclass(frozen=True)
class CutOut:
    """A span that was cut out.

    records: the records in it, without those that lead in.
    lead: the records before it that lead in.
    unopened: the sockets that were open when the span began, and whose opening is on no tape.
    unread: a sentence for each file that could not be read.
    """

    records: int
    lead: int
    unopened: tuple[str, ...]
    unread: tuple[str, ...] = ()


def cut(folder: Path, begin: float, end: float, out: BinaryIO) -> CutOut:
    """Writes the records of a span of unix seconds into one tape. Raises `TapeError` for an empty span, and `OSError`.

    A replay needs what led up to the span. So the tape begins with everything since each open socket was opened, and
    with the newest answer to each call before the span.
    """
    found, unread = readable(folder)
    tapes = [tape for tape in found if tape.head.began <= end]
    lead = _Lead()
    for place, taped in _numbered(tapes):
        if taped.record.unix < begin:
            lead.note(place, taped.record)
        elif taped.record.unix <= end:
            break
    else:
        raise TapeError("no tape has a record of that span")
    head = next(tape.head for tape in reversed(tapes) if tape.head.began <= begin or tape is tapes[0])
    head = msgspec.structs.replace(head, began=begin, lead_until=begin)
    records = before = 0
    block = bytearray(head_bytes(head))
    for place, taped in _numbered(tapes):
        early = taped.record.unix < begin
        if taped.record.unix > end or (early and not lead.needs(place, taped.record)):
            continue
        before, records = before + early, records + (not early)
        block += record_bytes(taped.record, taped.payloads)
        if len(block) >= BLOCK_BYTES:
            out.write(packed(bytes(block)))
            block.clear()
    out.write(packed(bytes(block)))
    return CutOut(records, before, tuple(sorted(lead.unopened())), tuple(unread))


class _Lead:
    """Finds the records before a span that a replay of it needs. A place is the number of a record."""

    def __init__(self) -> None:
        self._opened: dict[str, int | None] = {}
        self._answers: dict[tuple[str, str, str], int] = {}

    def note(self, place: int, record: TapeRecord) -> None:
        """Notes one record before the span."""
        if record.kind == "call":
            if record.status is not None and record.status < 300:
                self._answers[record.link, record.method, _TIMES.sub("", record.path)] = place
        elif record.kind == "opened":
            self._opened[record.link] = place
        elif record.kind == "closed":
            self._opened.pop(record.link, None)
        elif record.kind != "hole":
            self._opened.setdefault(record.link, None)

    def needs(self, place: int, record: TapeRecord) -> bool:
        """Returns true for a record before the span that belongs into the lead."""
        if record.kind == "call":
            return place in self._answers.values()
        opened = self._opened.get(record.link)
        return opened is not None and place >= opened

    def unopened(self) -> list[str]:
        """Returns the sockets that were open, and whose opening was not seen."""
        return [link for link, place in self._opened.items() if place is None]


def _numbered(tapes: list[TapeFile]) -> Iterator[tuple[int, Taped]]:
    return enumerate(taped for tape in tapes for taped in tape.records())
