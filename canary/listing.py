"""The packages of a folder as a list: name, size, time, verdict and place in the chain."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from canary.archive import NotCanonicalError, unpacked
from canary.files import read_bounded
from canary.package import REPORT, STATEMENT
from canary.seal import Opened, SealError, opened
from canary.verdict import VERDICTS
from common import wire

NAME = re.compile(r"canary_[0-9A-Za-z.+-]{1,40}_([0-9]{8}T[0-9]{6}Z)\.zip")
LARGEST_LISTED = 32 * 2**20
"""A larger package is not looked into: the list is made within the memory of a scrape."""


class PackageEntry(wire.Message, frozen=True, kw_only=True):
    """One package of the folder, as `GET /v1/evidence` lists it.

    name: the file's name.
    size: in bytes.
    created: the time in its name, UTC.
    verdict: the verdict in its report; None when that can't be read.
    sequence: its place in the chain; None for one that is not in it, such as one that an earlier version wrote.
    """

    name: str
    size: int
    created: datetime
    verdict: str | None
    sequence: int | None


class _ReportHead(msgspec.Struct, frozen=True):
    """The one field of a report that the list shows.

    verdict: PASS, FAIL or INCONCLUSIVE.
    """

    verdict: str


class _Head(NamedTuple):
    """The verdict and the envelope of a package; None for what can't be read."""

    verdict: str | None
    envelope: Opened | None


class PackageList:
    """Lists the packages of a folder. What was read of a file is kept until the file is another."""

    def __init__(self, folder: Path, holds: Callable[[Opened], bool]) -> None:
        self._folder = folder
        self._holds = holds
        self._known: dict[tuple[str, int, int], tuple[str | None, int | None]] = {}

    def packages(self) -> list[PackageEntry]:
        """Returns all packages, newest first."""
        kept: dict[tuple[str, int, int], tuple[str | None, int | None]] = {}
        found = []
        for path in self._folder.glob("canary_*.zip"):
            stamp = NAME.fullmatch(path.name)
            try:
                created = datetime.strptime(stamp[1] + "+0000", "%Y%m%dT%H%M%SZ%z") if stamp else None
                state = path.lstat()
            except (OSError, ValueError):
                continue
            if created is None or not stat.S_ISREG(state.st_mode):
                continue
            key = (path.name, state.st_mtime_ns, state.st_size)
            kept[key] = verdict, sequence = self._known.get(key) or self._read(path, state.st_size)
            found.append(
                PackageEntry(name=path.name, size=state.st_size, created=created, verdict=verdict, sequence=sequence)
            )
        self._known = kept
        return sorted(found, key=lambda one: (one.created, one.name), reverse=True)

    def _read(self, path: Path, size: int) -> tuple[str | None, int | None]:
        head = head_of(path) if size <= LARGEST_LISTED else _Head(None, None)
        held = head.envelope is not None and self._holds(head.envelope)
        return head.verdict, head.envelope.entry.link.sequence if head.envelope and held else None


def head_of(path: Path) -> _Head:
    """Returns the verdict and the envelope of the package at `path`."""
    try:
        files = unpacked(read_bounded(path, LARGEST_LISTED))
    except (OSError, NotCanonicalError):
        return _Head(None, None)
    verdict, envelope = None, None
    with suppress(msgspec.MsgspecError):
        verdict = msgspec.json.decode(files.get(REPORT, b""), type=_ReportHead).verdict
    with suppress(SealError):
        envelope = opened(files.get(STATEMENT, b""))
    return _Head(verdict if verdict in VERDICTS else None, envelope)
