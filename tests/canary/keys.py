"""Keys for tests: the same ones each time, so that the same content gives the same bytes."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner

from canary.seal import public_of

_DER = bytes.fromhex("302e020100300506032b657004220420")


def pem(name: str = "first") -> bytes:
    body = base64.b64encode(_DER + hashlib.sha256(name.encode()).digest()).decode()
    return f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n".encode()


def signer(name: str = "first") -> CryptoSigner:
    return CryptoSigner(Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest()))


def key_file(folder: Path, name: str = "first") -> Path:
    """A private key beside `folder`, in a folder of its own."""
    path = folder.with_name(f"{folder.name}-key") / "key.pem"
    path.parent.mkdir(exist_ok=True)
    if not path.exists():
        path.write_bytes(pem(name))
    return path


PUBLIC = public_of(signer())
