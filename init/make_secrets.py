"""One-shot: writes each secret the stack needs into its own volume, random at first start, untouched ever after.

Standard library only. Each secret has a volume of its own, mounted only where it is read, so a container never holds
a secret that it has no use for. Files are readable by every user inside those few containers: the mount is the gate.
"""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

ROOT = Path("/secrets")
SECRETS = ("ledger/password", "operator/token", "alerts/alert_token", "grafana/admin_password")


def write_once(path: Path) -> bool:
    """Writes a random secret to `path` unless it holds one; whole or not at all. True when it was written."""
    if path.exists() and path.stat().st_size > 0:
        return False
    partial = path.with_suffix(".partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o444)
    try:
        os.write(descriptor, secrets.token_urlsafe(32).encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    partial.rename(path)
    return True


def main() -> int:
    """Makes all of them; says which were new, never what they are."""
    for name in SECRETS:
        state = "made" if write_once(ROOT / name) else "kept"
        print(f"{state} {name}", flush=True)  # noqa: T201 - the one-shot's whole log
    return 0


if __name__ == "__main__":
    sys.exit(main())
