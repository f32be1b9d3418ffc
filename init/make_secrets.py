"""Writes the secrets of the stack, each into a volume of its own, then ends. A secret that exists stays as it is.

Beside a token it writes the token's verifier, which tells a service whether a caller has the token and not the token.
A verifier is derived from its token at each run.

With the argument `bist` it replaces the broker's credentials with three lines of standard input: API key, user name and
password.

It uses the standard library alone, also to write files: its image holds none of our other code. A volume is mounted
only where its secret is read. Inside those containers every user may read the file: the mount protects it.
"""

from __future__ import annotations

import base64
import hashlib
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
    "ledger/password": random_token,
    "operator/token": random_token,
    "reader/token": random_token,
    "peer/secret": random_token,
    "alerts/alert_token": random_token,
    "grafana/admin_password": random_token,
    "algolab/api_key": random_api_key,
    "algolab/username": random_token,
    "algolab/password": random_token,
}
VERIFIERS = {"operator-verifier/verifier": "operator/token", "reader-verifier/verifier": "reader/token"}
"""For each verifier the token that it is derived from."""


def write_once(path: Path, make: Callable[[], str]) -> bool:
    """Writes a new secret to `path` unless it holds one; returns true when it was written."""
    if path.exists() and path.stat().st_size > 0:
        return False
    write(path, make())
    return True


def write(path: Path, secret: str) -> None:
    """Replaces the file at `path` with the secret. After a crash it has the old content or the new one."""
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o444)
    try:
        os.write(descriptor, secret.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    partial.rename(path)


def verifier_of(token: str) -> str:
    """Returns the SHA-256 of the token in lower-case hex. It needs no salt: nobody guesses 256 random bits."""
    return hashlib.sha256(token.encode()).hexdigest()


def make_all() -> int:
    """Makes every secret that is missing, and every verifier; returns the exit code. It prints names, never values."""
    for name, make in SECRETS.items():
        say(f"{'made' if write_once(ROOT / name, make) else 'kept'} {name}")
    for name, token in VERIFIERS.items():
        write(ROOT / name, verifier_of((ROOT / token).read_text().strip()))
        say(f"derived {name}")
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
