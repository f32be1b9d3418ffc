"""Beyond this machine the gateway needs TLS and a token for reading; clients can trust its certificate."""

from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import urllib3

from tests.gateway.rig import IMAGES, READER, ROOT, Gateway, Place, docker
from tests.repo.promql import ALERTS

pytestmark = pytest.mark.engine
ALL = "0.0.0.0"  # noqa: S104 - the gateway is told so, and nothing listens there
BEYOND = (ALL, "::", "[::]", "192.168.1.7", "10.127.0.1", "fd00::1", "128.0.0.1", "::ffff:10.0.0.1")
BOTH = {"SPARK_TLS": "on", "SPARK_READ_TOKEN": "on"}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate of a local authority, as `make tls` makes it."""
    folder = tmp_path_factory.mktemp("tls")
    folder.chmod(0o777)
    made = run_make_tls(folder, "local", "127.0.0.1", "localhost", "[::1]", "spark.example")
    assert made.returncode == 0, made.stdout + made.stderr
    return folder


def run_make_tls(folder: Path, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    (folder / "authority").mkdir(exist_ok=True)
    mounts = (f"--volume={folder}:/secrets/tls", f"--volume={folder / 'authority'}:/secrets/tls-authority")
    program = ("--volume", f"{ROOT / 'init'}:/init:ro", IMAGES["python"], "python", "/init/make_tls.py")
    command = ["docker", "run", "--rm", "--interactive", "--network=none", *mounts, *program, *arguments]
    return subprocess.run(command, input=given, capture_output=True, text=True, check=False, timeout=60)


def refusal(doors: Place, *options: str, **settings: str) -> str:
    """The last words of a gateway that must not start."""
    container = doors.create(*options, **settings)
    try:
        docker("start", container)
        assert docker("wait", container).strip() != "0"
        return docker("logs", container)
    finally:
        docker("rm", "--force", container)


@pytest.mark.parametrize("address", BEYOND)
def test_beyond_loopback_it_starts_only_with_tls_and_a_token_for_reading(doors: Place, address: str) -> None:
    said = refusal(doors, SPARK_BIND=address)
    assert f"SPARK_BIND={address} opens the stack beyond this machine: set SPARK_TLS=on" in said
    assert "set SPARK_READ_TOKEN=on" in refusal(doors, SPARK_BIND=address, SPARK_TLS="on")
    assert "set SPARK_TLS=on" in refusal(doors, SPARK_BIND=address, SPARK_READ_TOKEN="on")


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.9", "::1", "[::1]", ""])
def test_on_loopback_it_needs_nothing(doors: Place, address: str) -> None:
    with doors.gateway(SPARK_BIND=address) as gateway:
        assert gateway.ask("GET", "web").status == 200


def test_without_a_certificate_it_says_how_to_get_one(doors: Place) -> None:
    assert "run make tls" in refusal(doors, SPARK_TLS="on")


@pytest.mark.parametrize(
    "wrong",
    [
        {"SPARK_TLS": "yes"},
        {"SPARK_READ_TOKEN": "true"},
        {"SPARK_ALLOWED_HOSTS": "a.example,*"},
        {"SPARK_ALLOWED_HOSTS": "http://a.example"},
        {"SPARK_ALLOWED_HOSTS": '"$(touch /tmp/x)"'},
        {"SPARK_LINK_HOST": "a b;c"},
    ],
)
def test_a_setting_that_cannot_be_right_is_named(doors: Place, wrong: dict[str, str]) -> None:
    assert next(iter(wrong)) in refusal(doors, **wrong)


def test_the_users_own_names_are_served_and_no_others(doors: Place) -> None:
    with doors.gateway(SPARK_ALLOWED_HOSTS="Spark.example, fd00::7", SPARK_LINK_HOST="desk.example") as gateway:
        for host in ("spark.example:3003", "SPARK.example", "[fd00::7]:3003", "desk.example", "127.0.0.1"):
            assert gateway.ask("GET", "web", headers={"Host": host}).status == 200, host
        assert gateway.ask("GET", "web", headers={"Host": "x.spark.example"}).status == 421


@pytest.fixture(scope="module")
def beyond(doors: Place, certificate: Path) -> Iterator[Gateway]:
    """A gateway as it is on all addresses of a machine."""
    names = {"SPARK_BIND": ALL, "SPARK_ALLOWED_HOSTS": "spark.example"}
    with doors.gateway(f"--volume={certificate}:/run/secrets/spark-tls:ro", **BOTH, **names) as gateway:
        yield replace(gateway, authority=certificate / "ca.pem")


def test_a_client_that_knows_the_authority_trusts_every_door(beyond: Gateway, certificate: Path) -> None:
    pool = urllib3.PoolManager(ca_certs=str(certificate / "ca.pem"), retries=False)
    for door, port in beyond.ports.items():
        answer = pool.request("GET", f"https://127.0.0.1:{port}/", headers={"Authorization": f"Bearer {READER}"})
        assert answer.status == 200, door
        assert "Strict-Transport-Security" not in answer.headers, "the browser would want TLS of everything on loopback"
    pool.clear()


SHOWN_INSIDE = "import ssl, sys; print(ssl.get_server_certificate((sys.argv[1], 8405), timeout=5))"


def test_inside_the_canary_is_shown_the_certificate_of_the_doors(doors: Place, beyond: Gateway) -> None:
    asking = ("run", "--rm", f"--network={doors.name}-inside", IMAGES["python"], "python", "-c", SHOWN_INSIDE)
    shown = docker(*asking, beyond.container)
    assert shown.strip() == ssl.get_server_certificate(("127.0.0.1", beyond.ports["web"]), timeout=5).strip()
    with doors.gateway() as plain:
        assert "BEGIN CERTIFICATE" not in docker(*asking, plain.container, check=False)


@pytest.mark.parametrize("alert", ["CertificateEndsSoon", "CertificateEnded"])
def test_the_first_command_of_its_alert_tells_the_end_of_the_certificate(beyond: Gateway, alert: str) -> None:
    command = str(ALERTS[alert]["annotations"]["first_command"])
    assert "127.0.0.1:3003" in command
    typed = command.replace(":3003", f":{beyond.ports['web']}")
    done = subprocess.run(["bash", "-c", typed], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, "notAfter=" in done.stdout, "issuer=" in done.stdout) == (0, True, True), done.stderr


def test_a_name_of_the_users_own_gets_strict_transport_security(beyond: Gateway) -> None:
    headers = {"Authorization": f"Bearer {READER}", "Host": "spark.example"}
    answer = beyond.ask("GET", "web", headers=headers | {"Origin": "https://spark.example"})
    assert answer.status == 200
    assert answer.headers["Strict-Transport-Security"] == "max-age=2592000"
    assert answer.json["headers"]["x-forwarded-proto"] == "https"


def test_a_page_without_tls_is_another_origin(beyond: Gateway) -> None:
    headers = {"Authorization": f"Bearer {READER}", "Origin": f"http://{beyond.own('web')}"}
    assert beyond.ask("GET", "web", headers=headers).status == 403


def test_old_tls_and_plain_http_are_refused(beyond: Gateway) -> None:
    assert beyond.raw("web", f"GET / HTTP/1.1\r\nHost: {beyond.own('web')}\r\n\r\n".encode()) == b""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with context.wrap_socket(socket.create_connection(("127.0.0.1", beyond.ports["web"]), 5)) as connection:
        assert connection.version() == "TLSv1.2"
    options = ["-connect", f"127.0.0.1:{beyond.ports['web']}", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]
    old = subprocess.run(["openssl", "s_client", *options], input="", capture_output=True, text=True, check=False)
    assert old.returncode != 0


def test_the_users_own_certificate_is_taken_with_its_key_and_no_other(certificate: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    own = (certificate / "gateway.pem").read_text()
    chain, key = own[: own.index("-----BEGIN PRIVATE")], own[own.index("-----BEGIN PRIVATE") :]
    assert run_make_tls(tmp_path, "own", given=chain + key).returncode == 0
    assert "PRIVATE KEY" in (tmp_path / "gateway.pem").read_text()
    before = (tmp_path / "gateway.pem").read_text()
    other = subprocess.check_output(["openssl", "genpkey", "-algorithm", "ed25519"], text=True)
    for wrong in (chain, key, chain + other, chain + key + other, "", "nonsense", chain.replace("MII", "MIJ") + key):
        refused = run_make_tls(tmp_path, "own", given=wrong)
        assert refused.returncode == 1, wrong
        assert refused.stdout.startswith("no certificate: ")
    assert (tmp_path / "gateway.pem").read_text() == before


@pytest.mark.parametrize("name", ["", "a b", "*.example", "-x", "a.example,DNS:b.example", "x;y"])
def test_what_is_no_name_gets_no_certificate(tmp_path: Path, name: str) -> None:
    tmp_path.chmod(0o777)
    assert run_make_tls(tmp_path, "local", name).returncode == 1
    assert not (tmp_path / "gateway.pem").exists()
