"""The room on the disk that a service writes to, as metrics."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector


class RoomCollector(Collector):
    """The free and the whole room of the disk below a folder, read at each scrape.

    It yields nothing where there is no such folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Yields both sizes in bytes. Free is what a process that is not root may still write."""
        try:
            disk = os.statvfs(self._folder)
        except OSError:
            return
        free, size = disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize
        told = "Bytes that may still be written to the disk of the service's data folder"
        yield GaugeMetricFamily("spark_data_free_bytes", told, value=free)
        yield GaugeMetricFamily("spark_data_size_bytes", "Size of the disk of the service's data folder", value=size)
