"""AlgoLab's cryptography: AES for the texts that a person types, and the Checker that signs a request."""

from __future__ import annotations

import base64
import hashlib

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

HOST = "https://www.algolab.com.tr"
KEY_PREFIX = "API-"
_NO_VECTOR = bytes(16)


def checker(api_key: str, endpoint: str, body: str) -> str:
    """Returns the header Checker: hex SHA-256 of key, host, endpoint and the body as JSON without spaces."""
    return hashlib.sha256(f"{api_key}{HOST}{endpoint}{body}".encode()).hexdigest()


def decrypted(api_key: str, text: str) -> str:
    """Returns the text in base64 of AES-CBC with the key in `api_key`, a zero vector and PKCS7. Raises `ValueError`."""
    cipher = Cipher(algorithms.AES(key_bytes(api_key)), modes.CBC(_NO_VECTOR)).decryptor()
    padded = cipher.update(base64.b64decode(text, validate=True)) + cipher.finalize()
    unpadder = padding.PKCS7(128).unpadder()
    return (unpadder.update(padded) + unpadder.finalize()).decode("utf-8")


def key_bytes(api_key: str) -> bytes:
    """Returns the AES key in an API key. Raises `ValueError` when there is none."""
    try:
        key = base64.b64decode(api_key.removeprefix(KEY_PREFIX), validate=True)
    except ValueError:
        key = b""
    if not api_key.startswith(KEY_PREFIX) or len(key) not in (16, 24, 32):
        raise ValueError(f"an API key must be {KEY_PREFIX} and base64 of 16, 24 or 32 bytes")
    return key
