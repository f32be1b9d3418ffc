"""The gateway in a container of its own, with one stand-in behind it for every service."""

from __future__ import annotations

import hashlib
import json
import secrets
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3

from tests.answer import Answer
from tests.repo import compose

ROOT = Path(__file__).parents[2]
ECHO = Path(__file__).with_name("echo.py")
DOORS = compose.doors()
BEHIND = sorted({str(compose.listening().get(name, port)) for name, port in DOORS.items()})
"""The ports that the services behind the doors listen on."""
IMAGES = compose.images()
OPERATOR, READER = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
MARK = "/mark-"
"""The beginning of the paths by which `Gateway.log` knows that a log is whole."""
HARDENED = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges:true", "--user=10001:10001")


def docker(*arguments: str, check: bool = True) -> str:
    """Runs one docker command; returns what it printed."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False, timeout=120)
    if check and done.returncode != 0:
        raise AssertionError(f"docker {' '.join(arguments)}: {done.stderr}")
    return done.stdout + done.stderr


@dataclass(frozen=True)
class Gateway:
    """A running gateway: its container, the host port of each door, and the authority of its certificate, if any."""

    container: str
    ports: Mapping[str, int]
    authority: Path | None = None

    def ask(
        self,
        method: str,
        door: str,
        path: str = "/",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Sends one request."""
        pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(total=20), ca_certs=str(self.authority or ""))
        url = f"http{'s' if self.authority else ''}://127.0.0.1:{self.ports[door]}{path}"
        answer = pool.request(method, url, body=body, headers=headers, redirect=False)
        pool.clear()
        return Answer(answer.status, answer.headers, answer.data)

    def raw(self, door: str, text: bytes) -> bytes:
        """Sends bytes as they are and returns all that comes until the connection ends or is idle."""
        with self.connect(door) as connection:
            connection.sendall(text)
            return read_all(connection)

    def connect(self, door: str) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.ports[door]), timeout=8)

    def own(self, door: str) -> str:
        """The Host of requests to a door."""
        return f"127.0.0.1:{self.ports[door]}"

    def log(self, at_least: int = 0) -> list[dict[str, Any]]:
        """Returns the log's lines that are JSON, once there are that many.

        The engine writes them down a moment after the answers have gone out. What was answered before a line of our
        own, which is left out, stands before that line: so what is not there now was never logged.
        """
        marks: list[str] = []
        begun = time.monotonic()
        while True:
            if len(marks) <= time.monotonic() - begun:
                marks.append(f"{MARK}{uuid.uuid4().hex}")
                assert self.ask("GET", "web", marks[-1], headers={"Host": "nobody.example"}).status == 421
            lines = [json.loads(line) for line in docker("logs", self.container).splitlines() if line.startswith("{")]
            others = [line for line in lines if not str(line["path"]).startswith(MARK)]
            if len(others) >= at_least and any(line["path"] in marks for line in lines):
                return others
            assert time.monotonic() < begun + 60, (self.counted("haproxy_process_dropped_logs_total"), lines)
            time.sleep(0.1)

    def counted(self, series: str) -> float:
        """The value of one series of the exporter."""
        (line,) = [line for line in self.exported() if line.startswith(series + " ")]
        return float(line.split()[-1])

    def exported(self) -> list[str]:
        """The lines of the exporter, as Prometheus scrapes them."""
        return docker("exec", self.container, "bash", "-c", METRICS).splitlines()


SCRAPED = "/metrics?scope=global&scope=frontend&scope=backend"
METRICS = rf"exec 3<>/dev/tcp/127.0.0.1/8404; printf 'GET {SCRAPED} HTTP/1.0\r\n\r\n' >&3; cat <&3"


def read_all(connection: socket.socket) -> bytes:
    """Returns what arrives until the end of the connection, or until nothing has come for its timeout."""
    said = b""
    try:
        while piece := connection.recv(65_536):
            said += piece
    except TimeoutError:
        pass
    return said


@dataclass(frozen=True)
class Place:
    """Networks with the stand-in in them, the gateway's image and the folder of its secrets."""

    name: str
    image: str
    secrets: Path

    @contextmanager
    def gateway(self, *options: str, **environment: str) -> Iterator[Gateway]:
        """Runs a gateway with these settings."""
        container = self.create(*options, **environment)
        try:
            docker("start", container)
            ports = {
                door: int(docker("port", container, str(port)).split(":")[1].split()[0]) for door, port in DOORS.items()
            }
            gateway = Gateway(container, ports)
            wait_until_it_listens(gateway)
            yield gateway
        finally:
            docker("rm", "--force", container, check=False)

    def create(self, *options: str, **environment: str) -> str:
        """Creates the container and returns its name."""
        container = f"{self.name}-{uuid.uuid4().hex[:6]}"
        published = [f"--publish=127.0.0.1::{port}" for port in DOORS.values()]
        settings = [f"--env={name}={value}" for name, value in environment.items()]
        mounts = [
            f"--volume={self.secrets / whose}:/run/secrets/spark-{whose}-verifier:ro"
            for whose in ("operator", "reader")
        ]
        network = [f"--network={self.name}-edge", "--network-alias=edge-address"]
        named = ("--init", f"--name={container}", *HARDENED, *network)
        docker("create", *named, *published, *settings, *mounts, *options, self.image)
        docker("network", "connect", f"{self.name}-inside", container)
        return container


def wait_until_it_listens(gateway: Gateway) -> None:
    deadline = time.monotonic() + 20
    while docker("exec", gateway.container, "/gateway/healthcheck", check=False):
        state = docker("inspect", "--format={{.State.Running}}", gateway.container).strip()
        assert state == "true", docker("logs", gateway.container)
        assert time.monotonic() < deadline, docker("logs", gateway.container)
        time.sleep(0.1)


@contextmanager
def place(folder: Path) -> Iterator[Place]:
    """Builds the image, and starts the stand-in under the names of all services."""
    name = f"spark-gateway-{uuid.uuid4().hex[:8]}"
    image = f"{name}:test"
    for whose, token in (("operator", OPERATOR), ("reader", READER)):
        (folder / whose).mkdir()
        (folder / whose / "verifier").write_text(hashlib.sha256(token.encode()).hexdigest())
    folder.chmod(0o755)
    docker("build", "--quiet", f"--build-arg=BASE_IMAGE={IMAGES['gateway']}", f"--tag={image}", str(ROOT / "gateway"))
    try:
        docker("network", "create", f"{name}-edge")
        docker("network", "create", "--internal", f"{name}-inside")
        names = [f"--network-alias={door}" for door in DOORS]
        named = ("--detach", f"--name={name}-echo", f"--network={name}-inside", *names)
        docker("run", *named, f"--volume={ECHO}:/echo.py:ro", IMAGES["python"], "python", "/echo.py", *BEHIND)
        yield Place(name, image, folder)
    finally:
        docker("rm", "--force", f"{name}-echo", check=False)
        docker("network", "rm", f"{name}-edge", f"{name}-inside", check=False)
        docker("image", "rm", "--force", image, check=False)
