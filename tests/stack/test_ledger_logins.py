"""The ledger's server takes each role from where it belongs, and goes on with the data of an older version."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from tests.repo import compose
from tests.stack.conftest import engine_answers
from tests.stack.stack import ROOT, Stack, own_stack

OLD_LEDGERS = ROOT / "tests" / "executor" / "old_ledgers"
OLD_PASSWORD = "the-superusers-old-password"
LOG_IN = """
import sys
from pathlib import Path
import psycopg
user, database, password = sys.argv[1:]
file = Path("/run/secrets/spark-ledger-executor/password")
password = password or file.read_text()
try:
    place = {"host": "postgres", "dbname": database, "connect_timeout": 5}
    with psycopg.connect(user=user, password=password, **place) as connection:
        print(connection.execute("SELECT current_user").fetchone()[0])
except psycopg.OperationalError as error:
    print(str(error).splitlines()[0])
"""
pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def updated() -> Iterator[Stack]:
    """The database's part of a stack whose data were made by a version in which executors were superusers."""
    if not engine_answers():
        pytest.skip("NO CONTAINER ENGINE ANSWERS: nothing that needs containers is tested")
    stack = own_stack("spark-test-logins")
    try:
        _make_old_data(stack)
        stack.compose("build", "init", "postgres", "executor-1")
        stack.compose("up", "--detach", "--no-build", "migrate")
        yield stack
    finally:
        stack.compose("down", "--volumes", "--rmi", "local", "--timeout", "5", check=False)


def _make_old_data(stack: Stack) -> None:
    volume, server = f"{stack.project}_ledger-data", f"{stack.project}-old"
    labels = (f"com.docker.compose.project={stack.project}", "com.docker.compose.volume=ledger-data")
    stack.run("docker", "volume", "create", *(part for label in labels for part in ("--label", label)), volume)
    settings = ("POSTGRES_USER=spark", "POSTGRES_DB=spark", "POSTGRES_PASSWORD_FILE=/tmp/password")
    given = [part for setting in settings for part in ("--env", setting)]
    start = f"echo {OLD_PASSWORD} >/tmp/password; exec docker-entrypoint.sh postgres"
    volumes = ("--volume", f"{volume}:/var/lib/postgresql/data", "--tmpfs", "/tmp")
    run = ("docker", "run", "--detach", "--name", server, "--user", "999:999", *volumes, *given)
    stack.run(*run, "--entrypoint", "bash", compose.images()["postgres"], "-c", start)
    try:
        ready = ("docker", "exec", server, "pg_isready", "-q", "-h", "127.0.0.1")
        stack.wait(lambda: stack.run(*ready, check=False).returncode == 0, 60, "the old server answers")
        for file in ("postgresql_0003.sql", "traded_0003.sql"):
            psql = ("docker", "exec", "-i", server, "psql", "-q", "-v", "ON_ERROR_STOP=1", "-U", "spark", "-d", "spark")
            subprocess.run(psql, input=(OLD_LEDGERS / file).read_bytes(), check=True, capture_output=True, timeout=60)
        stack.run("docker", "stop", server)
    finally:
        stack.run("docker", "rm", "--force", server)


def log_in(stack: Stack, user: str, *, database: str = "spark", password: str = "") -> str:
    """The name that the server knows the session by, or the reason of its refusal, from the ledger's network."""
    once = ("run", "--rm", "--no-deps", "-T", "executor-2", "python", "-c", LOG_IN, user, database, password)
    return stack.compose(*once).strip()


def test_the_orders_of_the_older_version_are_all_there_and_proved(updated: Stack) -> None:
    verified = updated.compose(
        "run", "--rm", "--no-deps", "-T", "executor-2", "python", "-m", "executor.ledger", "verify"
    )
    assert "verify: clean account=paper events=23 orders=6 " in verified


def test_each_role_logs_in_from_where_it_belongs_and_with_its_own_password(updated: Stack) -> None:
    assert log_in(updated, "spark_executor") == "spark_executor"
    assert "password authentication failed" in log_in(updated, "spark_executor", password="wrong")
    assert "password authentication failed" in log_in(updated, "spark_owner")
    for user in ("spark", "spark_backup", "postgres"):
        assert "pg_hba.conf rejects" in log_in(updated, user, password=OLD_PASSWORD), user
    assert "pg_hba.conf rejects" in log_in(updated, "spark_executor", database="postgres")


def test_on_the_socket_in_the_container_there_are_only_the_superuser_and_the_backup(updated: Stack) -> None:
    def psql(user: str, query: str = "SELECT current_user") -> str:
        done = updated.run(
            *("docker", "compose", "exec", "-T", "postgres", "psql", "-At", "-U", user, "-d", "spark", "-c", query),
            check=False,
        )
        return done.stdout.strip() or done.stderr

    assert [psql("spark"), psql("spark_backup")] == ["spark", "spark_backup"]
    for user in ("spark_executor", "spark_owner"):
        assert "no pg_hba.conf entry" in psql(user)
    without = "SELECT rolname FROM pg_authid WHERE rolname LIKE 'spark%' AND rolpassword IS NULL ORDER BY 1"
    assert psql("spark", without).split() == ["spark", "spark_backup"]
    owners = "SELECT DISTINCT relowner::regrole FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    assert psql("spark", owners) == "spark_owner"


def test_no_password_of_the_ledger_is_in_the_databases_container(updated: Stack) -> None:
    found = updated.compose("exec", "-T", "postgres", "sh", "-c", "ls /run/secrets/* /tmp")
    assert "password" not in found
    verifier = updated.compose("exec", "-T", "postgres", "cat", "/run/secrets/spark-ledger-verifiers/executor")
    assert verifier.startswith("SCRAM-SHA-256$4096:")


def test_a_server_that_was_killed_gives_the_roles_their_rights_again_before_it_is_healthy(updated: Stack) -> None:
    planted = ("psql", "-q", "-U", "spark", "-d", "spark", "-c", "ALTER ROLE spark_executor SUPERUSER PASSWORD NULL")
    updated.compose("exec", "-T", "postgres", *planted)
    updated.wait_restarted("postgres", updated.kill("postgres"))
    assert log_in(updated, "spark_executor") == "spark_executor"
    refused = "SELECT rolsuper FROM pg_roles WHERE rolname = 'spark_executor'"
    assert updated.compose("exec", "-T", "postgres", "psql", "-At", "-U", "spark", "-c", refused).strip() == "f"
