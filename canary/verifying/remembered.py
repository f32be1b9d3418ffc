"""The canary's own checks of its packages, each remembered until the file is another."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from canary.evidence import EvidenceStore
from canary.files import read_bounded
from canary.keys import CannotSign
from canary.listing import LARGEST_LISTED, PackageEntry
from canary.verifying.package import check_package, is_unsigned

Verified = Literal["whole", "faulty", "unsigned", "unchecked"]
SECONDS = 0.5
"""The time that one list may spend on checks. What is not checked yet is said to be so, and the next list goes on."""


class PackageRow(PackageEntry, frozen=True, kw_only=True):
    """One package with what the canary's own check found. Somebody who trusts nobody checks it with `verify`.

    verified: whole, faulty, unsigned for one of an earlier version, or unchecked.
    fault: the first fault; None for a package that has none.
    """

    verified: Verified
    fault: str | None


class Verification(NamedTuple):
    """The outcome of one check.

    verified: whole, faulty, unsigned or unchecked.
    fault: the first fault; None for a package that has none.
    """

    verified: Verified
    fault: str | None


class Verifications:
    """Checks packages under the chain's own keys. Any thread may ask; a list never waits for another one's checks."""

    def __init__(self, evidence: EvidenceStore) -> None:
        self._evidence = evidence
        self._known: dict[tuple[str, int, int], Verification] = {}
        self._checking = threading.Lock()

    def rows(self) -> list[PackageRow]:
        """Returns all packages, newest first, with what is known of each within a short time."""
        entries = self._evidence.packages()
        found: dict[str, Verification] = {}
        own = self._checking.acquire(blocking=False)
        try:
            end = time.monotonic() + SECONDS if own else 0.0
            for one in entries:
                path = self._evidence.folder / one.name
                found[one.name] = self._of(path, one.sequence, check=time.monotonic() < end)
        finally:
            if own:
                self._checking.release()
        names = {one.name for one in entries}
        for key in [key for key in self._known.copy() if key[0] not in names]:
            self._known.pop(key, None)
        return [PackageRow(**msgspec.structs.asdict(one), **found[one.name]._asdict()) for one in entries]

    def verified(self, path: Path) -> Verification:
        """Returns the outcome of a check of the package at `path`."""
        listed = {one.name: one.sequence for one in self._evidence.packages()}
        return self._of(path, listed.get(path.name), check=True)

    def _of(self, path: Path, sequence: int | None, *, check: bool) -> Verification:
        try:
            state = path.lstat()
            key = (path.name, state.st_mtime_ns, state.st_size)
            if key not in self._known and check:
                self._known[key] = self._check(path, sequence)
        except OSError as error:
            return Verification("unchecked", f"it can't be read: {error.strerror}")
        return self._known.get(key) or Verification("unchecked", None)

    def _check(self, path: Path, sequence: int | None) -> Verification:
        if path.stat().st_size > LARGEST_LISTED:
            return Verification("unchecked", f"it has more than {LARGEST_LISTED} bytes: check it with verify")
        content = read_bounded(path, LARGEST_LISTED)
        if is_unsigned(content):
            return Verification("unsigned", "an earlier version wrote it, before packages were signed")
        try:
            found = check_package(content, self._evidence.chain.trust())
        except CannotSign as error:
            return Verification("unchecked", str(error))
        faults = found.faults or (("it is not in the chain",) if sequence is None else ())
        return Verification("faulty", faults[0]) if faults else Verification("whole", None)
