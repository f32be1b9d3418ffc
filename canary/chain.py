"""The chain of evidence: entries 0, 1, 2 … of which each names the digest of the one before it (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import NamedTuple

from canary.seal import Opened
from canary.statement import PackageStatement, RootStatement, TombstoneStatement
from canary.trust import Trust, TrustError, root_fault, trust_of_roots

HOURLY = timedelta(hours=1)
_LATE = timedelta(minutes=10)


class Head(NamedTuple):
    """An entry of the chain that somebody noted where its writer can't reach.

    sequence: its sequence.
    digest: the SHA-256 digest of its envelope, in hexadecimal.
    """

    sequence: int
    digest: str


def link_faults(entries: Sequence[Opened]) -> Iterator[str]:
    """Yields where the entries, sorted by sequence, are no chain without a gap that is signed by its own keys."""
    expected, before = 0, None
    root: RootStatement | None = None
    for one in entries:
        link = one.entry.link
        if link.sequence > expected:
            yield f"{_entries(expected, link.sequence - 1)} missing"
        elif link.sequence < expected:
            yield f"entry {link.sequence} comes twice: there are two histories"
        if before is not None and link.sequence == expected and link.previous != before.digest:
            yield f"entry {link.sequence} does not follow on entry {expected - 1}: it is of another history"
        if isinstance(one.entry, RootStatement):
            fault = root_fault(root, one.entry)
            root = one.entry
        else:
            fault = _signer_fault(one, root)
        if fault is not None:
            yield fault
        expected, before = link.sequence + 1, one


def trust_faults(entries: Sequence[Opened], trust: Trust) -> Iterator[str]:
    """Yields where a chain whose links hold is not the one that the given keys vouch for."""
    roots = [one for one in entries if isinstance(one.entry, RootStatement)]
    try:
        own = trust_of_roots(roots)
    except TrustError as error:
        yield str(error)
        return
    if not trust.roots:
        if not {key.public for key in own.keys} & {key.public for key in trust.keys}:
            yield f"it is signed by {', '.join(key.keyid for key in own.keys)}, not by the key that was given"
    else:
        for given, found in zip(trust.roots, roots, strict=False):
            if given.digest != found.digest:
                yield f"its root {found.entry.link.sequence} is not that of the trust file: it is another history"
                return
        for given in trust.roots[len(roots) :]:
            yield f"the root {given.entry.link.sequence} of the trust file is not in it: its tail was cut"
    longest = own if len(own.roots) >= len(trust.roots) else trust
    for one in entries:
        if (why := longest.refusal(one)) is not None:
            yield f"entry {one.entry.link.sequence}: {why}"


def head_faults(entries: Sequence[Opened], head: Head) -> Iterator[str]:
    """Yields that the noted entry is not in the chain."""
    found = next((one for one in entries if one.entry.link.sequence == head.sequence), None)
    if found is None:
        yield f"entry {head.sequence}, the head that was given, is missing: the tail was cut"
    elif found.digest != head.digest:
        yield f"entry {head.sequence} is another than the head that was given: it is another history"


def tombstone_faults(entries: Sequence[Opened]) -> Iterator[str]:
    """Yields where a tombstone names an entry that is no package before it, or another digest."""
    by_sequence = {one.entry.link.sequence: one for one in entries}
    for one in entries:
        if not isinstance(one.entry, TombstoneStatement):
            continue
        here = one.entry.link.sequence
        if len(one.entry.subject) != len(one.entry.predicate.sequences):
            yield f"tombstone {here} has another number of packages than of sequences"
        for subject, sequence in zip(one.entry.subject, one.entry.predicate.sequences, strict=False):
            if sequence is None:
                continue
            buried = by_sequence.get(sequence)
            if buried is None or sequence >= here or not isinstance(buried.entry, PackageStatement):
                yield f"tombstone {here} names entry {sequence}, which is no package before it"
            elif subject.digest != {"sha256": buried.digest}:
                yield f"tombstone {here} names another digest of entry {sequence}"


def buried(entries: Sequence[Opened]) -> set[int]:
    """Returns the sequences of the packages whose files were removed with a tombstone."""
    tombstones = [one.entry for one in entries if isinstance(one.entry, TombstoneStatement)]
    return {sequence for one in tombstones for sequence in one.predicate.sequences if sequence is not None}


def missed_hours(entries: Sequence[Opened]) -> Iterator[str]:
    """Yields each time of more than an hour and ten minutes without a package, and each time that goes back."""
    packages = [one.entry for one in entries if isinstance(one.entry, PackageStatement)]
    for one, other in pairwise(packages):
        start, end = one.link.written_at, other.link.written_at
        if end < start:
            yield f"entry {other.link.sequence} is earlier than entry {one.link.sequence}: the clock was set back"
        elif end - start > HOURLY + _LATE:
            missed = (end - start) // HOURLY
            yield f"no package from {start:%Y-%m-%dT%H:%M:%SZ} to {end:%Y-%m-%dT%H:%M:%SZ}: {missed} hours missed"


def _signer_fault(one: Opened, root: RootStatement | None) -> str | None:
    link = one.entry.link
    if root is None or link.key != root.predicate.keys[-1].public:
        return f"entry {link.sequence} is signed by another key than the chain's, {one.keyids[0]}"
    return None


def _entries(first: int, last: int) -> str:
    return f"entry {first} is" if first == last else f"entries {first} to {last} are"
