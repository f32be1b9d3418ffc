"""Writes the secrets of the stack, each into a volume of its own, then ends. A secret that exists stays as it is.

With the argument `bist` it replaces the broker's credentials with three lines of standard input: API key, user name and
password.

It uses the standard library alone, also to write files: its image holds none of our other code. A volume is mounted
only where its secret is read. Inside those containers every user may read the file: the mount protects it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path


def random_token() -> str:
    """Returns 43 random characters that are safe in a URL."""
    return secrets.token_urlsafe(32)


def random_api_key() -> str:
    """Returns `API-` and 32 random bytes in base64, the form of the broker's keys, for the simulated broker."""
    return "API-" + base64.b64encode(secrets.token_bytes(32)).decode()


ROOT = Path("/secrets")
"""The folder that every volume is mounted in."""
BROKER = ("algolab/api_key", "algolab/username", "algolab/password")
"""The broker's credentials, in the order in which they are read."""
SECRETS: dict[str, Callable[[], str]] = {
    "ledger-owner/password": random_token,
    "ledger-executor/password": random_token,
    "operator/token": random_token,
    "alerts/alert_token": random_token,
    "grafana/admin_password": random_token,
    "algolab/api_key": random_api_key,
    "algolab/username": random_token,
    "algolab/password": random_token,
}

SCRAM_ITERATIONS = 4096
VERIFIERS = {
    "ledger-verifiers/owner": "ledger-owner/password",
    "ledger-verifiers/executor": "ledger-executor/password",
}
"""The file of each verifier that the database checks a password with, and the file of the password."""


def write_once(path: Path, make: Callable[[], str]) -> bool:
    """Writes a new secret to `path` unless it holds one; returns true when it was written."""
    if path.exists() and path.stat().st_size > 0:
        return False
    write(path, make())
    return True


def write(path: Path, secret: str) -> None:
    """Replaces the file at `path` with the secret. After a crash it has the old content or the new one."""
    partial = path.with_suffix(".partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o444)
    try:
        os.write(descriptor, secret.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    partial.rename(path)


def scram_verifier(password: str, salt: bytes) -> str:
    """Returns what PostgreSQL checks a password of ASCII characters with, and can't learn it from: SCRAM-SHA-256.

    The algorithm is that of RFC 5802 and RFC 7677.
    """
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, SCRAM_ITERATIONS)
    client = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    in_base64 = (base64.b64encode(part).decode() for part in (salt, client, server))
    return "SCRAM-SHA-256${}:{}${}:{}".format(SCRAM_ITERATIONS, *in_base64)


def fits_password(verifier: str, password: str) -> bool:
    """Returns true when a verifier is that of a password."""
    try:
        salt = base64.b64decode(verifier.split("$")[1].partition(":")[2], validate=True)
    except (IndexError, ValueError):
        return False
    return hmac.compare_digest(verifier.encode(), scram_verifier(password, salt).encode())


def make_all() -> int:
    """Makes every secret that is missing; returns the exit code. It prints their names, never their values."""
    for name, make in SECRETS.items():
        say(f"{'made' if write_once(ROOT / name, make) else 'kept'} {name}")
    for name, of in VERIFIERS.items():
        path, password = ROOT / name, (ROOT / of).read_text()
        fits = path.exists() and fits_password(path.read_text(), password)
        if not fits:
            write(path, scram_verifier(password, os.urandom(16)))
        say(f"{'kept' if fits else 'made'} {name}")
    return 0


def replace_broker(lines: list[str]) -> int:
    """Replaces the broker's credentials with the user's own; returns the exit code, 1 when they can't be right."""
    if len(lines) != len(BROKER) or not all(lines):
        say("three lines are needed: API key, user name, password")
        return 1
    try:
        size = len(base64.b64decode(lines[0].removeprefix("API-"), validate=True))
    except ValueError:
        size = 0
    if not lines[0].startswith("API-") or size not in (16, 24, 32):
        say("the API key must be API- and 16, 24 or 32 bytes in base64")
        return 1
    for name, secret in zip(BROKER, lines, strict=True):
        write(ROOT / name, secret)
        say(f"replaced {name}")
    return 0


def say(text: str) -> None:
    """Prints one line of the log."""
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(replace_broker(sys.stdin.read().split("\n")[:3]) if sys.argv[1:] == ["bist"] else make_all())
