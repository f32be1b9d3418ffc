"""The room on a service's disk is told as the file system gives it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from common.room import RoomCollector


def test_free_room_and_size_are_those_of_the_folders_disk(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    registry.register(RoomCollector(tmp_path))
    disk = shutil.disk_usage(tmp_path)
    assert registry.get_sample_value("spark_data_size_bytes") == disk.total
    # other programs write meanwhile
    assert registry.get_sample_value("spark_data_free_bytes") == pytest.approx(disk.free, rel=0.05)


def test_a_folder_that_is_not_there_has_no_series(tmp_path: Path) -> None:
    assert list(RoomCollector(tmp_path / "nothing").collect()) == []
