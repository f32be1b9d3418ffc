"""The container's memory, as the kernel counts it in the container's control group, of version 1 or 2."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

ROOT = Path("/sys/fs/cgroup")
UNLIMITED = 2**60
"""Version 1 writes a number near 2**63 where there is no limit."""


@dataclass(frozen=True)
class Memory:
    """The memory of one control group.

    used: bytes that the kernel can't take back by itself: all but what it keeps of files that were not read lately.
    limit: the bytes above which the kernel kills a process; None for no limit.
    kills: processes that the kernel has killed since the container was started, because the limit was reached.
    """

    used: int
    limit: int | None
    kills: int


def memory(root: Path = ROOT) -> Memory | None:
    """Returns the memory of the control group below `root`; None where its files can't be read.

    Source: the kernel's documentation, cgroup-v1/memory.rst and cgroup-v2.rst.
    """
    try:
        if (root / "memory.max").exists():
            return _read(root, "current", "max", "inactive_file", "events")
        return _read(root / "memory", "usage_in_bytes", "limit_in_bytes", "total_inactive_file", "oom_control")
    except (OSError, ValueError, KeyError):
        return None


def _read(folder: Path, usage: str, limit: str, inactive: str, events: str) -> Memory:
    """Reads the files `memory.<name>` of a folder; `inactive` is a line of `memory.stat`."""
    used = int((folder / f"memory.{usage}").read_text()) - _table(folder / "memory.stat")[inactive]
    written = (folder / f"memory.{limit}").read_text().strip()
    most = None if written == "max" or int(written) >= UNLIMITED else int(written)
    return Memory(max(used, 0), most, _table(folder / f"memory.{events}")["oom_kill"])


def _table(file: Path) -> dict[str, int]:
    return {name: int(value) for name, value in (line.split() for line in file.read_text().splitlines())}


class MemoryCollector(Collector):
    """The container's memory, read at each scrape. It yields nothing where the kernel does not tell."""

    def __init__(self, root: Path = ROOT) -> None:
        self._root = root

    def collect(self) -> Iterable[GaugeMetricFamily | CounterMetricFamily]:
        """Yields what is used, the limit where there is one, and the kills."""
        found = memory(self._root)
        if found is None:
            return
        yield GaugeMetricFamily("spark_memory_used_bytes", "Memory of the container in use", value=found.used)
        if found.limit is not None:
            told = "Memory above which the kernel kills a process of the container"
            yield GaugeMetricFamily("spark_memory_limit_bytes", told, value=found.limit)
        told = "Processes of the container that the kernel killed because of the memory limit"
        yield CounterMetricFamily("spark_memory_kills", told, value=found.kills)
