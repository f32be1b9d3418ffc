"""A real timestamp authority for tests: OpenSSL makes its answers, an HTTP server of this process gives them."""

from __future__ import annotations

import os
import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.common.local import in_background

POLICY = "1.3.6.1.4.1.99999.1"
PEM = serialization.Encoding.PEM
NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
ALWAYS = (NOW - 1000 * DAY, NOW + 1000 * DAY)
GRANTED = bytes.fromhex("3003020100")
_CONTENT_TYPE = "1.2.840.113549.1.9.16.1.4"

Period = tuple[datetime, datetime]


@dataclass(frozen=True)
class Issued:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(PEM).decode()

    def written(self, folder: Path, name: str) -> tuple[Path, Path]:
        """Writes the certificate and the key into files, and returns these."""
        certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
        certificate.write_text(self.pem)
        plain = serialization.NoEncryption()
        key.write_bytes(self.key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, plain))
        return certificate, key


def issued(
    name: str,
    by: Issued | None = None,
    *,
    ca: bool = False,
    period: Period = ALWAYS,
    usages: tuple[x509.ObjectIdentifier, ...] = (ExtendedKeyUsageOID.TIME_STAMPING,),
    critical: bool = True,
    address: str | None = None,
    serial: int | None = None,
) -> Issued:
    """A certificate; it has signed itself unless another one issues it. A CA has no extended usage."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer = by.certificate.subject if by else subject
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = (
        builder.serial_number(serial or x509.random_serial_number())
        .not_valid_before(period[0])
        .not_valid_after(period[1])
    )
    builder = builder.add_extension(x509.BasicConstraints(ca, None), critical=True)
    keys = x509.AuthorityKeyIdentifier.from_issuer_public_key((by.key if by else key).public_key())
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    builder = builder.add_extension(keys, critical=False)
    usage = x509.KeyUsage(not ca, False, False, False, False, ca, ca, False, False)
    builder = builder.add_extension(usage, critical=True)
    if usages and not ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=critical)
    if address:
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
        builder = builder.add_extension(names, critical=False)
    return Issued(builder.sign(by.key if by else key, hashes.SHA256()), key)


@dataclass
class LocalAuthority:
    """An authority in a folder of its own. It makes one answer at a time."""

    folder: Path
    root: Issued = field(default_factory=lambda: issued("Root", ca=True))
    signer: Issued | None = None
    digests: str = "sha256,sha512"

    def __post_init__(self) -> None:
        _need_openssl()
        self.folder.mkdir()
        self.signer = self.signer or issued("Timestamps", self.root)
        self.signer.written(self.folder, "tsa")
        (self.folder / "serial").write_text("01\n")
        # `certs` is left out: OpenSSL writes them unsorted, which is no DER (openssl#13142).
        lines = [
            *("[tsa]", f"serial = {self.folder}/serial", f"signer_cert = {self.folder}/tsa.pem"),
            *(f"signer_key = {self.folder}/tsa.key", "signer_digest = sha256", f"default_policy = {POLICY}"),
            *(f"digests = {self.digests}", "ess_cert_id_alg = sha256", ""),
        ]
        (self.folder / "config").write_text("\n".join(lines))

    def reply(self, request: bytes) -> bytes:
        """The answer to a request, as `openssl ts` makes it now."""
        (self.folder / "query").write_bytes(request)
        _openssl(self.folder, "ts -reply -queryfile query -config config -section tsa -out reply")
        return (self.folder / "reply").read_bytes()

    def signed(self, reply: bytes, signer: Issued, *others: Issued, at: datetime | None = None) -> bytes:
        """The answer with its content signed anew by anyone, with other certificates beside, at any time."""
        (self.folder / "reply").write_bytes(reply)
        _openssl(self.folder, "ts -reply -in reply -token_out -out token")
        _openssl(self.folder, "cms -verify -noverify -nosigs -inform DER -in token -out content")
        content = (self.folder / "content").read_bytes()
        if at:
            content, count = re.subn(rb"\d{14}Z", f"{at:%Y%m%d%H%M%SZ}".encode(), content)
            assert count == 1
        (self.folder / "content").write_bytes(content)
        signer.written(self.folder, "signer")
        (self.folder / "others.pem").write_text("".join(one.pem for one in others))
        more = "-certfile others.pem" if others else ""
        options = f"-binary -nodetach -outform DER -econtent_type {_CONTENT_TYPE} -md sha256 -nosmimecap {more}"
        _openssl(self.folder, f"cms -sign {options} -signer signer.pem -inkey signer.key -in content -out token")
        return sequence(GRANTED + (self.folder / "token").read_bytes())

    @contextmanager
    def serving(self, tls: ssl.SSLContext | None = None) -> Iterator[str]:
        """Serves the authority on loopback, by TLS where that is given; gives its address."""
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.headers["Content-Type"] == "application/timestamp-query"
                body = authority.reply(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                return

        server = HTTPServer(("127.0.0.1", 0), Handler)
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        with in_background(server) as address:
            yield f"{address.replace('http:', 'https:') if tls else address}/tsr"


def sequence(content: bytes) -> bytes:
    """A SEQUENCE in DER."""
    size = len(content)
    if size < 0x80:
        return bytes((0x30, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((0x30, 0x80 | len(length))) + length + content


def _need_openssl() -> None:
    """A desk without OpenSSL goes on without these tests, loudly; a build does not."""
    if shutil.which("openssl") is None:
        sentence = "TIMESTAMPS ARE NOT TESTED: the tests' authority needs the program openssl"
        pytest.fail(sentence) if os.environ.get("CI") == "true" else pytest.skip(sentence)


def _openssl(folder: Path, arguments: str) -> None:
    command = ["openssl", *arguments.split()]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
