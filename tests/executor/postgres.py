"""A throw-away PostgreSQL in a container of its own, for the tests that must hold on both back ends."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import psycopg
import pytest

from tests.executor.standin import Place

IMAGE = "postgres:17.6-trixie"
START_SECONDS = 40.0


class Server:
    """A running PostgreSQL; `new_place` gives an empty database in it."""

    def __init__(self, port: int, password: str) -> None:
        self.port = port
        self.password = password

    def connect(self, database: str = "spark") -> psycopg.Connection[tuple[object, ...]]:
        """A connection of its own that commits each statement."""
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="spark", password=self.password, dbname=database, autocommit=True
        )

    def new_place(self, port: int | None = None) -> Place:
        """A new database; `port` is another way to the server, for tests that cut it."""
        name = f"t{secrets.token_hex(6)}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return Place(f"postgresql+psycopg://spark@127.0.0.1:{port or self.port}/{name}", self.password)


def _docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=60, check=False)


def _unavailable() -> str | None:
    try:
        found = _docker("image", "inspect", IMAGE)
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        return f"no container engine answers ({type(error).__name__})"
    return None if found.returncode == 0 else f"{IMAGE} is not here: {found.stderr.strip()[:120]}"


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """Starts the server, waits until it answers, and removes it at the end, whatever happened."""
    reason = _unavailable()
    if reason is not None:
        told = f"NOT TESTED ON POSTGRESQL: {reason}"
        pytest.fail(told) if os.environ.get("CI") == "true" else pytest.skip(told)
    name, password, file = f"spark-test-{secrets.token_hex(6)}", secrets.token_hex(12), folder / "password"
    file.write_text(password)
    file.chmod(0o644)
    folder.chmod(0o755)
    data = "/var/lib/postgresql/data"
    settings = {"POSTGRES_USER": "spark", "POSTGRES_DB": "spark", "POSTGRES_PASSWORD_FILE": "/run/password"}
    settings["PGDATA"] = f"{data}/spark"
    environment = [part for key, value in settings.items() for part in ("--env", f"{key}={value}")]
    place = ["--publish", "127.0.0.1::5432", "--tmpfs", data, "--volume", f"{file}:/run/password:ro"]
    try:
        started = _docker("run", "--detach", "--rm", "--user", "999:999", "--name", name, *place, *environment, IMAGE)
        assert started.returncode == 0, started.stderr
        yield _wait(name, password)
    finally:
        _docker("rm", "--force", "--volumes", name)


def _wait(name: str, password: str) -> Server:
    deadline = monotonic() + START_SECONDS
    server = Server(int(_docker("port", name, "5432").stdout.split()[0].rpartition(":")[2]), password)
    while True:
        try:
            server.connect().close()
        except psycopg.OperationalError:
            assert monotonic() < deadline, _docker("logs", name).stderr
            sleep(0.1)
        else:
            return server
