"""Checks a folder of evidence: every package in it, and the chain that they are in."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from canary.archive import MOST_BYTES
from canary.chain import Head, buried, head_faults, link_faults, missed_hours, tombstone_faults, trust_faults
from canary.chainfolder import FOLDER, NAME
from canary.evidence import PENDING_PREFIX
from canary.files import read_bounded
from canary.seal import MOST_BYTES as MOST_ENVELOPE_BYTES
from canary.seal import Opened, SealError, opened
from canary.statement import PackageStatement, RootStatement
from canary.timestamp import Authority
from canary.trust import Trust
from canary.verifying.package import check_package, is_unsigned
from common.files import TEMPORARY_PREFIX

_FEW, _CHUNK, _MOST_WORKERS = 50, 8, 8
_PACKAGES = (f"{PENDING_PREFIX}canary_*.zip", "canary_*.zip")


class FolderCheck(NamedTuple):
    """The findings about a folder.

    faults: one sentence for each fault; none for a chain that is whole, with packages as they were written.
    notes: what a reader should know beside that, such as hours without a package.
    packages: how many packages in the chain have their file here.
    head: the last entry; None without a chain.
    keyid: the key that signed it; None without a chain.
    vouched: true when a key that was given vouches for the chain.
    """

    faults: tuple[str, ...]
    notes: tuple[str, ...] = ()
    packages: int = 0
    head: Head | None = None
    keyid: str | None = None
    vouched: bool = False


class _Look(NamedTuple):
    """The findings about one package: its faults, its notes, and its place in the chain."""

    name: str
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    entry: Head | None = None
    unsigned: bool = False


def check_folder(folder: Path, trust: Trust | None, head: Head | None, roots: str | None = None) -> FolderCheck:
    """Returns everything that is wrong with a folder. It raises nothing: what can't be read is a fault.

    roots: the certificates of the timestamp authority in PEM, which each package must lead to; None for none.
    """
    try:
        return _check(folder, trust, head, roots)
    except Exception as error:
        return FolderCheck((f"it can't be read: {type(error).__name__}: {error!s:.200}",))


def _check(folder: Path, trust: Trust | None, head: Head | None, roots: str | None) -> FolderCheck:
    faults: list[str] = []
    entries = sorted(_entries(folder / FOLDER, faults), key=lambda one: one.entry.link.sequence)
    if not entries:
        faults.append(f"there is no chain: {FOLDER}/ has no envelope, and nobody can say which packages are missing")
        return FolderCheck(tuple(faults))
    faults += [*link_faults(entries), *tombstone_faults(entries)]
    if trust is not None:
        faults += trust_faults(entries, trust)
    if head is not None:
        faults += head_faults(entries, head)
    notes: list[str] = []
    seen = _check_packages(_looks(_packages(folder), roots), entries, faults, notes)
    last = entries[-1]
    end = Head(last.entry.link.sequence, last.digest)
    notes += missed_hours(entries)
    if head is None or head.sequence < end.sequence:
        notes.append(f"nothing is known after entry {end.sequence}: only a noted --head shows that the tail was cut")
    return FolderCheck(tuple(faults), tuple(notes), len(seen), end, last.keyids[-1], trust is not None)


def _entries(folder: Path, faults: list[str]) -> Iterator[Opened]:
    """Yields the envelopes; of packages and tombstones without their bytes, which nobody needs any more."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name.startswith(TEMPORARY_PREFIX):
            continue
        match = NAME.fullmatch(path.name)
        try:
            one = opened(read_bounded(path, MOST_ENVELOPE_BYTES))
        except (OSError, SealError) as error:
            faults.append(f"{FOLDER}/{path.name}: {error}")
            continue
        if match is None or int(match[1]) != one.entry.link.sequence:
            faults.append(f"{FOLDER}/{path.name} has the name of another entry than {one.entry.link.sequence}")
        yield one if isinstance(one.entry, RootStatement) else one._replace(content=b"")


def _packages(folder: Path) -> list[Path]:
    return sorted(path for pattern in _PACKAGES for path in folder.glob(pattern))


def _check_packages(looks: Iterable[_Look], entries: Sequence[Opened], faults: list[str], notes: list[str]) -> set[int]:
    """Adds the faults of each package, and of those that are not there. Returns the sequences that are."""
    digests = {one.entry.link.sequence: one.digest for one in entries}
    gone, seen, told = buried(entries), set[int](), dict[str, int]()
    for one in looks:
        faults += [f"{one.name}: {fault}" for fault in one.faults]
        if one.unsigned:
            notes.append(f"{one.name} is not in the chain: it has no statement, as those that earlier versions wrote")
        if one.entry is not None:
            sequence, digest = one.entry
            if one.name.startswith(PENDING_PREFIX) and sequence not in digests:
                notes.append(f"{one.name} was never in the chain: its writer was killed, and the next write removes it")
                continue
            if digests.get(sequence) != digest:
                faults.append(f"{one.name}: it says that it is entry {sequence}, but the chain has another one there")
            elif sequence in gone:
                notes.append(f"{one.name} is there, although a tombstone says that it was removed")
            seen.add(sequence)
        for note in one.notes:
            told[note] = told.get(note, 0) + 1
    notes += [f"{note} ({count} packages)" for note, count in told.items()]
    for each in entries:
        sequence = each.entry.link.sequence
        if isinstance(each.entry, PackageStatement) and sequence not in seen and sequence not in gone:
            faults.append(f"the package of entry {sequence} is missing, and no tombstone tells of it")
    return seen


def _looks(paths: Sequence[Path], roots: str | None) -> Iterator[_Look]:
    """Yields the check of each package, in order: of many by as many processes as the machine has processors."""
    workers, look = min(os.cpu_count() or 1, _MOST_WORKERS), partial(_look, roots)
    if len(paths) < _FEW or workers == 1:
        yield from map(look, paths)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(look, paths, chunksize=_CHUNK)


def _look(roots: str | None, path: Path) -> _Look:
    try:
        content = read_bounded(path, MOST_BYTES)
    except OSError as error:
        return _Look(path.name, (str(error),))
    if is_unsigned(content):
        return _Look(path.name, unsigned=True)
    check = check_package(content, None, _authority(roots) if roots else None)
    entry = Head(check.envelope.entry.link.sequence, check.envelope.digest) if check.envelope else None
    return _Look(path.name, check.faults, check.notes, entry)


@lru_cache(maxsize=1)
def _authority(roots: str) -> Authority:
    return Authority.read(roots)
