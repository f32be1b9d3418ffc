"""A backup brings the ledger back as it was, what is no backup changes nothing, and the books can be taken out."""

from __future__ import annotations

import csv
import os
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.stack.stack import ROOT, Stack
from tests.stack.test_trading import fresh_id

EXECUTORS = ("executor-1", "executor-2")
VERIFY = ("docker", "compose", "exec", "-T", "executor-1", "python", "-m", "executor.ledger", "verify")


@pytest.fixture
def quiet(healthy: Stack) -> Stack:
    """The stack without an order that the market could fill meanwhile."""
    answer = healthy.ask("POST", "executor-1", "/v1/orders/cancel-all", body={}, token=healthy.operator_token)
    assert answer.status == 200, answer.body
    return healthy


@pytest.fixture
def backup(quiet: Stack) -> Iterator[Path]:
    """The file that `make backup` named."""
    quiet.order("executor-1", fresh_id("kept"))
    file = ROOT / quiet.run("make", "backup").stdout.split()[-1]
    yield file
    file.unlink()


def books(stack: Stack) -> tuple[Any, ...]:
    """What the ledger says of everything, from one executor."""
    return tuple(stack.get("executor-1", path) for path in ("/v1/account", "/v1/positions", "/v1/orders?limit=500"))


def started_at(stack: Stack) -> list[str]:
    return [stack.container(executor)["State"]["StartedAt"] for executor in EXECUTORS]


def test_a_restored_ledger_is_as_at_the_backup_and_is_traded_on(quiet: Stack, backup: Path) -> None:
    assert backup.parent == ROOT / "backups"
    assert backup.stat().st_mode & 0o777 == 0o600
    before = books(quiet)
    name = fresh_id("lost")
    lost = quiet.order("executor-2", name).json
    assert lost["status"] == "filled", lost
    assert books(quiet) != before
    quiet.compose("exec", "-T", "postgres", "psql", "-U", "spark", "-c", "CREATE TABLE of_a_later_version (number int)")

    restored = quiet.run("make", "restore", f"FILE={backup}")

    assert "verify: clean account=paper" in restored.stdout
    for executor in EXECUTORS:
        quiet.wait_ready(executor, timeout=90)
        assert quiet.ask("GET", executor, f"/v1/orders/{lost['order_id']}").status == 404
    assert books(quiet) == before
    assert "of_a_later_version" not in quiet.compose("exec", "-T", "postgres", "psql", "-U", "spark", "-c", r"\dt")
    again = quiet.order("executor-2", name)
    assert (again.status, again.json["status"]) == (201, "filled"), again.body
    assert "verify: clean" in quiet.run(*VERIFY).stdout


def test_a_backup_is_known_to_the_stack(quiet: Stack, backup: Path) -> None:
    asked = ("psql", "-U", "spark", "-Atc", "SELECT file FROM backups ORDER BY finished_at DESC LIMIT 1")
    assert quiet.compose("exec", "-T", "postgres", *asked).strip() == backup.name


def test_a_file_that_is_no_whole_backup_is_refused_and_nothing_is_stopped(
    quiet: Stack, backup: Path, tmp_path: Path
) -> None:
    before, running = books(quiet), started_at(quiet)
    cut = tmp_path / "cut.dump"
    cut.write_bytes(backup.read_bytes()[:-10])
    for file, told in (
        ("", "no backup is named"),
        ("nothing", "there is no file"),
        ("README.md", "no dump"),
        (cut, "not whole"),
    ):
        refused = quiet.run("make", "restore", f"FILE={file}", check=False)
        assert refused.returncode != 0
        assert told in refused.stderr
    assert (books(quiet), started_at(quiet)) == (before, running)


def test_a_dump_that_somebody_prepared_is_refused_by_name_and_nothing_is_stopped(quiet: Stack, tmp_path: Path) -> None:
    prepared, psql = tmp_path / "prepared.dump", ("exec", "-T", "postgres", "psql", "-q", "-U", "spark", "-c")
    function = "CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'"
    trigger = "CREATE TRIGGER planted BEFORE INSERT ON alembic_version EXECUTE FUNCTION planted()"
    before, running = books(quiet), started_at(quiet)
    quiet.compose(*psql, f"{function}; {trigger}")
    try:
        dump = ("docker", "compose", "exec", "-T", "postgres", "pg_dump", "-U", "spark", "-Fc", "spark")
        done = subprocess.run(dump, cwd=ROOT, env=quiet.environment, capture_output=True, check=True)
        prepared.write_bytes(done.stdout)
    finally:
        quiet.compose(*psql, "DROP FUNCTION planted CASCADE")
    refused = quiet.run("make", "restore", f"FILE={prepared}", check=False)
    assert refused.returncode != 0
    assert "it has what no ledger has: FUNCTION public planted(), TRIGGER public alembic_version" in refused.stderr
    assert (books(quiet), started_at(quiet)) == (before, running)


def test_the_books_come_out_of_the_container_and_are_balanced(quiet: Stack, tmp_path: Path) -> None:
    quiet.order("executor-1", fresh_id("booked"))
    tmp_path.chmod(0o755)
    once = ("docker", "compose", "run", "--rm", "--no-deps", "--user", f"{os.getuid()}:{os.getgid()}")
    place = ("--volume", f"{tmp_path}:/books", "executor-2")
    done = quiet.run(*once, *place, "python", "-m", "executor.ledger", "export", "/books")
    account = quiet.get("executor-1", "/v1/account")
    assert f"export: account=paper events={account['sequence']} " in done.stdout
    with (tmp_path / "balances.csv").open(newline="") as lines:
        trial = list(csv.DictReader(lines))
    for unit, amount in account["cash"].items():
        rows = [row for row in trial if row["unit"] == unit]
        assert sum(Decimal(row["debit"] or 0) - Decimal(row["credit"] or 0) for row in rows) == 0
        assert [row["debit"] for row in rows if row["ledger_account"] == "cash"] == [amount]
