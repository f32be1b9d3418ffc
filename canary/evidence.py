"""The folder of evidence packages: written once, never changed, listed, and the oldest removed when it is full."""

from __future__ import annotations

import fcntl
import logging
import os
import re
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from canary.archive import NotCanonicalError, unpacked
from canary.package import REPORT, read_bytes
from canary.verdict import VERDICTS
from common import wire
from common.errors import InvalidRequest, NotFound
from common.files import TEMPORARY_PREFIX, replace_durably

log = logging.getLogger(__name__)

MOST_PACKAGES = 200
MOST_BYTES = 200 * 10**6
LEFTOVER_SECONDS = 3600.0
"""A temporary file that is older than this belongs to a process that was killed while it wrote."""
_NAME = re.compile(r"canary_[0-9A-Za-z.+-]{1,40}_([0-9]{8}T[0-9]{6}Z)\.zip")
_LOCK = ".canary-lock"
_PRUNED = ".canary-pruned.json"
_LARGEST_LISTED = 32 * 2**20
"""The verdict of a larger package is not looked up: the list is made within the memory of a scrape."""
_Verdicts = dict[tuple[str, int, int], str | None]


class PackageEntry(wire.Message, frozen=True, kw_only=True):
    """One package of the folder, as `GET /v1/evidence` lists it.

    name: the file's name.
    size: in bytes.
    created: the time in its name, UTC.
    verdict: the verdict in its report; None when that can't be read.
    """

    name: str
    size: int
    created: datetime
    verdict: str | None


class _ReportHead(msgspec.Struct, frozen=True):
    """The one field of a report that the list shows.

    verdict: PASS, FAIL or INCONCLUSIVE.
    """

    verdict: str


class EvidenceStore:
    """The packages in `folder`. Several processes may write: a lock on a file in it lets one write at a time."""

    def __init__(self, folder: Path, *, most_packages: int = MOST_PACKAGES, most_bytes: int = MOST_BYTES) -> None:
        self.folder = folder
        self._most_packages = most_packages
        self._most_bytes = most_bytes
        self._verdicts: _Verdicts = {}

    def trouble(self) -> str | None:
        """Returns why no file can be written to the folder now; None when one can."""
        try:
            with tempfile.NamedTemporaryFile(prefix=TEMPORARY_PREFIX, dir=self.folder) as file:
                file.write(b"x")
        except OSError as error:
            return f"{self.folder} can't be written ({os.strerror(error.errno) if error.errno else 'unknown'})"
        return None

    def write(self, content: bytes, version: str, at: datetime) -> Path:
        """Stores one package durably and returns its path. Raises OSError.

        When the name of this second is taken, the package gets the name of the next free one.
        """
        with self._locked():
            self._remove_leftovers()
            path = self._free_path(version, at)
            replace_durably(path, content, mode=0o444)
            self._prune(path)
        return path

    def packages(self) -> list[PackageEntry]:
        """Returns all packages, newest first."""
        verdicts: _Verdicts = {}
        found = [one for path in self.folder.glob("canary_*.zip") if (one := self._entry(path, verdicts)) is not None]
        self._verdicts = verdicts
        return sorted(found, key=lambda one: (one.created, one.name), reverse=True)

    def path_of(self, name: str) -> Path:
        """Returns the path of a package.

        Raises `InvalidRequest` for a name that no package can have, and `NotFound` when there is no such package.
        """
        if not _NAME.fullmatch(name):
            raise InvalidRequest("name", "must be canary_<version>_<YYYYMMDDTHHMMSSZ>.zip")
        path = self.folder / name
        if path.is_symlink() or not path.is_file():
            raise NotFound("there is no such package", name=name)
        return path

    def pruned(self) -> int:
        """Returns how many packages were removed to make room, since the folder exists."""
        try:
            return msgspec.json.decode((self.folder / _PRUNED).read_bytes(), type=int)
        except (OSError, msgspec.DecodeError):
            return 0

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.folder / _LOCK).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _remove_leftovers(self) -> None:
        for path in self.folder.glob(f"{TEMPORARY_PREFIX}*"):
            try:
                if time.time() - path.lstat().st_mtime > LEFTOVER_SECONDS:
                    path.unlink()
            except OSError:
                log.debug("a temporary file can't be removed", extra={"file": path.name})

    def _free_path(self, version: str, at: datetime) -> Path:
        while True:
            path = self.folder / f"canary_{version}_{at:%Y%m%dT%H%M%SZ}.zip"
            if not os.path.lexists(path):
                return path
            at += timedelta(seconds=1)

    def _entry(self, path: Path, verdicts: _Verdicts) -> PackageEntry | None:
        """Returns the package at `path`; None for anything else. Fills `verdicts`, so that a report is read once."""
        stamp = _NAME.fullmatch(path.name)
        try:
            created = datetime.strptime(stamp[1] + "+0000", "%Y%m%dT%H%M%SZ%z") if stamp else None
            state = path.lstat()
        except (OSError, ValueError):
            return None
        if created is None or not stat.S_ISREG(state.st_mode):
            return None
        key = (path.name, state.st_mtime_ns, state.st_size)
        known = self._verdicts
        verdicts[key] = known[key] if key in known else _read_verdict(path, state.st_size)
        return PackageEntry(name=path.name, size=state.st_size, created=created, verdict=verdicts[key])

    def _prune(self, written: Path) -> None:
        """Removes the oldest packages until the folder is within its bounds; never the one just written."""
        kept = self.packages()
        removed = 0
        while kept and (len(kept) > self._most_packages or sum(one.size for one in kept) > self._most_bytes):
            oldest = kept.pop()
            if oldest.name == written.name:
                break
            (self.folder / oldest.name).unlink(missing_ok=True)
            log.warning("an old evidence package was removed to make room", extra={"package": oldest.name})
            removed += 1
        if removed:
            replace_durably(self.folder / _PRUNED, wire.encode(self.pruned() + removed), mode=0o644)


def _read_verdict(path: Path, size: int) -> str | None:
    if size > _LARGEST_LISTED:
        return None
    try:
        verdict = msgspec.json.decode(unpacked(read_bytes(path))[REPORT], type=_ReportHead).verdict
    except (OSError, NotCanonicalError, KeyError, msgspec.MsgspecError):
        return None
    return verdict if verdict in VERDICTS else None
