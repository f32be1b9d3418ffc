"""A ledger's server that is elsewhere must prove who it is before it learns anything: TLS with a certificate."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from executor.errors import LedgerUnavailable
from executor.ledger.engine import make_engine, reading
from executor.ledger.timings import LEDGER_TIMINGS

SSL_REQUEST = struct.pack("!ii", 8, 80877103)


def certificate(folder: Path, name: str) -> Path:
    """A certificate for a host's name, signed by itself, with its key in the same file."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{len(list(folder.iterdir()))}.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + made.public_bytes(Encoding.PEM))
    return file


class Server:
    """Speaks the beginning of PostgreSQL's protocol, then refuses the login.

    port: its port on loopback.
    logins: what came as a login, decrypted, or in clear where it does not speak TLS.
    """

    def __init__(self, certificate: Path | None) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._certificate = certificate
        self.port: int = self._listener.getsockname()[1]
        self.logins: list[bytes] = []

    def run(self) -> None:
        while True:
            try:
                taken, _ = self._listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), taken:
                self._answer(taken)

    def _answer(self, taken: socket.socket) -> None:
        first = taken.recv(8)
        if first == SSL_REQUEST:
            taken.sendall(b"S" if self._certificate else b"N")
            if self._certificate:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(self._certificate)
                taken = context.wrap_socket(taken, server_side=True)
            first = taken.recv(8)
        if first:
            self.logins.append(first + taken.recv(4096))
            fields = b"SFATAL\0C28000\0Mthe login came through\0\0"
            taken.sendall(b"E" + struct.pack("!i", 4 + len(fields)) + fields)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@contextlib.contextmanager
def serving(certificate: Path | None) -> Iterator[Server]:
    server = Server(certificate)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join(10)


def refusal(server: Server, root: Path) -> str:
    """The reason for which a ledger at the address that the documentation gives could not be read."""
    address = f"postgresql+psycopg://spark_executor@localhost:{server.port}/spark"
    engine = make_engine(f"{address}?sslmode=verify-full&sslrootcert={root}", "secret", LEDGER_TIMINGS)
    try:
        with pytest.raises(LedgerUnavailable) as caught, reading(engine):
            pass
    finally:
        engine.dispose()
    return caught.value.reason


def test_a_server_with_the_right_certificate_gets_the_login(tmp_path: Path) -> None:
    known = certificate(tmp_path, "localhost")
    with serving(known) as server:
        assert "the login came through" in refusal(server, known)
    assert b"spark_executor" in server.logins[0]


def test_a_server_that_somebody_put_in_its_place_learns_nothing(tmp_path: Path) -> None:
    known = certificate(tmp_path, "localhost")
    elsewhere = certificate(tmp_path, "another.example.org")
    for certified, root in ((certificate(tmp_path, "localhost"), known), (elsewhere, elsewhere), (None, known)):
        with serving(certified) as server:
            assert "the login came through" not in refusal(server, root)
        assert server.logins == []
