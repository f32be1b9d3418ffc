"""Writes the secrets of the stack, each into a volume of its own, then ends. A secret that exists stays as it is.

Beside a token it writes the token's verifier, which tells a service whether a caller has the token and not the token.
A verifier is derived from its token at each run.

With the argument `bist` it replaces the user's own credentials with the broker: three lines of standard input, API key,
user name and password. With `show` and names of secrets it prints each on a line of its own and makes none.

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
from typing import TextIO


def random_token() -> str:
    """Returns 43 random characters that are safe in a URL."""
    return secrets.token_urlsafe(32)


def random_api_key() -> str:
    """Returns `API-` and 32 random bytes in base64, the form of the broker's keys, for the simulated broker."""
    return "API-" + base64.b64encode(secrets.token_bytes(32)).decode()


def random_signing_key() -> str:
    """Returns a new Ed25519 private key as PEM: 32 random bytes behind the prefix of RFC 8410."""
    body = base64.b64encode(ED25519_PREFIX + secrets.token_bytes(32)).decode()
    return f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"


ED25519_PREFIX = bytes.fromhex("302e020100300506032b657004220420")
"""The DER of PKCS #8 in front of an Ed25519 private key."""
ROOT = Path("/secrets")
"""The folder that every volume is mounted in."""
BROKER = ("api_key", "username", "password")
"""The files of the broker's credentials, in the order in which they are read."""
OWN, FORMER = "algolab-live", "algolab"
"""The folders of the user's own credentials: the one of now, and the one of versions that gave it to the venue too."""
MADE_LENGTH = 43
"""The length of the user name and the password that this program makes, which no broker gives to anybody."""
SECRETS: dict[str, Callable[[], str]] = {
    "ledger-owner/password": random_token,
    "ledger-executor/password": random_token,
    "operator/token": random_token,
    "reader/token": random_token,
    "peer/secret": random_token,
    "canary-trader/token": random_token,
    "alerts/alert_token": random_token,
    "grafana/admin_password": random_token,
    "algolab-simulated/api_key": random_api_key,
    "algolab-simulated/username": random_token,
    "algolab-simulated/password": random_token,
    "evidence-key/key.pem": random_signing_key,
}
ROTATED = "evidence-key"
"""The folder whose secret the canary itself replaces when a person rotates it. No other container mounts it."""
VERIFIERS = {
    "operator-verifier/verifier": "operator/token",
    "reader-verifier/verifier": "reader/token",
    "alerts-verifier/verifier": "alerts/alert_token",
    "canary-trader-verifier/verifier": "canary-trader/token",
}
"""For each verifier the token that it is derived from."""
SCRAM_VERIFIERS = {
    "ledger-verifiers/owner": "ledger-owner/password",
    "ledger-verifiers/executor": "ledger-executor/password",
}
"""For each verifier that the database has, the password that it is derived from."""
SCRAM_ITERATIONS = 4096


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


def scram_verifier_of(password: str, salt: bytes | None = None) -> str:
    """Returns what PostgreSQL checks a password with, and can't learn it from: SCRAM-SHA-256 of RFC 5802 and RFC 7677.

    The password is of ASCII characters. Without a salt it gets one of its own, which is the same at each run.
    """
    salt = salt or hashlib.sha256(b"salt:" + password.encode()).digest()[:16]
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, SCRAM_ITERATIONS)
    client = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    in_base64 = (base64.b64encode(part).decode() for part in (salt, client, server))
    return "SCRAM-SHA-256${}:{}${}:{}".format(SCRAM_ITERATIONS, *in_base64)


def move_own() -> None:
    """Moves the user's own credentials out of the former folder, and empties it. A half-written set stays there."""
    former, own = [ROOT / FORMER / name for name in BROKER], [ROOT / OWN / name for name in BROKER]
    if not all(path.exists() for path in own):
        if not all(path.exists() and path.stat().st_size > 0 for path in former):
            return
        found = [path.read_text() for path in former]
        if {len(secret.strip()) for secret in found[1:]} != {MADE_LENGTH}:
            for path, secret in zip(own, found, strict=True):
                write(path, secret)
                say(f"moved {OWN}/{path.name}")
    for path in former:
        path.unlink(missing_ok=True)


def make_all() -> int:
    """Makes every secret that is missing, and every verifier; returns the exit code. It prints names, never values."""
    move_own()
    for name, make in SECRETS.items():
        say(f"{'made' if write_once(ROOT / name, make) else 'kept'} {name}")
    (ROOT / ROTATED).chmod(0o777)
    for name, token in VERIFIERS.items():
        write(ROOT / name, verifier_of((ROOT / token).read_text().strip()))
        say(f"derived {name}")
    for name, password in SCRAM_VERIFIERS.items():
        write(ROOT / name, scram_verifier_of((ROOT / password).read_text().strip()))
        say(f"derived {name}")
    return 0


def show(names: list[str]) -> int:
    """Prints secrets, a line each; returns the exit code, 1 when one of them is unknown or not made yet."""
    for name in names:
        path = ROOT / name
        if name not in SECRETS or not path.exists():
            say(f"there is no secret {name}", sys.stderr)
            return 1
        say(path.read_text().strip())
    return 0


def replace_broker(lines: list[str]) -> int:
    """Replaces the user's own credentials with the broker; returns the exit code, 1 when they can't be right."""
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
        write(ROOT / OWN / name, secret)
        say(f"replaced {OWN}/{name}")
    return 0


def say(text: str, where: TextIO | None = None) -> None:
    """Prints one line, by default on standard output."""
    print(text, file=where, flush=True)


def main(arguments: list[str]) -> int:
    """Runs one command; returns its exit code."""
    if arguments[:1] == ["show"]:
        return show(arguments[1:])
    if arguments == ["bist"]:
        return replace_broker(sys.stdin.read().split("\n")[:3])
    return make_all()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
