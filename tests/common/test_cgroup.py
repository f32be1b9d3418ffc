"""The container's memory is read from control groups of both versions, and never breaks /metrics."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from common.cgroup import Memory, MemoryCollector, memory
from tests.common.app import make

VERSION_1 = {
    "memory/memory.usage_in_bytes": "1515520\n",
    "memory/memory.limit_in_bytes": "104857600\n",
    "memory/memory.stat": "cache 4096\ninactive_file 1\ntotal_cache 4096\ntotal_inactive_file 8192\n",
    "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
}
VERSION_2 = {
    "memory.current": "1515520\n",
    "memory.max": "104857600\n",
    "memory.stat": "anon 1000\ninactive_file 8192\nactive_file 5\n",
    "memory.events": "low 0\nhigh 0\nmax 7\noom 4\noom_kill 3\noom_group_kill 0\n",
}


def _written(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize("files", [VERSION_1, VERSION_2], ids=["version 1", "version 2"])
def test_both_versions_tell_use_limit_and_kills(tmp_path: Path, files: dict[str, str]) -> None:
    assert memory(_written(tmp_path, files)) == Memory(used=1507328, limit=104857600, kills=3)


@pytest.mark.parametrize(
    "files",
    [
        VERSION_1 | {"memory/memory.limit_in_bytes": "9223372036854771712\n"},
        VERSION_2 | {"memory.max": "max\n"},
    ],
    ids=["version 1", "version 2"],
)
def test_no_limit_is_no_number(tmp_path: Path, files: dict[str, str]) -> None:
    registry = CollectorRegistry()
    registry.register(MemoryCollector(_written(tmp_path, files)))
    assert registry.get_sample_value("spark_memory_used_bytes") == 1507328
    assert registry.get_sample_value("spark_memory_limit_bytes") is None


@pytest.mark.parametrize(
    "files", [{}, VERSION_2 | {"memory.stat": "\n"}, VERSION_1 | {"memory/memory.oom_control": "oom_kill many\n"}]
)
def test_files_that_are_not_there_or_not_as_known_leave_the_series_out(tmp_path: Path, files: dict[str, str]) -> None:
    assert memory(_written(tmp_path, files)) is None
    assert list(MemoryCollector(tmp_path).collect()) == []


def test_a_use_below_what_can_be_taken_back_is_zero(tmp_path: Path) -> None:
    """The kernel counts the two at different moments."""
    found = memory(_written(tmp_path, VERSION_2 | {"memory.current": "4096\n"}))
    assert found is not None
    assert found.used == 0


def test_every_service_tells_what_its_own_kernel_tells() -> None:
    text = make().test_client().get("/metrics").text
    assert ("spark_memory_used_bytes" in text) == (memory() is not None)
