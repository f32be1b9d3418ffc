"""Verifiers: a service compares a caller's token with its SHA-256, so that it need not hold the token."""

from __future__ import annotations

import hashlib
import hmac


def verifier_of(token: str) -> str:
    """Returns the SHA-256 of the token in lower-case hex. It needs no salt: nobody guesses 256 random bits."""
    return hashlib.sha256(token.encode()).hexdigest()


def proves(token: str, verifier: str) -> bool:
    """Returns true when the verifier is that of the token; compares in constant time.

    An empty token and an empty verifier prove nothing.
    """
    if not token or not verifier:
        return False
    return hmac.compare_digest(verifier_of(token).encode(), verifier.encode())
