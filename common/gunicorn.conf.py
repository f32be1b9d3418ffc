"""One server configuration for all services: one worker with threads, so that every /metrics is whole."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

from common import log

bind = f"0.0.0.0:{os.environ['PORT']}"
workers = 1
worker_class = "gthread"
threads = int(os.environ.get("SPARK_THREADS", "24"))
worker_tmp_dir = "/dev/shm"  # noqa: S108 - the heartbeat file must not wait for a disk
control_socket_disable = True
timeout = 30
graceful_timeout = 8
keepalive = 75
limit_request_line = 4094
limit_request_fields = 50
accesslog = None
logconfig_dict = log.configuration(
    os.environ["SPARK_SERVICE"], os.environ.get("SPARK_REPLICA", "1"), os.environ.get("SPARK_LOG_LEVEL", "INFO")
)

_RECYCLE_AT_MIB = int(os.environ.get("SPARK_RECYCLE_MIB", "0"))
_CHECK_SECONDS = 30.0


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _recycle_when_large() -> None:
    """Ends the worker gracefully before the container's hard memory limit would; the master starts a fresh one."""
    while _resident_mib() < _RECYCLE_AT_MIB:
        time.sleep(_CHECK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


def post_worker_init(worker: Any) -> None:
    if _RECYCLE_AT_MIB:
        worker.log.info("memory is watched, recycling above %d MiB", _RECYCLE_AT_MIB)
        threading.Thread(target=_recycle_when_large, name="memory-guard", daemon=True).start()
