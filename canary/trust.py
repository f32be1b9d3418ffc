"""The keys that a verifier trusts: a trust file, which names every key of a chain, or one public key (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from canary.seal import EnvelopeForm, Opened, SealError, key_of, opened
from canary.spelling import SpellingError, read_spelled
from canary.statement import FORM, ChainLink, KeyRecord, KeySet, Resource, RootStatement, signers_of
from common import wire


class TrustError(ValueError):
    """The keys can't be trusted: the file is no trust file, or a root does not follow from the one before it."""


class TrustFile(wire.Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The content of a trust file. It has public keys alone.

    version: the version of its last root.
    roots: the envelope of each root, oldest first. Each but the first is signed by the key before and by its own.
    """

    version: int
    roots: tuple[EnvelopeForm, ...]


class Trust(NamedTuple):
    """The keys of one chain, as somebody outside it vouches for them.

    keys: every key with the sequences that it may sign.
    roots: the roots that name them; empty where one public key was given alone.
    """

    keys: tuple[KeyRecord, ...]
    roots: tuple[Opened, ...] = ()

    @property
    def fingerprint(self) -> str | None:
        """The digest of the first root, by which people compare trust files; None for a key alone."""
        return self.roots[0].digest if self.roots else None

    def refusal(self, one: Opened) -> str | None:
        """Returns why the signature of an entry counts for nothing; None when a trusted key gave it."""
        link = one.entry.link
        if isinstance(one.entry, RootStatement) and self.roots:
            known = any(root.digest == one.digest for root in self.roots)
            return None if known else f"the root {link.sequence} is not one of those that were given"
        record = next((each for each in self.keys if each.public in signers_of(one.entry)), None)
        if record is None:
            return f"it is signed by key {one.keyids[0]}, which is not one of the keys that were given"
        if record.revoked_since is not None and link.sequence >= record.revoked_since:
            return f"its key {record.keyid} is revoked since entry {record.revoked_since}"
        if not record.first <= link.sequence <= (link.sequence if record.last is None else record.last):
            last = "now" if record.last is None else record.last
            return f"its key {record.keyid} signs entries {record.first} to {last}, not {link.sequence}"
        before = next((root for root in self.roots if root.entry.link.sequence == link.sequence - 1), None)
        if before is not None and link.previous != before.digest:
            return f"it does not follow on the root {link.sequence - 1} of the trust file: it is of another chain"
        return None


def trust_of_file(content: bytes) -> Trust:
    """Returns the keys of a trust file. Raises TrustError with the first thing that is wrong with it."""
    try:
        file = read_spelled(TrustFile, content, trust_bytes_of)
        roots = [opened(wire.encode(form)) for form in file.roots]
    except (SpellingError, SealError) as error:
        raise TrustError(f"it is no trust file: {error}") from None
    if not roots or file.version != len(roots):
        raise TrustError(f"it says version {file.version}, but has {len(roots)} roots")
    return trust_of_roots(roots)


def trust_of_roots(roots: Sequence[Opened]) -> Trust:
    """Returns the keys that these roots name, oldest root first. Raises TrustError when one does not follow."""
    before: RootStatement | None = None
    for one in roots:
        if not isinstance(one.entry, RootStatement):
            raise TrustError(f"entry {one.entry.link.sequence} is no root")
        if (fault := root_fault(before, one.entry)) is not None:
            raise TrustError(fault)
        before = one.entry
    return Trust(before.predicate.keys if before else (), tuple(roots))


def trust_of_key(public: str) -> Trust:
    """Returns the trust in one key for every sequence. Raises SealError."""
    keyid = key_of(public).keyid
    return Trust((KeyRecord(keyid=keyid, public=public, first=0, last=None, revoked_since=None),))


def trust_bytes(roots: Sequence[Opened]) -> bytes:
    """Returns the bytes of the trust file with these roots."""
    forms = tuple(msgspec.json.decode(one.content, type=EnvelopeForm) for one in roots)
    return trust_bytes_of(TrustFile(version=len(roots), roots=forms))


def trust_bytes_of(file: TrustFile) -> bytes:
    """Returns the bytes of a trust file."""
    return wire.encode(file) + b"\n"


def first_root(public: str, at: datetime) -> RootStatement:
    """Returns the statement that a chain begins with: sequence 0, which names its first key."""
    key = KeyRecord(keyid=key_of(public).keyid, public=public, first=0, last=None, revoked_since=None)
    return _root(ChainLink(sequence=0, previous=None, written_at=at, key=public), 1, (key,))


def next_root(keys: Sequence[KeyRecord], link: ChainLink, public: str, revoked_since: int | None) -> RootStatement:
    """Returns the root after the one with these keys: it makes `public` the key that signs from the link's sequence on.

    `revoked_since` is the sequence from which on the last of `keys` counts for nothing; None when it was only replaced.
    """
    *older, old = keys
    ended = msgspec.structs.replace(old, last=link.sequence - 1, revoked_since=revoked_since)
    key = KeyRecord(keyid=key_of(public).keyid, public=public, first=link.sequence, last=None, revoked_since=None)
    return _root(link, len(keys) + 1, (*older, ended, key))


def root_fault(before: RootStatement | None, now: RootStatement) -> str | None:
    """Returns why a root does not follow from the one before it; None when it does."""
    link, keys = now.link, now.predicate.keys
    if not keys:
        return f"the root {link.sequence} names no key"
    try:
        if before is None:
            expected = first_root(keys[-1].public, link.written_at)
        else:
            known = before.predicate.keys
            revoked = keys[-2].revoked_since if len(keys) > 1 else None
            expected = next_root(known, link, keys[-1].public, revoked)
            if link.key != known[-1].public:
                return f"the root {link.sequence} is not signed by the key before it, {known[-1].keyid}"
            if keys[-1].public in {key.public for key in known}:
                return f"the root {link.sequence} names a key that was there before"
    except SealError as error:
        return str(error)
    return None if now == expected else f"the root {link.sequence} does not follow from the one before it"


def _root(link: ChainLink, version: int, keys: tuple[KeyRecord, ...]) -> RootStatement:
    subject = tuple(Resource(name=f"key {key.first}", digest={"sha256": key.keyid}) for key in keys)
    return RootStatement(form=FORM, subject=subject, predicate=KeySet(link=link, version=version, keys=keys))
