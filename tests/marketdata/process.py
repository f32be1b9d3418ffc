"""Market data as a whole process, as it runs in production."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.common.local import http_server
from tests.marketdata.rig import rest_app
from tests.repo.tree import ROOT
from tests.venue.btcturk.rig import Venue

STARTED_SECONDS = 30.0


@contextmanager
def marketdata(venue: Venue, **more: str) -> Iterator[tuple[subprocess.Popen[bytes], tuple[str, int]]]:
    """The service as it runs in production, following BTCTRY; its process and its address."""
    with http_server(rest_app(venue)) as rest, socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        environment = {
            "PORT": "1",
            "SPARK_SERVICE": "marketdata",
            "SPARK_LOG_LEVEL": "WARNING",
            "SPARK_BIST_SYMBOLS": "none",
            "SPARK_BTCTURK_PAIRS": "BTCTRY",
            "SPARK_BTCTURK_WS_URL": venue.url,
            "SPARK_BTCTURK_REST_URL": rest,
            "SPARK_BTCTURK_CHART_URL": rest,
            **more,
        }
        command = ["gunicorn", "--config", "common/gunicorn.conf.py", "--bind", f"fd://{listener.fileno()}"]
        process = subprocess.Popen(
            [sys.executable, "-m", *command, "marketdata.app:serve()"],
            cwd=ROOT,
            env=os.environ | environment,
            pass_fds=[listener.fileno()],
        )
        killer = threading.Timer(STARTED_SECONDS + 10, process.kill)
        killer.start()
        try:
            yield process, listener.getsockname()
        finally:
            killer.cancel()
            process.kill()
            process.wait()


def kill(process: subprocess.Popen[bytes]) -> None:
    """Ends the process and its workers without a word, as a machine that loses its power would."""
    with open(f"/proc/{process.pid}/task/{process.pid}/children") as file:
        workers = [int(number) for number in file.read().split()]
    for number in (process.pid, *workers):
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    process.wait()
