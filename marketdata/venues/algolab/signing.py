"""Signs AlgoLab's calls and encrypts its secrets. Pure. Source: the broker's public document 1.0.5."""

from __future__ import annotations

import base64
import binascii
import hashlib

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

HOSTNAME = "https://www.algolab.com.tr"
"""Part of every signature, whatever the address that is really connected to."""
KEY_PREFIX = "API-"
SOCKET_PATH = "/ws"


def checker(api_key: str, path: str, body: str = "", *, doubled: bool = False) -> str:
    """Returns the `Checker` header: 64 hexadecimal digits.

    It is the SHA-256 of the key, the hostname, the path as the document names it (such as `/api/GetEquityInfo`) and the
    body. The document's example repeats `/api` as the URL does (`doubled`); the code that people use does not.
    """
    prefix = "/api" if doubled else ""
    return hashlib.sha256(f"{api_key}{HOSTNAME}{prefix}{path}{body}".encode()).hexdigest()


def encrypt(api_key: str, text: str) -> str:
    """Returns the base64 of AES-CBC under the key's bytes, with a zero IV and PKCS7 padding, as the broker demands.

    Raises `ValueError` for a key that is not `API-` and 16, 24 or 32 bytes in base64.
    """
    padder = PKCS7(algorithms.AES.block_size).padder()
    padded = padder.update(text.encode()) + padder.finalize()
    encryptor = Cipher(algorithms.AES(_key_bytes(api_key)), modes.CBC(bytes(16))).encryptor()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def key_fault(api_key: str) -> str | None:
    """Returns the fault in the form of an API key, or None."""
    try:
        _key_bytes(api_key)
    except ValueError as error:
        return str(error)
    return None


def fingerprint(api_key: str) -> str:
    """Returns a name for a key that does not reveal it."""
    return hashlib.sha256(b"fingerprint " + api_key.encode()).hexdigest()[:16]


def _key_bytes(api_key: str) -> bytes:
    if not api_key.startswith(KEY_PREFIX):
        raise ValueError(f"the API key must begin with {KEY_PREFIX}")
    try:
        key = base64.b64decode(api_key.removeprefix(KEY_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("the API key must be base64 after its prefix") from None
    if len(key) not in (16, 24, 32):
        raise ValueError(f"the API key must hold 16, 24 or 32 bytes, not {len(key)}")
    return key
