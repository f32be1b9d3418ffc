"""The executor that writes the account shows how old the ledger and its latest backup are."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from executor.backups import LOOK_SECONDS, RETRY_SECONDS
from executor.errors import LedgerUnavailable
from executor.store import Ledger
from tests.executor import postgres
from tests.executor.conftest import MakeExecutor
from tests.executor.dumps import database_of, dump_of, load, put_in_place, written_out
from tests.executor.standin import Executor, Place

BACKUP_SCRIPT = Path(__file__).parents[2] / "scripts" / "backup.sh"
DAY = 86_400.0
BUSY = 600.0
"""Seconds that a busy machine may take between a statement and the look at it."""


def note(server: postgres.Server, place: Place, ago: str) -> None:
    """Notes a backup of so long ago, which the superuser alone could."""
    with server.connect(database_of(place)) as superuser:
        superuser.execute("INSERT INTO backups VALUES (clock_timestamp() - %s::interval, 'x')", (ago,))


def shown(executor: Executor, name: str) -> float | None:
    return executor.parts.registry.get_sample_value(name)


def test_the_age_of_the_latest_backup_is_shown_and_grows(
    executor: Executor, place: Place, postgres_server: postgres.Server
) -> None:
    for ago in ("9 days", "3 days", "5 days"):
        note(postgres_server, place, ago)
    assert executor.parts.backups.step() == LOOK_SECONDS
    age = shown(executor, "executor_backup_age_seconds")
    assert age is not None
    assert 3 * DAY <= age < 3 * DAY + BUSY
    executor.clock.now += 100
    assert shown(executor, "executor_backup_age_seconds") == pytest.approx(age + 100)


def test_without_a_backup_the_ledgers_age_alone_is_shown(
    executor: Executor, place: Place, postgres_server: postgres.Server
) -> None:
    with postgres_server.connect(database_of(place)) as superuser:
        superuser.execute("UPDATE events SET recorded_at = recorded_at - interval '8 days'")
    executor.parts.backups.step()
    assert shown(executor, "executor_backup_age_seconds") is None
    age = shown(executor, "executor_ledger_age_seconds")
    assert age is not None
    assert 8 * DAY <= age < 8 * DAY + BUSY


def test_a_backup_that_is_dated_ahead_does_not_count(
    executor: Executor, place: Place, postgres_server: postgres.Server
) -> None:
    note(postgres_server, place, "-2 days")
    executor.parts.backups.step()
    assert shown(executor, "executor_backup_age_seconds") is None
    note(postgres_server, place, "2 days")
    executor.parts.backups.step()
    age = shown(executor, "executor_backup_age_seconds")
    assert age is not None
    assert age >= 2 * DAY


def test_nothing_is_shown_before_the_first_look_nor_by_an_executor_that_stands_by(
    executor: Executor, make: MakeExecutor, place: Place, postgres_server: postgres.Server
) -> None:
    note(postgres_server, place, "1 day")
    assert shown(executor, "executor_ledger_age_seconds") is None
    other = make(place)
    assert other.parts.backups.step() == RETRY_SECONDS
    assert shown(other, "executor_backup_age_seconds") is None
    assert shown(other, "executor_ledger_age_seconds") is None


def test_while_the_database_is_away_the_known_age_grows(
    executor: Executor, place: Place, postgres_server: postgres.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    note(postgres_server, place, "1 day")
    executor.parts.backups.step()
    before = shown(executor, "executor_backup_age_seconds")

    def away(_: Ledger) -> None:
        raise LedgerUnavailable("gone")

    monkeypatch.setattr(Ledger, "ages", away)
    executor.clock.now += 60
    assert executor.parts.backups.step() == RETRY_SECONDS
    assert before is not None
    assert shown(executor, "executor_backup_age_seconds") == pytest.approx(before + 60)


def test_a_restored_ledger_has_no_backup_of_the_time_before(
    make: MakeExecutor, place: Place, postgres_server: postgres.Server
) -> None:
    """Those of the dump are too old, or of a time that somebody made up; those since are of the ledger that is gone."""
    executor = make(place)
    executor.order(client_order_id="kept")
    note(postgres_server, place, "1 hour")
    dump = dump_of(postgres_server, place, "--schema=public", "--no-privileges")
    note(postgres_server, place, "1 minute")
    executor.close()
    load(place, written_out(dump))
    put_in_place(place)
    other = make(place)
    other.parts.backups.step()
    assert shown(other, "executor_backup_age_seconds") is None
    assert shown(other, "executor_ledger_age_seconds") is not None


def test_the_backups_role_notes_a_backup_with_the_servers_time_and_nobody_else_does(
    place: Place, postgres_server: postgres.Server
) -> None:
    address = place.url.replace("+psycopg", "")
    with psycopg.connect(address, password=place.password) as executor, pytest.raises(InsufficientPrivilege):
        executor.execute("INSERT INTO backups (file) VALUES ('x')")
    [noting] = re.findall(r"<<'SQL'.*?\n(.*?)SQL\n", BACKUP_SCRIPT.read_text(), re.DOTALL)
    with postgres_server.connect(database_of(place)) as superuser:
        superuser.execute("SET SESSION AUTHORIZATION spark_backup; SET default_transaction_read_only = on")
        for statement in noting.replace(":'file'", "'spark_x.dump'").split(";")[:-1]:
            superuser.execute(statement.encode())
        found = superuser.execute("SELECT file, clock_timestamp() - finished_at FROM backups").fetchall()
    assert [file for file, _ in found] == ["spark_x.dump"]
    assert timedelta(0) <= found[0][1] < timedelta(minutes=5)  # type: ignore[operator]
