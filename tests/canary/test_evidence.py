"""The folder of packages."""

from __future__ import annotations

import os
import threading
import time
import tracemalloc
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from canary.evidence import LEFTOVER_SECONDS, MOST_BYTES, MOST_PACKAGES, EvidenceStore
from canary.keys import CannotSign
from canary.verifying.folder import check_folder
from canary.verifying.package import check_file
from common.errors import InvalidRequest, NotFound, ServiceError
from tests.canary.build import NOW
from tests.canary.keys import key_file
from tests.canary.packages import draft

FIRST = "canary_0.1.0_20261122T120000Z.zip"


def store_of(folder: Path, *, most_packages: int = MOST_PACKAGES, most_bytes: int = MOST_BYTES) -> EvidenceStore:
    return EvidenceStore(folder, key_file(folder), most_packages=most_packages, most_bytes=most_bytes)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name not in (".canary-lock", "chain"))


def test_a_package_is_written_under_its_name_read_only_and_nothing_is_left_beside(tmp_path: Path) -> None:
    path = store_of(tmp_path).write(draft(), NOW)
    assert path == tmp_path / FIRST
    assert check_file(path, None).faults == ()
    assert path.stat().st_mode & 0o777 == 0o444
    assert names(tmp_path) == [FIRST]


def test_a_package_is_never_overwritten(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    first = store.write(draft(), NOW)
    before = first.read_bytes()
    second = store.write(draft(), NOW)
    assert second.name == "canary_0.1.0_20261122T120001Z.zip"
    assert first.read_bytes() == before != second.read_bytes()


def test_many_writers_at_once_lose_nothing_and_make_one_chain(tmp_path: Path) -> None:
    key_file(tmp_path)
    writers = [threading.Thread(target=store_of(tmp_path).write, args=(draft(), NOW)) for _ in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(one.sequence or 0 for one in store_of(tmp_path).packages()) == list(range(1, 9))
    assert check_folder(tmp_path, None, None).faults == ()


def test_the_list_is_newest_first_with_size_time_and_verdict(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    size = store.write(draft(), NOW).stat().st_size
    (tmp_path / "canary_0.2.0_20261122T130000Z.zip").write_bytes(b"no zip")
    (tmp_path / "canary_other.zip").write_bytes(b"not ours")
    (tmp_path / "canary_0.1.0_20269999T120000Z.zip").write_bytes(b"no such day")
    (tmp_path / "canary_0.1.0_20261122T130001Z.zip").symlink_to("/etc/hostname")
    newest, oldest = store.packages()
    assert (newest.name, newest.verdict) == ("canary_0.2.0_20261122T130000Z.zip", None)
    assert (oldest.name, oldest.size, oldest.verdict) == (FIRST, size, "FAIL")
    assert (newest.sequence, oldest.sequence) == (None, 1)
    assert oldest.created == NOW.replace(microsecond=0)


def test_a_file_that_is_too_large_for_a_package_is_listed_and_costs_no_memory(tmp_path: Path) -> None:
    with (tmp_path / FIRST).open("wb") as file:
        file.truncate(10**10)
    tracemalloc.start()
    (listed,) = store_of(tmp_path).packages()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (listed.size, listed.verdict) == (10**10, None)
    assert peak < 10**6


def test_beyond_the_number_the_oldest_goes_is_counted_and_gets_a_tombstone(tmp_path: Path) -> None:
    store = store_of(tmp_path, most_packages=2)
    for minute in range(5):
        store.write(draft(), NOW + timedelta(minutes=minute))
    assert [one.created.minute for one in store.packages()] == [4, 3]
    assert store_of(tmp_path).pruned() == 3
    assert check_folder(tmp_path, None, None).faults == ()


def test_beyond_the_bytes_the_oldest_goes_but_never_the_one_just_written(tmp_path: Path) -> None:
    size = store_of(tmp_path).write(draft(), NOW).stat().st_size
    store = store_of(tmp_path, most_bytes=size // 2)
    for minute in (1, 2):
        store.write(draft(), NOW + timedelta(minutes=minute))
    assert [one.created.minute for one in store.packages()] == [2]


def test_a_folder_that_cannot_be_written_is_told_with_its_reason(tmp_path: Path) -> None:
    assert store_of(tmp_path).trouble() is None
    assert names(tmp_path) == []
    missing = tmp_path / "none"
    store = EvidenceStore(missing, key_file(tmp_path))
    assert store.trouble() == f"{missing} can't be written (No such file or directory)"
    with pytest.raises(OSError, match="No such file"):
        store.write(draft(), NOW)


def test_files_that_a_killed_writer_left_are_not_listed_and_the_old_ones_are_removed(tmp_path: Path) -> None:
    old, fresh = tmp_path / ".partial-old", tmp_path / ".partial-fresh"
    for path in (old, fresh):
        path.write_bytes(b"half a package")
    long_ago = time.time() - LEFTOVER_SECONDS - 1
    os.utime(old, (long_ago, long_ago))
    store = store_of(tmp_path)
    assert store.packages() == []
    store.write(draft(), NOW)
    assert names(tmp_path) == [fresh.name, FIRST]


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    long = draft(version="v" * 300)
    with pytest.raises(OSError, match="name too long"):
        store_of(tmp_path).write(long, NOW)
    assert names(tmp_path) == []


def test_a_statement_that_is_too_large_to_be_read_is_not_kept_and_leaves_nothing_behind(tmp_path: Path) -> None:
    huge = draft()
    reasons = tuple(msgspec.structs.replace(huge.report.conditions[0], outcome="failed") for _ in range(40_000))
    store = store_of(tmp_path)
    with pytest.raises(CannotSign, match="the envelope has more than"):
        store.write(replace(huge, report=msgspec.structs.replace(huge.report, conditions=reasons)), NOW)
    assert store.packages() == []
    store.write(draft(), NOW)
    assert names(tmp_path) == [FIRST]
    assert check_folder(tmp_path, None, None).faults == ()


@pytest.mark.parametrize(
    "name",
    [
        "",
        "..",
        "../" + FIRST,
        "/etc/passwd",
        "/" + FIRST,
        FIRST + "\n",
        FIRST + "\0",
        "\0",
        "canary_0.1.0_20261122T120000Z.zip.tmp",
        "canary_0.1.0_２０２６1122T120000Z.zip",
        "canary_kanarya_ş_20261122T120000Z.zip",
        "canary__20261122T120000Z.zip",
        "canary_../../x_20261122T120000Z.zip",
        "x" * 5000,
        ".canary-state.json",
    ],
)
def test_what_is_no_packages_name_is_refused_by_field(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        store_of(tmp_path).path_of(name)
    assert refused.value.details["field"] == "name"


def test_a_package_that_is_not_there_is_not_found_nor_is_a_link_or_a_pipe(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    with pytest.raises(NotFound):
        store.path_of(FIRST)
    (tmp_path / FIRST).symlink_to("/etc/hostname")
    with pytest.raises(NotFound):
        store.path_of(FIRST)
    (tmp_path / FIRST).unlink()
    os.mkfifo(tmp_path / FIRST)
    with pytest.raises(ServiceError):
        store.path_of(FIRST)
    assert store.packages() == []
