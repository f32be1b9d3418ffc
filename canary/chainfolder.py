"""The chain on the disk: one file for each envelope, kept for ever, and the key that signs the next one."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from securesystemslib.signer import CryptoSigner

from canary.files import read_bounded
from canary.keys import CannotSign, KeyFile
from canary.seal import MOST_BYTES, Opened, SealError, opened, public_of, sealed
from canary.statement import ChainLink, Entry, PackageStatement, RootStatement, TombstoneStatement
from canary.trust import Trust, TrustError, first_root, next_root, trust_bytes, trust_of_roots
from common.files import replace_durably

FOLDER = "chain"
_LOCK = ".canary-lock"
_KINDS = {PackageStatement: "package", TombstoneStatement: "tombstone", RootStatement: "root"}
NAME = re.compile(r"([0-9]{8,12})\.(package|tombstone|root)\.json")


class ChainFolder:
    """The envelopes in `folder`/chain. Several processes may write: a lock on a file in `folder` lets one at a time."""

    def __init__(self, folder: Path, key: KeyFile) -> None:
        self.folder = folder
        self._key = key

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the lock. Everything that writes is called inside. Raises OSError."""
        with (self.folder / _LOCK).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def trouble(self) -> str | None:
        """Returns why no entry can be signed now; None when one can."""
        try:
            self._signer()
        except CannotSign as error:
            return str(error)
        return None

    def head(self) -> Opened | None:
        """Returns the last entry; None while the chain is empty. Raises CannotSign when it can't be read."""
        names = self._names()
        return self._read(names[max(names)]) if names else None

    def next_link(self, at: datetime) -> tuple[ChainLink, CryptoSigner]:
        """Returns the place of the next entry and its signer. An empty chain gets its first root. Raises CannotSign."""
        signer = self._signer()
        before = self.head() or self.append(first_root(public_of(signer), at), signer)
        sequence = before.entry.link.sequence + 1
        link = ChainLink(sequence=sequence, previous=before.digest, written_at=at, key=public_of(signer))
        return link, signer

    def append(self, entry: Entry, *signers: CryptoSigner) -> Opened:
        """Signs an entry and keeps its envelope durably. Raises OSError and CannotSign."""
        return self.keep(sealed(entry, signers))

    def keep(self, envelope: bytes) -> Opened:
        """Keeps an envelope durably. Raises OSError, and CannotSign for one that nobody could read."""
        try:
            one = opened(envelope)
        except SealError as error:
            raise CannotSign(f"the statement can't be kept: {error}") from None
        folder = self.folder / FOLDER
        folder.mkdir(exist_ok=True)
        replace_durably(folder / _name_of(one), envelope, mode=0o444)
        return one

    def holds(self, one: Opened) -> bool:
        """Returns true when this very entry is in the chain."""
        name = _name_of(one)
        return (self.folder / FOLDER / name).exists() and self._read(name).digest == one.digest

    def trust(self) -> Trust:
        """Returns the chain's own keys. Raises CannotSign when a root can't be read or does not follow."""
        names = sorted(name for name in self._names().values() if name.endswith(".root.json"))
        try:
            return trust_of_roots([self._read(name) for name in names])
        except TrustError as error:
            raise CannotSign(f"the chain can't be gone on with: {error}") from None

    def trust_file(self, at: datetime) -> bytes:
        """Returns the bytes of the trust file. An empty chain gets its first root. Raises CannotSign and OSError."""
        with self.locked():
            self.next_link(at)
            return trust_bytes(self.trust().roots)

    def rotate(self, at: datetime, revoked_since: int | None = None) -> Opened:
        """Makes a new key, names it in a root that the old and the new key sign, and goes on with it.

        A kill at any moment leaves a chain that the old key or the new one goes on with. `revoked_since` is the
        sequence from which on the old key counts for nothing. Raises CannotSign, OSError.
        """
        with self.locked():
            link, old = self.next_link(at)
            if revoked_since is not None and not 0 < revoked_since <= link.sequence:
                raise CannotSign(f"a key can be revoked since an entry of 1 to {link.sequence}, not {revoked_since}")
            new = self._key.make_next()
            root = self.append(next_root(self.trust().keys, link, public_of(new), revoked_since), old, new)
            self._signer()
        return root

    def _signer(self) -> CryptoSigner:
        keys = self.trust().keys
        return self._key.signer(keys[-1].public if keys else None)

    def _names(self) -> dict[int, str]:
        try:
            names = os.listdir(self.folder / FOLDER)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise CannotSign(f"{self.folder / FOLDER} can't be read ({error.strerror})") from None
        return {int(match[1]): name for name in names if (match := NAME.fullmatch(name))}

    def _read(self, name: str) -> Opened:
        try:
            return opened(read_bounded(self.folder / FOLDER / name, MOST_BYTES))
        except (OSError, SealError) as error:
            raise CannotSign(f"the chain can't be gone on with: {FOLDER}/{name}: {error}") from None


def _name_of(one: Opened) -> str:
    return f"{one.entry.link.sequence:08d}.{_KINDS[type(one.entry)]}.json"
