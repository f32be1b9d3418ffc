"""The folder of packages."""

from __future__ import annotations

import os
import threading
import time
import tracemalloc
from datetime import timedelta
from pathlib import Path

import pytest

from canary.evidence import LEFTOVER_SECONDS, EvidenceStore
from common.errors import InvalidRequest, NotFound, ServiceError
from tests.canary.build import NOW
from tests.canary.packages import package

FIRST = "canary_0.1.0_20261122T120000Z.zip"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith(".canary-lock"))


def test_a_package_is_written_under_its_name_read_only_and_nothing_is_left_beside(tmp_path: Path) -> None:
    path = EvidenceStore(tmp_path).write(package(), "0.1.0", NOW)
    assert path == tmp_path / FIRST
    assert path.read_bytes() == package()
    assert path.stat().st_mode & 0o777 == 0o444
    assert names(tmp_path) == [FIRST]


def test_a_package_is_never_overwritten(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path)
    first = store.write(b"first", "0.1.0", NOW)
    second = store.write(b"second", "0.1.0", NOW)
    assert second.name == "canary_0.1.0_20261122T120001Z.zip"
    assert (first.read_bytes(), second.read_bytes()) == (b"first", b"second")


def test_many_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    writers = [
        threading.Thread(target=EvidenceStore(tmp_path).write, args=(str(number).encode(), "0.1.0", NOW))
        for number in range(8)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert {(tmp_path / name).read_bytes() for name in names(tmp_path)} == {str(n).encode() for n in range(8)}


def test_the_list_is_newest_first_with_size_time_and_verdict(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path)
    store.write(package(), "0.1.0", NOW)
    store.write(b"no zip", "0.2.0", NOW + timedelta(hours=1))
    (tmp_path / "canary_other.zip").write_bytes(b"not ours")
    (tmp_path / "canary_0.1.0_20269999T120000Z.zip").write_bytes(b"no such day")
    (tmp_path / "canary_0.1.0_20261122T130000Z.zip").symlink_to("/etc/hostname")
    newest, oldest = store.packages()
    assert (newest.name, newest.verdict) == ("canary_0.2.0_20261122T130000Z.zip", None)
    assert (oldest.name, oldest.size, oldest.verdict) == (FIRST, len(package()), "FAIL")
    assert oldest.created == NOW.replace(microsecond=0)


def test_a_file_that_is_too_large_for_a_package_is_listed_and_costs_no_memory(tmp_path: Path) -> None:
    with (tmp_path / FIRST).open("wb") as file:
        file.truncate(10**10)
    tracemalloc.start()
    (listed,) = EvidenceStore(tmp_path).packages()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (listed.size, listed.verdict) == (10**10, None)
    assert peak < 10**6


def test_beyond_the_number_the_oldest_goes_and_is_counted(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path, most_packages=2)
    for minute in range(5):
        store.write(b"x", "0.1.0", NOW + timedelta(minutes=minute))
    assert [one.created.minute for one in store.packages()] == [4, 3]
    assert EvidenceStore(tmp_path).pruned() == 3


def test_beyond_the_bytes_the_oldest_goes_but_never_the_one_just_written(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path, most_bytes=100)
    for minute in range(3):
        store.write(b"x" * 60, "0.1.0", NOW + timedelta(minutes=minute))
    store.write(b"x" * 200, "0.1.0", NOW + timedelta(minutes=9))
    assert [one.size for one in store.packages()] == [200]


def test_a_folder_that_cannot_be_written_is_told_with_its_reason(tmp_path: Path) -> None:
    assert EvidenceStore(tmp_path).trouble() is None
    assert names(tmp_path) == []
    missing = tmp_path / "none"
    assert EvidenceStore(missing).trouble() == f"{missing} can't be written (No such file or directory)"
    with pytest.raises(OSError, match="No such file"):
        EvidenceStore(missing).write(b"x", "0.1.0", NOW)


def test_files_that_a_killed_writer_left_are_not_listed_and_the_old_ones_are_removed(tmp_path: Path) -> None:
    old, fresh = tmp_path / ".partial-old", tmp_path / ".partial-fresh"
    for path in (old, fresh):
        path.write_bytes(b"half a package")
    long_ago = time.time() - LEFTOVER_SECONDS - 1
    os.utime(old, (long_ago, long_ago))
    store = EvidenceStore(tmp_path)
    assert store.packages() == []
    store.write(package(), "0.1.0", NOW)
    assert names(tmp_path) == [fresh.name, FIRST]


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="name too long"):
        EvidenceStore(tmp_path).write(b"x", "v" * 300, NOW)
    assert names(tmp_path) == []


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
        EvidenceStore(tmp_path).path_of(name)
    assert refused.value.details["field"] == "name"


def test_a_package_that_is_not_there_is_not_found_nor_is_a_link_or_a_pipe(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path)
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
