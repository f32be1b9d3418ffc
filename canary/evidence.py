"""The folder of evidence packages: each is in the chain, written once; the oldest get a tombstone when it is full."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from canary.chainfolder import ChainFolder
from canary.files import rename_durably
from canary.keys import CannotSign, KeyFile
from canary.listing import NAME, PackageEntry, PackageList, head_of
from canary.package import Draft
from canary.seal import Opened
from canary.sealing import Stamp, sealed_package, without_authority
from canary.statement import FORM, Removal, Resource, TombstoneStatement
from common import VERSION, wire
from common.errors import InvalidRequest, NotFound
from common.files import TEMPORARY_PREFIX, replace_durably

log = logging.getLogger(__name__)

MOST_PACKAGES = 200
MOST_BYTES = 200 * 10**6
LEFTOVER_SECONDS = 3600.0
"""A temporary file that is older than this belongs to a process that was killed while it wrote."""
PENDING_PREFIX = ".pending-"
"""A package whose envelope may not be in the chain yet. The next write gives it its name, or removes it."""
_PRUNED = ".canary-pruned.json"
_SLACK = 20
"""When the folder is full, a twentieth of it goes at once: fewer tombstones."""
_MOST_REMOVED = 500


class EvidenceStore:
    """The packages in `folder`, and their chain. Several processes may write: one waits for the other."""

    def __init__(
        self,
        folder: Path,
        key: Path,
        stamp: Stamp = without_authority,
        *,
        most_packages: int = MOST_PACKAGES,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        """`stamp` dates each package. Nothing that it does keeps a package from being written."""
        self.folder = folder
        self.chain = ChainFolder(folder, KeyFile(key))
        self._stamp = stamp
        self._most_packages = most_packages
        self._most_bytes = most_bytes
        self._listing = PackageList(folder, self._is_in_the_chain)

    def trouble(self) -> str | None:
        """Returns why no package can be written now; None when one can."""
        try:
            with tempfile.NamedTemporaryFile(prefix=TEMPORARY_PREFIX, dir=self.folder) as file:
                file.write(b"x")
        except OSError as error:
            return f"{self.folder} can't be written ({os.strerror(error.errno) if error.errno else 'unknown'})"
        return self.chain.trouble()

    def write(self, draft: Draft, at: datetime) -> Path:
        """Seals a package, stores it durably and returns its path. Raises OSError and CannotSign; nothing is unsigned.

        When the name of this second is taken, the package gets the name of the next free one. A kill at any moment
        leaves a chain without a gap and without a fork: the package waits under another name until its envelope is
        in the chain, and the next write finishes what this one left.
        """
        with self.chain.locked():
            self._remove_leftovers()
            self._repair()
            link, signer = self.chain.next_link(at)
            content, envelope = sealed_package(draft, link, signer, self._stamp)
            path = self._free_path(draft.report.version, at)
            pending = path.with_name(PENDING_PREFIX + path.name)
            replace_durably(pending, content, mode=0o444)
            self.chain.keep(envelope)
            rename_durably(pending, path)
            self._prune(path, at)
        return path

    def packages(self) -> list[PackageEntry]:
        """Returns all packages, newest first."""
        return self._listing.packages()

    def path_of(self, name: str) -> Path:
        """Returns the path of a package.

        Raises `InvalidRequest` for a name that no package can have, and `NotFound` when there is no such package.
        """
        if not NAME.fullmatch(name):
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

    def _remove_leftovers(self) -> None:
        for path in self.folder.glob(f"{TEMPORARY_PREFIX}*"):
            try:
                if time.time() - path.lstat().st_mtime > LEFTOVER_SECONDS:
                    path.unlink()
            except OSError:
                log.debug("a temporary file can't be removed", extra={"file": path.name})

    def _repair(self) -> None:
        """Finishes what a killed writer left: a package without its name, or files that a tombstone has named."""
        for pending in self.folder.glob(f"{PENDING_PREFIX}canary_*.zip"):
            envelope = head_of(pending).envelope
            if envelope is not None and self.chain.holds(envelope):
                rename_durably(pending, self.folder / pending.name.removeprefix(PENDING_PREFIX))
            else:
                pending.unlink()
        head = self.chain.head()
        if head is not None and isinstance(head.entry, TombstoneStatement):
            self._unlink(head.entry)

    def _free_path(self, version: str, at: datetime) -> Path:
        while True:
            path = self.folder / f"canary_{version}_{at:%Y%m%dT%H%M%SZ}.zip"
            if not os.path.lexists(path):
                return path
            at += timedelta(seconds=1)

    def _is_in_the_chain(self, envelope: Opened) -> bool:
        try:
            return self.chain.holds(envelope)
        except CannotSign:
            return False

    def _prune(self, written: Path, at: datetime) -> None:
        """Removes the oldest packages until the folder is within its bounds; never the one just written."""
        removed = [one for one in self._beyond_the_bounds() if one.name != written.name][:_MOST_REMOVED]
        if not removed:
            return
        link, signer = self.chain.next_link(at)
        tombstone = TombstoneStatement(
            form=FORM,
            subject=tuple(self._removed(one) for one in removed),
            predicate=Removal(
                link=link,
                sequences=tuple(one.sequence for one in removed),
                removed_by=f"the retention of canary {VERSION}",
                reason=f"the folder holds at most {self._most_packages} packages and {self._most_bytes} bytes",
            ),
        )
        self.chain.append(tombstone, signer)
        self._unlink(tombstone)
        replace_durably(self.folder / _PRUNED, wire.encode(self.pruned() + len(removed)), mode=0o644)

    def _beyond_the_bounds(self) -> Iterator[PackageEntry]:
        kept = self.packages()
        count, size = len(kept), sum(one.size for one in kept)
        if count <= self._most_packages and size <= self._most_bytes:
            return
        most, most_bytes = self._most_packages, self._most_bytes
        for oldest in reversed(kept):
            if count <= most - most // _SLACK and size <= most_bytes - most_bytes // _SLACK:
                return
            yield oldest
            count, size = count - 1, size - oldest.size

    def _removed(self, one: PackageEntry) -> Resource:
        """Returns a package's name with the digest of its envelope, or of the file where it was never signed."""
        envelope = None if one.sequence is None else head_of(self.folder / one.name).envelope
        if envelope is not None:
            return Resource(name=one.name, digest={"sha256": envelope.digest})
        with (self.folder / one.name).open("rb") as file:
            return Resource(name=one.name, digest={"sha256": hashlib.file_digest(file, "sha256").hexdigest()})

    def _unlink(self, tombstone: TombstoneStatement) -> None:
        for one in tombstone.subject:
            if NAME.fullmatch(one.name) and (path := self.folder / one.name).exists():
                path.unlink()
                log.warning("an old evidence package was removed to make room", extra={"package": one.name})
