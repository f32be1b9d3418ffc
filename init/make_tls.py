"""Writes the certificate that the gateway's ports show, then ends.

`local NAME...` makes one for these names, signed by an authority of this stack's own, which is made at the first call.
`own` takes one from standard input: the certificate, those between it and its root, and the key, all as PEM.

The authority's key has a volume of its own that nothing else mounts. OpenSSL does the work: every image has it.
"""

from __future__ import annotations

import ipaddress
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

TLS = Path("/secrets/tls")
"""The folder that the gateway mounts."""
AUTHORITY = Path("/secrets/tls-authority")
"""The folder of the authority's key, which this program alone sees."""
AUTHORITY_DAYS, DAYS = 3650, 397
NAME = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?)*")
NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc")
BLOCK = re.compile(r"-----BEGIN ([A-Z ]+)-----.+?-----END \1-----\n?", re.DOTALL)


class Refused(Exception):
    """The certificate can't be made or taken. The message says why."""


def openssl(*arguments: str, given: str = "") -> str:
    """Runs one openssl command; returns its output. Raises `Refused` with what it said."""
    done = subprocess.run(["openssl", *arguments], input=given, capture_output=True, text=True, check=False)  # noqa: S603, S607
    if done.returncode != 0:
        raise Refused((done.stderr.strip().splitlines() or ["openssl failed"])[-1])
    return done.stdout


def alternative(name: str) -> str:
    """Returns a name as certificates spell it: `DNS:localhost` or `IP:127.0.0.1`."""
    bare = name.removeprefix("[").removesuffix("]")
    try:
        return f"IP:{ipaddress.ip_address(bare)}"
    except ValueError:
        if not NAME.fullmatch(name):
            raise Refused(f"{name!r} is neither a name nor an address") from None
        return f"DNS:{name.lower()}"


def make_local(names: Sequence[str]) -> None:
    """Makes a certificate for these names, and the authority that signs it where there is none yet."""
    alternatives = ",".join(dict.fromkeys(alternative(name) for name in names))
    with tempfile.TemporaryDirectory() as work:
        config = Path(work) / "config"
        config.write_text("[req]\ndistinguished_name=name\n[name]\n")
        common = ("req", "-x509", "-config", str(config), *NEW_KEY)
        key, certificate = AUTHORITY / "ca.key", TLS / "ca.pem"
        if not (key.exists() and certificate.exists()):
            fresh = Path(work) / "ca.key"
            usage = (
                "-addext",
                "basicConstraints=critical,CA:TRUE,pathlen:0",
                "-addext",
                "keyUsage=critical,keyCertSign",
            )
            subject = ("-subj", "/CN=Spark of this machine", "-days", str(AUTHORITY_DAYS))
            write(certificate, openssl(*common, "-keyout", str(fresh), *subject, *usage), 0o444)
            write(key, fresh.read_text(), 0o400)
        own = Path(work) / "own.key"
        signed = ("-CA", str(certificate), "-CAkey", str(key), "-subj", "/CN=Spark", "-days", str(DAYS))
        usage = ("-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth")
        made = openssl(*common, "-keyout", str(own), *signed, *usage, "-addext", f"subjectAltName={alternatives}")
        write(TLS / "gateway.pem", made + own.read_text(), 0o444)
    say(f"made a certificate for {alternatives}")


def take_own(text: str) -> None:
    """Takes the user's certificate and key, when they belong together."""
    blocks = [match[0] for match in BLOCK.finditer(text)]
    certificates = [block for block in blocks if block.startswith("-----BEGIN CERTIFICATE-----")]
    keys = [block for block in blocks if "PRIVATE KEY-----" in block.splitlines()[0]]
    if not certificates or len(keys) != 1:
        raise Refused("a certificate and its one key are needed, as PEM")
    if "ENCRYPTED" in keys[0]:
        raise Refused("the key has a password, and nobody would be there to type it")
    shown = openssl("x509", "-noout", "-pubkey", given=certificates[0])
    if shown != openssl("pkey", "-pubout", given=keys[0]):
        raise Refused("the key does not belong to the first certificate")
    openssl("x509", "-noout", "-checkend", "0", given=certificates[0])
    write(TLS / "gateway.pem", "\n".join(block.strip() for block in (*certificates, *keys)) + "\n", 0o444)
    (TLS / "ca.pem").unlink(missing_ok=True)
    say("took the certificate")


def write(path: Path, content: str, mode: int) -> None:
    """Replaces the file at `path`. After a crash it has the old content or the new one."""
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with open(descriptor, "w") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    partial.rename(path)


def say(text: str) -> None:
    """Prints one line of the log."""
    print(text, flush=True)  # noqa: T201


def main(arguments: Sequence[str]) -> int:
    """Does what the arguments ask for; returns the exit code."""
    try:
        if arguments[:1] == ["local"] and arguments[1:]:
            make_local(arguments[1:])
        elif arguments == ["own"]:
            take_own(sys.stdin.read())
        else:
            say("usage: make_tls.py local NAME... | own")
            return 2
    except Refused as error:
        say(f"no certificate: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
