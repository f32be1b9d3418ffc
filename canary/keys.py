"""The private key that signs the evidence: a file that `init` makes, and that a rotation replaces."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from securesystemslib.signer import CryptoSigner

from canary.seal import public_of
from common.files import replace_durably

MOST_BYTES = 16_384


class CannotSign(Exception):
    """Evidence can't be signed now. The message says why, and never has a part of a key."""


class KeyFile:
    """The private key at `path`, and beside it the one that a rotation makes, until the chain names it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._next = path.with_name(f"{path.name}.next")

    def signer(self, public: str | None = None) -> CryptoSigner:
        """Returns the signer. Raises CannotSign.

        `public` is the key that the chain goes on with. When the file holds another one, a rotation was interrupted
        after the chain had named the new key: the new key then takes the file's place. None stands for any key.
        """
        if public is not None and self._next.exists():
            waiting = _read(self._next)
            if public_of(waiting) == public:
                self._take_next()
                return waiting
        signer = _read(self.path)
        if public not in (None, public_of(signer)):
            told = f"{self.path} holds key {signer.public_key.keyid}, but the chain goes on with another one"
            raise CannotSign(f"{told}: put the right key back, or move chain/ and the packages away")
        return signer

    def make_next(self) -> CryptoSigner:
        """Makes the key of a rotation and writes it beside the present one. Raises CannotSign."""
        signer = CryptoSigner.generate_ed25519()
        try:
            replace_durably(self._next, signer.private_bytes, mode=0o400)
        except OSError as error:
            raise CannotSign(f"{self._next} can't be written ({_reason(error)})") from None
        return signer

    def _take_next(self) -> None:
        try:
            self._next.replace(self.path)
        except OSError as error:
            raise CannotSign(f"{self.path} can't be replaced ({_reason(error)})") from None


def public_key_in(content: bytes) -> str:
    """Returns the Ed25519 public key in a PEM file, as 64 hexadecimal digits. Raises ValueError."""
    key = load_pem_public_key(content)
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("it is no Ed25519 public key in PEM")  # noqa: TRY004 - the file is wrong, not the program
    return key.public_bytes_raw().hex()


def _read(path: Path) -> CryptoSigner:
    try:
        with path.open("rb") as file:
            key = load_pem_private_key(file.read(MOST_BYTES), None)
    except OSError as error:
        raise CannotSign(f"the key {path} can't be read ({_reason(error)})") from None
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise CannotSign(f"{path} is no Ed25519 private key in PEM without a password")
    return CryptoSigner(key)


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else "unknown"
