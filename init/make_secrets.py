"""One-shot: writes each secret the stack needs into its own volume, random at first start, untouched ever after.

Called with `bist` it replaces the broker's credentials by three lines of standard input: API key, user name, password.

Standard library only. Each secret has a volume of its own, mounted only where it is read, so a container never holds
a secret that it has no use for. Files are readable by every user inside those few containers: the mount is the gate.
"""

from __future__ import annotations

import base64
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path


def random_token() -> str:
    """43 characters that are safe in a URL."""
    return secrets.token_urlsafe(32)


def random_api_key() -> str:
    """A key of the broker's form, good for the simulated broker alone: `API-` and 32 bytes in base64."""
    return "API-" + base64.b64encode(secrets.token_bytes(32)).decode()


ROOT = Path("/secrets")
BROKER = ("algolab/api_key", "algolab/username", "algolab/password")
SECRETS: dict[str, Callable[[], str]] = {
    "ledger/password": random_token,
    "operator/token": random_token,
    "alerts/alert_token": random_token,
    "grafana/admin_password": random_token,
    "algolab/api_key": random_api_key,
    "algolab/username": random_token,
    "algolab/password": random_token,
}


def write_once(path: Path, make: Callable[[], str]) -> bool:
    """Writes a random secret to `path` unless it holds one; whole or not at all. True when it was written."""
    if path.exists() and path.stat().st_size > 0:
        return False
    write(path, make())
    return True


def write(path: Path, secret: str) -> None:
    """Writes a secret, whole or not at all."""
    partial = path.with_suffix(".partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o444)
    try:
        os.write(descriptor, secret.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    partial.rename(path)


def make_all() -> int:
    """Makes all of them; says which were new, never what they are."""
    for name, make in SECRETS.items():
        say(f"{'made' if write_once(ROOT / name, make) else 'kept'} {name}")
    return 0


def replace_broker(lines: list[str]) -> int:
    """Puts the user's own credentials in the place of the simulated broker's; 1 when they can't be right."""
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
    """The one-shot's whole log."""
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(replace_broker(sys.stdin.read().split("\n")[:3]) if sys.argv[1:] == ["bist"] else make_all())
