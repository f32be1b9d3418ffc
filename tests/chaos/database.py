"""A PostgreSQL that keeps what it committed, with the durable settings of production, to be killed.

It is a container of the stack's image where `SPARK_TEST_POSTGRES` says `image`, else the server of the tests' package.
SIGKILL ends every process of it at one instant; what they wrote to files is still there at the next start,
so that what is tested is recovery from the write-ahead log, not the loss of power.
"""

from __future__ import annotations

import os
import random
import secrets
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from tests.chaos.ports import free_port
from tests.executor.postgres import IMAGE, Programs, Server, installed

DATA = "/var/lib/postgresql/data"
OPTIONS = ("synchronous_commit=on", "max_connections=80", "shared_buffers=64MB")
DURABLE = ("fsync", "full_page_writes", "synchronous_commit")
DOCKER_SECONDS, START_SECONDS = 60.0, 60.0


class Database(Server, ABC):
    """One server whose data outlives its processes. Everything raises `RuntimeError` when it can't be done."""

    name = "postgres"

    @property
    def url(self) -> str:
        """As `SPARK_LEDGER_URL` wants it: as an executor logs in."""
        return f"postgresql+psycopg://spark_executor@127.0.0.1:{self.port}/spark"

    def address(self) -> tuple[str, int]:
        """The server's own address: a published port of a container doubles each trip."""
        return "127.0.0.1", self.port

    @abstractmethod
    def kill(self) -> None:
        """SIGKILL for all of its processes."""

    @abstractmethod
    def start(self) -> None:
        """Starts it again on the same data; one that runs is left alone."""

    @abstractmethod
    def log(self) -> str:
        """The end of its log."""

    def wait(self, database: str = "spark") -> None:
        """Until it answers; raises `RuntimeError` with the end of its log when that takes too long."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            self.start()
            try:
                self.connect(database).close()
            except psycopg.OperationalError:
                time.sleep(0.2)
            else:
                return
        raise RuntimeError(f"PostgreSQL does not answer: {self.log()}")

    def require_durable(self) -> None:
        """Raises `RuntimeError` unless a commit that was answered is on disk."""
        with self.connect() as connection:
            for name in DURABLE:
                row = connection.execute(f"SHOW {name}".encode()).fetchone()
                if row != ("on",):
                    raise RuntimeError(f"{name} is {row}: nothing that is found here would count")


class Container(Database):
    """A container of the stack's image."""

    def __init__(self, container: str, port: int, password: str) -> None:
        super().__init__(port, password)
        self._container = container

    def address(self) -> tuple[str, int]:
        """The container's address on the bridge network."""
        form = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}"
        return _docker("inspect", "--format", form, self._container).split()[0], 5432

    def kill(self) -> None:
        """SIGKILL for all of its processes."""
        _docker("kill", "--signal", "KILL", self._container)

    def start(self) -> None:
        """Starts it again on the same data; one that runs is left alone."""
        _docker("start", self._container)

    def log(self) -> str:
        """The end of its log."""
        return _docker("logs", "--tail", "5", self._container)


class Installed(Database):
    """The server of the tests' package, run by this process."""

    def __init__(self, programs: Programs, options: Sequence[str], port: int, password: str) -> None:
        super().__init__(port, password)
        self._programs, self._options, self._log = programs, options, programs.folder / "log"
        self._process: subprocess.Popen[bytes] | None = None

    def kill(self) -> None:
        """SIGKILL for all of its processes."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGSTOP)  # it starts no others meanwhile
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        for child in [*map(int, children), process.pid]:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        process.wait()

    def start(self) -> None:
        """Starts it again on the same data; one that runs is left alone."""
        if self._process is None or self._process.poll() is not None:
            with self._log.open("ab") as log:
                self._process = self._programs.serve(self.port, self._options, log)

    def log(self) -> str:
        """The end of its log."""
        return self._log.read_text(errors="replace")[-1000:]


def _docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=DOCKER_SECONDS, check=False)
    if done.returncode:
        raise RuntimeError(f"docker {arguments[0]}: {done.stderr.strip()[-300:]}")
    return done.stdout + done.stderr


@contextmanager
def running(folder: Path, rng: random.Random, options: Sequence[str] = ()) -> Iterator[Database]:
    """Started and answering; removed with its data at the end, whatever happened.

    `folder` takes the password; `options` are further settings, as `name=value`.
    """
    settings = [*OPTIONS, *options]
    image = os.environ.get("SPARK_TEST_POSTGRES") == "image"
    start = _container(folder, rng, settings) if image else _installed(rng, settings)
    with start as database:
        database.require_durable()
        database.give_roles("spark")
        database.migrate("spark")
        yield database


@contextmanager
def _installed(rng: random.Random, options: Sequence[str]) -> Iterator[Database]:
    with installed() as programs:
        password, port = secrets.token_hex(12), free_port(rng)
        programs.make(password)
        database = Installed(programs, options, port, password)
        try:
            database.wait("postgres")
            with database.connect("postgres") as connection:
                connection.execute("CREATE DATABASE spark")
            yield database
        finally:
            database.kill()


@contextmanager
def _container(folder: Path, rng: random.Random, options: Sequence[str]) -> Iterator[Database]:
    container, password, file = f"spark-chaos-{secrets.token_hex(6)}", secrets.token_hex(12), folder / "ledger-password"
    file.write_text(password)
    file.chmod(0o644)
    folder.chmod(0o755)
    port = free_port(rng)
    settings = {"POSTGRES_USER": "spark", "POSTGRES_DB": "spark", "POSTGRES_PASSWORD_FILE": "/run/password"}
    settings["PGDATA"] = f"{DATA}/spark"
    environment = [part for key, value in settings.items() for part in ("--env", f"{key}={value}")]
    place = ["--publish", f"127.0.0.1:{port}:5432", "--volume", DATA, "--volume", f"{file}:/run/password:ro"]
    given = [part for option in options for part in ("-c", option)]
    limits = ["--init", "--user", "999:999", "--shm-size", "128m"]
    try:
        _docker("run", "--detach", "--name", container, *limits, *place, *environment, IMAGE, "postgres", *given)
        database = Container(container, port, password)
        database.wait()
        yield database
    finally:
        _docker("rm", "--force", "--volumes", container)
