"""A PostgreSQL that keeps what it committed: a container with the durable settings of production, to be killed.

SIGKILL ends every process of the container at one instant; what they wrote to files is still there at the next start,
so that what is tested is recovery from the write-ahead log, not the loss of power.
"""

from __future__ import annotations

import random
import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.chaos.ports import free_port
from tests.executor.postgres import IMAGE, Server

DATA = "/var/lib/postgresql/data"
COMMAND = ("postgres", "-c", "synchronous_commit=on", "-c", "max_connections=80", "-c", "shared_buffers=64MB")
DURABLE = ("fsync", "full_page_writes", "synchronous_commit")
DOCKER_SECONDS, START_SECONDS = 60.0, 60.0


class Database(Server):
    """One container whose data outlives its processes. Everything raises `RuntimeError` when the engine refuses."""

    name = "postgres"

    def __init__(self, container: str, port: int, password: str) -> None:
        super().__init__(port, password)
        self._container = container

    @property
    def url(self) -> str:
        """As `SPARK_LEDGER_URL` wants it."""
        return f"postgresql+psycopg://spark@127.0.0.1:{self.port}/spark"

    def kill(self) -> None:
        """SIGKILL for all of its processes."""
        _docker("kill", "--signal", "KILL", self._container)

    def start(self) -> None:
        """Starts it again on the same data; one that runs is left alone."""
        _docker("start", self._container)

    def wait(self) -> None:
        """Until it answers; raises `RuntimeError` with the end of its log when that takes too long."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            self.start()
            try:
                self.connect().close()
            except psycopg.OperationalError:
                time.sleep(0.2)
            else:
                return
        raise RuntimeError(f"PostgreSQL does not answer: {_docker('logs', '--tail', '5', self._container)}")

    def require_durable(self) -> None:
        """Raises `RuntimeError` unless a commit that was answered is on disk."""
        with self.connect() as connection:
            for name in DURABLE:
                row = connection.execute(f"SHOW {name}".encode()).fetchone()
                if row != ("on",):
                    raise RuntimeError(f"{name} is {row}: nothing that is found here would count")


def _docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=DOCKER_SECONDS, check=False)
    if done.returncode:
        raise RuntimeError(f"docker {arguments[0]}: {done.stderr.strip()[-300:]}")
    return done.stdout + done.stderr


@contextmanager
def running(folder: Path, rng: random.Random) -> Iterator[Database]:
    """Started and answering; removed with its data at the end, whatever happened. `folder` takes the password."""
    container, password, file = f"spark-chaos-{secrets.token_hex(6)}", secrets.token_hex(12), folder / "ledger-password"
    file.write_text(password)
    file.chmod(0o644)
    folder.chmod(0o755)
    port = free_port(rng)
    settings = {"POSTGRES_USER": "spark", "POSTGRES_DB": "spark", "POSTGRES_PASSWORD_FILE": "/run/password"}
    settings["PGDATA"] = f"{DATA}/spark"
    environment = [part for key, value in settings.items() for part in ("--env", f"{key}={value}")]
    place = ["--publish", f"127.0.0.1:{port}:5432", "--volume", DATA, "--volume", f"{file}:/run/password:ro"]
    limits = ["--init", "--user", "999:999", "--shm-size", "128m"]
    try:
        _docker("run", "--detach", "--name", container, *limits, *place, *environment, IMAGE, *COMMAND)
        database = Database(container, port, password)
        database.wait()
        database.require_durable()
        yield database
    finally:
        _docker("rm", "--force", "--volumes", container)
