"""A history whose file is damaged: put aside, told, and begun anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canary.history import tables
from canary.history.entries import microseconds
from canary.history.keeper import HistoryKeeper
from canary.history.store import DAMAGED, FILE, HistoryFile
from common.errors import Unavailable
from tests.canary.build import NOW
from tests.canary.histories import BAD, LONGEST, WELL, after, entry, filled, hours, keep, note, opened, runs, uptime


def damaged(folder: Path, how: str) -> None:
    path = folder / FILE
    whole = path.read_bytes()
    if how == "other tables":
        path.unlink()
        with opened(folder) as database:
            database.execute("CREATE TABLE notes (text TEXT)")
    elif how in ("another version", "without a table"):
        with opened(folder) as database:
            database.execute("PRAGMA user_version = 7" if how == "another version" else "DROP TABLE hours")
    else:
        zeroed = whole[:4096] + bytes(4096) + whole[8192:]
        contents = {"text": b"no database " * 900, "cut": whole[: len(whole) // 2], "zeroed": zeroed}
        path.write_bytes(contents[how])


@pytest.mark.parametrize("how", ["text", "cut", "zeroed", "other tables", "another version", "without a table"])
def test_a_damaged_file_is_put_aside_and_a_new_history_says_so(
    tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    filled(tmp_path, *(entry(after(seconds=15 * number)) for number in range(40)))
    damaged(tmp_path, how)
    kept = (tmp_path / FILE).read_bytes()
    file = HistoryFile(tmp_path)
    keeper = HistoryKeeper(file, LONGEST)
    keep(keeper)
    assert (tmp_path / (FILE + DAMAGED[0])).read_bytes() == kept
    assert [one.verdict for one in runs(file)] == ["PASS"]
    told = keeper.trouble()
    assert told is not None
    assert told.startswith("the history was damaged (")
    assert told.endswith("and is now history.sqlite3.damaged; a new one begins")
    assert note(file) == told
    assert [one.message for one in caplog.records] == ["a damaged history was put aside", "the history is not well"]
    keep(keeper)
    assert (keeper.failures, keeper.trouble()) == (1, None)
    assert len(runs(file)) == 2


def test_of_files_that_are_damaged_again_and_again_the_first_ones_stay(tmp_path: Path) -> None:
    keeper = HistoryKeeper(HistoryFile(tmp_path), LONGEST)
    for number in range(5):
        (tmp_path / FILE).write_bytes(f"no database {number} ".encode() * 900)
        keep(keeper)
        keep(keeper)
    aside = [(tmp_path / (FILE + ending)).read_bytes()[:13] for ending in DAMAGED]
    assert aside == [b"no database 0", b"no database 1", b"no database 4"]
    assert len(list(tmp_path.iterdir())) == 4


def test_damage_that_a_reader_found_in_a_file_that_is_gone_is_forgotten(tmp_path: Path) -> None:
    file = filled(tmp_path, entry())
    (tmp_path / FILE).write_bytes(b"no database " * 900)
    with pytest.raises(Unavailable):
        runs(file)
    (tmp_path / FILE).rename(tmp_path / "elsewhere")
    file.write(entry(), LONGEST)
    assert len(runs(file)) == 1


@pytest.mark.parametrize(
    ("column", "value"), [("verdict", "PERHAPS"), ("reasons", "{"), ("at", 2**62), ("samples", "many")]
)
def test_a_row_that_cannot_be_is_refused_to_the_reader_and_found_by_the_next_round(
    tmp_path: Path, column: str, value: object
) -> None:
    file = filled(tmp_path, entry(), entry(after(seconds=15)))
    with opened(tmp_path) as database:
        database.execute(f"UPDATE runs SET {column} = ? WHERE sequence = 1", (value,))  # noqa: S608
    with pytest.raises(Unavailable, match="the history is damaged"):
        runs(file)
    keeper = HistoryKeeper(file, LONGEST)
    keep(keeper)
    assert "history.sqlite3.damaged" in (keeper.trouble() or "")
    assert len(runs(file)) == 1


@pytest.mark.parametrize("column", ["at", "p95"])
def test_a_row_that_cannot_be_is_found_by_a_round_that_needs_it(tmp_path: Path, column: str) -> None:
    filled(tmp_path, entry(NOW))
    with opened(tmp_path) as database:
        database.execute(f"UPDATE runs SET {column} = 'many'")  # noqa: S608
        database.execute(tables.ADD_RUN, (microseconds(NOW), "PASS", 0, None, "[]", 0, 0.1, 1))
        database.execute(f"UPDATE runs SET {column} = 'many'")  # noqa: S608
    keeper = HistoryKeeper(HistoryFile(tmp_path), LONGEST)
    keep(keeper)
    assert "the history was damaged (a row can't be" in (keeper.trouble() or "")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_to_the_bytes_ends_a_round_or_a_reader_otherwise_than_told(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("history")
    filled(folder, *(entry(after(seconds=15 * n), "PASS" if n < 9 else "FAIL") for n in range(12)))
    path = folder / FILE
    whole = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    file = HistoryFile(folder)
    for read in (runs, hours, lambda one: uptime(one, after(days=1)), note):
        try:
            read(file)
        except Unavailable:
            continue
    keeper = HistoryKeeper(file, LONGEST)
    keep(keeper, WELL, BAD)
    for _ in range(3):
        if keeper.trouble():
            keep(keeper)
    assert keeper.trouble() is None
    assert runs(HistoryFile(folder))


def test_a_hot_journal_of_a_killed_writer_goes_aside_with_its_file(tmp_path: Path) -> None:
    file = filled(tmp_path, entry())
    (tmp_path / FILE).write_bytes(b"no database " * 900)
    (tmp_path / f"{FILE}-journal").write_bytes(b"left behind")
    file.set_aside()
    assert (tmp_path / f"{FILE}{DAMAGED[0]}-journal").exists()
    file.write(entry(after(seconds=30)), LONGEST)
    assert len(runs(file)) == 1
