"""The certificate that the gateway serves is read as it is served, and the time until its end is told."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from prometheus_client import CollectorRegistry

from canary.certificate import LOOK_SECONDS, CertificateWatch, TlsAddress
from canary.metrics import CertificateCollector
from canary.parts import Parts
from canary.settings import GATEWAY_TLS, Settings
from canary.x509 import end_of
from common.clock import Clock
from common.loop import Stop, Supervisor
from common.settings import SettingsError
from tests.canary.build import NOW, HandClock
from tests.common.local import free_port

NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Spark")])


def made(end: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """A certificate with its key; it has signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateBuilder().subject_name(NAME).issuer_name(NAME).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(end - timedelta(days=400))
    return builder.not_valid_after(end).sign(key, hashes.SHA256()), key


def written(folder: Path, end: datetime) -> Path:
    """The file of a certificate and its key."""
    certificate, key = made(end)
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "gateway.pem"
    file.write_bytes(certificate.public_bytes(pem) + secret)
    return file


@contextmanager
def serving(file: Path, port: int = 0) -> Iterator[TlsAddress]:
    """A server on loopback that shows the certificate of the file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with socket.create_server(("127.0.0.1", port)) as listening:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with suppress(OSError), context.wrap_socket(connection, server_side=True) as secure:
                        secure.recv(1)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield TlsAddress("127.0.0.1", listening.getsockname()[1])
        finally:
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def watch(address: TlsAddress, clock: Clock | None = None) -> CertificateWatch:
    return CertificateWatch(address, 10.0, clock or HandClock().clock())


def told(certificate: CertificateWatch) -> float | None:
    registry = CollectorRegistry()
    registry.register(CertificateCollector(certificate))
    return registry.get_sample_value("canary_certificate_remaining_seconds")


@pytest.mark.parametrize(
    "end",
    [
        datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC),
        datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(2050, 1, 1, tzinfo=UTC),
        datetime(1999, 12, 31, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    ],
)
def test_the_end_is_read_out_of_the_bytes(end: datetime) -> None:
    assert end_of(made(end)[0].public_bytes(serialization.Encoding.DER)) == end


def test_no_bytes_make_the_reader_raise_anything_but_value_error() -> None:
    whole = made(NOW.replace(microsecond=0))[0].public_bytes(serialization.Encoding.DER)
    for wrong in (b"", b"\x30", b"\x30\x84", b"\x30\x00", b"\x02\x01\x00", b"HTTP/1.1 400", whole[:-1], whole[1:]):
        with pytest.raises(ValueError, match=r"\w"):
            end_of(wrong)
    for at in range(len(whole)):
        with suppress(ValueError):
            end_of(whole[:at] + bytes((whole[at] ^ 0xFF,)) + whole[at + 1 :])


def test_the_time_until_the_end_of_the_served_certificate_is_told_and_shrinks(tmp_path: Path) -> None:
    clock = HandClock()
    with serving(written(tmp_path, NOW.replace(microsecond=0) + timedelta(days=1))) as address:
        watching = watch(address, clock.clock())
        assert told(watching) is None
        assert watching.step() == LOOK_SECONDS
    assert told(watching) == 86_400 - 0.25
    clock.seconds += 86_400
    assert told(watching) == -0.25


def test_a_certificate_that_has_ended_is_read_too(tmp_path: Path) -> None:
    with serving(written(tmp_path, NOW.replace(microsecond=0) - timedelta(days=3))) as address:
        watching = watch(address)
        watching.step()
    assert told(watching) == -3 * 86_400 - 0.25


def test_a_new_certificate_is_seen_by_the_next_look_and_a_gateway_that_is_away_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    with serving(written(tmp_path, NOW.replace(microsecond=250_000) + timedelta(days=1)), port) as address:
        watching = watch(address)
        watching.step()
    for _ in range(3):
        assert watching.step() == LOOK_SECONDS
    assert told(watching) == 86_400 - 0.25
    assert caplog.text.count("can't be read") == 1
    with serving(written(tmp_path, NOW.replace(microsecond=0) + timedelta(days=397)), port):
        watching.step()
    assert told(watching) == 397 * 86_400 - 0.25


def test_what_speaks_no_tls_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        watching = watch(TlsAddress(*listening.getsockname()))
        assert watching.step() == LOOK_SECONDS
        thread.join(10)
    assert told(watching) is None
    assert "can't be read" in caplog.text


def test_only_with_tls_there_is_a_certificate_to_read(tmp_path: Path) -> None:
    plain = Settings.from_environment({"SPARK_EVIDENCE_DIR": str(tmp_path)})
    assert plain.certificate is None
    assert Parts.build(plain, Supervisor(Stop())).certificate is None
    secured = Settings.from_environment({"SPARK_EVIDENCE_DIR": str(tmp_path), "SPARK_TLS": "on"})
    assert secured.certificate == GATEWAY_TLS
    loops = Supervisor(Stop())
    assert Parts.build(replace(secured, certificate=TlsAddress("127.0.0.1", 1)), loops).certificate is not None
    assert "certificate" in [loop.name for loop in loops.health()]


def test_a_wrong_switch_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="SPARK_TLS='yes'"):
        Settings.from_environment({"SPARK_TLS": "yes"})
