"""Files that are replaced: the new content with its permissions, or the old file untouched, and nothing left over."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from common.files import replace_durably


def test_a_file_is_written_and_replaced_with_its_permissions(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    old = os.umask(0o077)
    try:
        replace_durably(file, b"one", mode=0o644)
        assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (b"one", 0o644)
        replace_durably(file, b"", mode=0o600)
    finally:
        os.umask(old)
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (b"", 0o600)
    assert list(tmp_path.iterdir()) == [file]


def test_a_reader_of_the_old_file_keeps_its_content(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    replace_durably(file, b"old", mode=0o600)
    with file.open("rb") as reader:
        replace_durably(file, b"new", mode=0o600)
        assert reader.read() == b"old"


def test_the_content_is_on_the_disk_before_its_name_and_the_name_before_the_return(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    rename, fsync = Path.rename, os.fsync

    def noted_fsync(descriptor: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def noted_rename(self: Path, target: Path) -> Path:
        done.append("rename")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "rename", noted_rename)
    replace_durably(tmp_path / "state.json", b"x", mode=0o600)
    assert done == ["file", "rename", "folder"]


@pytest.mark.parametrize("broken", ["fsync", "fchmod"])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    file = tmp_path / "state.json"
    replace_durably(file, b"old", mode=0o600)

    def fail(*_arguments: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, broken, fail)
    with pytest.raises(OSError, match="no space left"):
        replace_durably(file, b"new", mode=0o600)
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_in_the_place_of_the_file_is_an_error_and_stays(tmp_path: Path) -> None:
    (tmp_path / "state.json").mkdir()
    with pytest.raises(OSError, match=r".*"):
        replace_durably(tmp_path / "state.json", b"new", mode=0o600)
    assert [entry.name for entry in tmp_path.iterdir()] == ["state.json"]


def test_a_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        replace_durably(tmp_path / "nowhere" / "state.json", b"new", mode=0o600)
