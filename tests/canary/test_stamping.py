"""A timestamp is asked for over real sockets. Without one there is always a reason."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from canary.settings import Settings
from canary.stamping import Stamper, query
from canary.timestamp import MOST_TOKEN_BYTES, Authority, checked
from common.clock import SYSTEM_CLOCK
from common.errors import Unavailable
from common.settings import SettingsError
from tests.canary.authority import LocalAuthority, issued
from tests.canary.servers import closed_port
from tests.common.local import in_background

DATA = b"the bytes of an envelope"
REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/timestamp-reply\r\n"
HTML = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"


@pytest.fixture
def local(tmp_path: Path) -> LocalAuthority:
    return LocalAuthority(tmp_path / "tsa")


def stamper(url: str, trusted: LocalAuthority, seconds: float = 10.0) -> Stamper:
    return Stamper(url, Authority.read(trusted.root.pem), SYSTEM_CLOCK, seconds)


@contextmanager
def speaking(talk: Callable[[socket.socket], object]) -> Iterator[str]:
    """A server below HTTP: `talk` gets the connection once the whole request has come."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            with suppress(OSError):
                talk(self.connection)
            self.close_connection = True

    with in_background(HTTPServer(("127.0.0.1", 0), Handler)) as url:
        yield url


def answering(answer: bytes) -> Callable[[socket.socket], object]:
    return lambda connection: connection.sendall(answer)


def test_an_authority_that_answers_gives_a_timestamp(local: LocalAuthority) -> None:
    with local.serving() as url:
        told = stamper(url, local).stamp(DATA)
    assert (told.authority, told.missing, told.problem) == (url, None, None)
    assert told.token is not None
    checked(told.token, DATA, Authority.read(local.root.pem))


def test_every_timestamp_is_a_request_of_its_own(local: LocalAuthority) -> None:
    with local.serving() as url:
        first, second = (stamper(url, local).stamp(DATA) for _ in range(2))
    assert None is not first.token != second.token
    assert query(DATA).nonce != query(DATA).nonce


def test_nothing_of_the_data_but_its_digest_is_sent() -> None:
    assert DATA not in query(DATA).der
    assert len(query(DATA * 1000).der) < 100


def test_an_authority_that_refuses_is_told_in_its_words(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    local = LocalAuthority(tmp_path / "tsa", digests="sha512")
    with local.serving() as url, caplog.at_level(logging.WARNING):
        told = stamper(url, local).stamp(DATA)
    assert (told.missing, told.token) == ("refused", None)
    assert "algorithm is not supported" in (told.problem or "")
    assert "a package gets no timestamp" in caplog.text


def test_an_answer_of_another_authority_is_not_taken(tmp_path: Path, local: LocalAuthority) -> None:
    other = LocalAuthority(tmp_path / "other")
    with other.serving() as url:
        told = stamper(url, local).stamp(DATA)
    assert (told.missing, told.token) == ("untrusted", None)
    assert "no chain leads" in (told.problem or "")


def test_an_answer_to_another_request_is_not_taken(local: LocalAuthority) -> None:
    old = local.reply(query(DATA).der)
    with speaking(answering(REPLY + b"Content-Length: %d\r\n\r\n" % len(old) + old)) as url:
        told = stamper(url, local).stamp(DATA)
    assert (told.missing, told.token) == ("untrusted", None)
    assert "another request" in (told.problem or "")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (HTML, "answers with the type 'text/html', not application/timestamp-reply"),
        (
            HTML.replace(b"text/html", b"application/timestamp-query"),
            "answers with the type 'application/timestamp-query'",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "answers with the type ''"),
        (
            b"HTTP/1.1 500 Oh\r\nContent-Type: application/timestamp-reply\r\nContent-Length: 0\r\n\r\n",
            "the status 500",
        ),
        (
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n",
            "302, and a redirect is not",
        ),
        (REPLY + b"Content-Length: 9\r\n\r\nshort", "ends its answer early"),
        (REPLY + b"\r\n" + bytes(MOST_TOKEN_BYTES + 1), f"answers more than {MOST_TOKEN_BYTES} bytes"),
        (b"SSH-2.0-OpenSSH_10\r\n", "gives no HTTP answer (BadStatusLine)"),
        (b"", "gives no HTTP answer (RemoteDisconnected)"),
    ],
)
def test_no_usable_answer_is_told_with_its_reason(local: LocalAuthority, answer: bytes, reason: str) -> None:
    with speaking(answering(answer)) as url:
        asking = stamper(url, local)
        told = asking.stamp(DATA)
        with pytest.raises(Unavailable) as failure:
            asking.ask(query(DATA).der)
    assert (told.authority, told.missing, told.token) == (url, "unavailable", None)
    assert reason in (told.problem or "")
    assert failure.value.message == told.problem
    assert failure.value.details == {"service": url}


def test_an_empty_answer_of_the_right_type_is_no_token(local: LocalAuthority) -> None:
    with speaking(answering(REPLY + b"Content-Length: 0\r\n\r\n")) as url:
        assert stamper(url, local).stamp(DATA).missing == "untrusted"


def test_an_authority_that_is_away_is_told(local: LocalAuthority) -> None:
    told = stamper(f"http://127.0.0.1:{closed_port()}", local).stamp(DATA)
    assert told.missing == "unavailable"
    assert "refuses the connection" in (told.problem or "")


def _silent(end: threading.Event) -> Callable[[socket.socket], object]:
    return lambda _: end.wait(30)


def _dripping(end: threading.Event) -> Callable[[socket.socket], object]:
    def drip(connection: socket.socket) -> None:
        connection.sendall(REPLY)
        while not end.wait(0.02):
            connection.sendall(b"X-Odd: 1\r\n")

    return drip


@pytest.mark.parametrize("talk", [_silent, _dripping])
def test_an_authority_that_never_ends_is_left_at_the_deadline(
    local: LocalAuthority, talk: Callable[[threading.Event], Callable[[socket.socket], object]]
) -> None:
    end = threading.Event()
    with speaking(talk(end)) as url:
        told = stamper(url, local, 0.3).stamp(DATA)
        end.set()
    assert told.missing == "unavailable"
    assert told.problem == f"{url} gives no whole answer within 0.3 s"


def test_a_proxy_of_the_environment_is_not_asked(local: LocalAuthority, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    with local.serving() as url:
        assert stamper(url, local).stamp(DATA).token


@pytest.fixture
def secured(tmp_path: Path, local: LocalAuthority) -> Iterator[tuple[str, Path]]:
    """The authority's answers by TLS, through a certificate of a root whose file is given."""
    root = issued("TLS root", ca=True)
    serving = issued("127.0.0.1", root, usages=(ExtendedKeyUsageOID.SERVER_AUTH,), address="127.0.0.1")
    files = serving.written(tmp_path, "tls")
    (tmp_path / "root.pem").write_text(root.pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    with local.serving(context) as url:
        yield url, tmp_path / "root.pem"


def test_an_authority_may_be_asked_by_tls(
    local: LocalAuthority, secured: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, root = secured
    assert url.startswith("https://")
    monkeypatch.setenv("SSL_CERT_FILE", str(root))
    assert stamper(url, local).stamp(DATA).token


def test_an_address_whose_certificate_is_not_trusted_is_not_asked(
    local: LocalAuthority, secured: tuple[str, Path]
) -> None:
    told = stamper(secured[0], local).stamp(DATA)
    assert told.missing == "unavailable"
    assert "a certificate that is not trusted" in (told.problem or "")


def test_a_handshake_that_never_ends_is_left_at_the_deadline(local: LocalAuthority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        told = stamper(f"https://127.0.0.1:{silent.getsockname()[1]}", local, 0.3).stamp(DATA)
    assert told.missing == "unavailable"
    assert "no whole answer within 0.3 s" in (told.problem or "")


def test_without_settings_there_is_no_authority() -> None:
    assert Settings.from_environment({}).timestamp is None


def test_an_authority_is_set_by_its_address_and_its_certificates(tmp_path: Path) -> None:
    root = issued("Root", ca=True)
    file = tmp_path / "roots.pem"
    file.write_text(root.pem)
    url = "http://timestamp.example/tsr/"
    told = Settings.from_environment({"SPARK_TIMESTAMP_URL": url, "SPARK_TIMESTAMP_ROOTS_FILE": str(file)}).timestamp
    assert told is not None
    assert (told.url, told.authority.roots) == (url, (root.certificate,))


@pytest.mark.parametrize(
    "url", ["timestamp.example", "ftp://timestamp.example", "http://", "http://a/?x=1", "http://a:0/"]
)
def test_a_wrong_address_is_refused_by_name(url: str) -> None:
    with pytest.raises(SettingsError, match="SPARK_TIMESTAMP_URL"):
        Settings.from_environment({"SPARK_TIMESTAMP_URL": url})


def test_an_address_with_a_password_is_refused_without_showing_it() -> None:
    with pytest.raises(SettingsError, match="without a name and a password") as told:
        Settings.from_environment({"SPARK_TIMESTAMP_URL": "http://user:verysecret@timestamp.example/"})
    assert "verysecret" not in str(told.value)


def test_an_address_without_certificates_and_the_reverse_are_faults(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="SPARK_TIMESTAMP_ROOTS_FILE='': must name"):
        Settings.from_environment({"SPARK_TIMESTAMP_URL": "http://timestamp.example"})
    (tmp_path / "roots.pem").write_text(issued("Root", ca=True).pem)
    with pytest.raises(SettingsError, match="SPARK_TIMESTAMP_URL='': must be"):
        Settings.from_environment({"SPARK_TIMESTAMP_ROOTS_FILE": str(tmp_path / "roots.pem")})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "can't be read"),
        (b"", "must hold certificates in PEM"),
        (b"\xff", "plain text"),
        (issued("Leaf").pem.encode(), "CN=Leaf"),
    ],
)
def test_wrong_certificates_are_told_together_with_other_faults(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    file = tmp_path / "roots.pem"
    if content is not None:
        file.write_bytes(content)
    wrong = {"SPARK_TIMESTAMP_URL": "nowhere", "SPARK_TIMESTAMP_ROOTS_FILE": str(file), "PORT": "0"}
    with pytest.raises(SettingsError) as told:
        Settings.from_environment(wrong)
    faults = str(told.value).splitlines()
    assert {fault.partition("=")[0] for fault in faults} == wrong.keys()
    assert reason in next(fault for fault in faults if fault.startswith("SPARK_TIMESTAMP_ROOTS_FILE"))
