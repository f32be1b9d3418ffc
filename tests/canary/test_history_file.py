"""The history's file in the hands of the world: killed writers, a full disk, locks, several processes."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from canary.history import tables
from canary.history.keeper import HistoryKeeper
from canary.history.store import FILE, HistoryFile
from tests.canary.histories import BAD, LONGEST, WELL, after, entry, filled, hours, keep, note, opened, runs, uptime

WRITER = """
import sys
from pathlib import Path
from canary.history.store import HistoryFile
from tests.canary.histories import after, entry
file, number = HistoryFile(Path(sys.argv[1])), int(sys.argv[2])
while True:
    file.write(entry(after(seconds=number), ("PASS", "FAIL")[number % 2]), 90)
    print(number, flush=True)
    number += 1
"""
LIMITED = """
import resource, sys
from pathlib import Path
from canary.history.keeper import HistoryKeeper
from canary.history.store import HistoryFile
from tests.canary.histories import keep
folder = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
keeper = HistoryKeeper(HistoryFile(folder), 90)
for _ in range(3):
    keep(keeper)
    print(keeper.failures, keeper.trouble(), flush=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
keep(keeper)
print(keeper.failures, keeper.trouble(), flush=True)
"""


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=Path(__file__).parents[2],
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )


@contextmanager
def writing(folder: Path, number: int) -> Iterator[subprocess.Popen[str]]:
    """A process that writes rounds with rising numbers, killed at the end."""
    process = python(WRITER, folder, number)
    try:
        yield process
    finally:
        process.kill()
        process.wait(timeout=30)
        assert process.stdout is not None
        process.stdout.close()


def test_a_writer_that_is_killed_leaves_whole_rounds_and_none_that_it_told_is_missing(tmp_path: Path) -> None:
    told = -1
    for lines in (1, 7, 20):
        with writing(tmp_path, told + 1) as process:
            assert process.stdout is not None
            for _ in range(lines):
                told = int(process.stdout.readline())
            process.send_signal(signal.SIGKILL)
            told = max([told, *map(int, process.stdout.read().split())])
        file = HistoryFile(tmp_path)
        kept = runs(file)
        newest = int((kept[0].at - after()).total_seconds())
        assert newest in (told, told + 1)
        assert [one.at for one in reversed(kept)] == [after(seconds=n) for n in range(newest + 1)]
        (hour,) = hours(file)
        (day,) = uptime(file, after(hours=1))
        assert sum(hour.rounds.values()) == day.rounds == len(kept)
        told = newest
    with opened(tmp_path) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_another_process_reads_while_one_writes(tmp_path: Path) -> None:
    seen = 0
    with writing(tmp_path, 0) as process:
        assert process.stdout is not None
        for _ in range(10):
            process.stdout.readline()
            kept = runs(HistoryFile(tmp_path))
            assert len(kept) >= seen
            assert [one.verdict for one in kept] == [
                ("PASS", "FAIL")[int((one.at - after()).total_seconds()) % 2] for one in kept
            ]
            seen = len(kept)
    assert seen >= 10


def test_a_reader_that_holds_the_file_is_waited_for(tmp_path: Path) -> None:
    file = filled(tmp_path, entry())
    with opened(tmp_path) as database:
        database.execute("BEGIN")
        database.execute(tables.LAST_RUN).fetchone()
        database.execute("COMMIT")
        file.write(entry(after(seconds=15)), LONGEST)
    assert len(runs(file)) == 2


def test_on_a_full_disk_rounds_go_on_and_the_trouble_is_told_counted_and_ends(tmp_path: Path) -> None:
    filled(tmp_path, entry())
    kept = len(runs(HistoryFile(tmp_path)))
    out, _ = python(LIMITED, tmp_path, 8192).communicate(timeout=60)
    lines = out.splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["1", "2", "3", "3"]
    assert all("the history can't be written (" in line for line in lines[:3])
    assert lines[3] == "3 None"
    assert len(runs(HistoryFile(tmp_path))) == kept + 1


def test_damage_on_a_full_disk_is_told_by_the_history_that_begins_later(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database " * 900)
    python(LIMITED, tmp_path, 0).communicate(timeout=60)
    file = HistoryFile(tmp_path)
    assert len(runs(file)) == 1
    assert "the history was damaged (" in (note(file) or "")


def test_a_folder_that_is_not_there_is_told_and_no_round_fails(tmp_path: Path) -> None:
    keeper = HistoryKeeper(HistoryFile(tmp_path / "none"), LONGEST)
    keep(keeper, WELL, BAD)
    assert keeper.failures == 2
    assert keeper.trouble() == "the history can't be written (unable to open database file)"
    assert keeper.verdict_changes == 1
    (tmp_path / "none").mkdir()
    keep(keeper)
    assert (keeper.failures, keeper.trouble(), keeper.verdict_changes) == (2, None, 2)


def test_trouble_is_logged_when_it_begins_and_when_it_ends(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    keeper = HistoryKeeper(HistoryFile(tmp_path / "none"), LONGEST)
    keep(keeper, WELL, WELL, WELL)
    (tmp_path / "none").mkdir()
    keep(keeper, WELL, WELL)
    assert [record.message for record in caplog.records] == ["the history is not well", "the history is well again"]


def test_a_lock_that_is_not_given_back_is_trouble_and_no_damage(tmp_path: Path) -> None:
    filled(tmp_path, entry())
    keeper = HistoryKeeper(HistoryFile(tmp_path, busy_seconds=0.1), LONGEST)
    with opened(tmp_path) as database:
        database.execute("BEGIN EXCLUSIVE")
        keep(keeper)
    assert keeper.trouble() == "the history can't be written (database is locked)"
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    keep(keeper)
    assert keeper.trouble() is None


def test_the_file_is_one_file_that_any_sqlite_reads(tmp_path: Path) -> None:
    filled(tmp_path, entry())
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    with sqlite3.connect(tmp_path / FILE) as database:
        assert database.execute("SELECT verdict FROM runs").fetchall() == [("PASS",)]
    database.close()
