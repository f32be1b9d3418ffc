"""One server configuration for all services: one worker with threads, so that every /metrics is whole."""

from __future__ import annotations

import gc
from typing import Any

from common import log
from common.settings import Reader

_reader = Reader()
_port = _reader.integer("PORT", 8000, at_least=0, at_most=65_535)
_level = _reader.choice("SPARK_LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))

bind = f"0.0.0.0:{_port}"
workers = 1
worker_class = "common.worker.RequestWorker"
threads = _reader.integer("SPARK_THREADS", 24, at_least=2, at_most=1_000)
worker_connections = 512
worker_tmp_dir = "/dev/shm"  # noqa: S108 - the heartbeat file must not wait for a disk
control_socket_disable = True
timeout = 30
graceful_timeout = 8
keepalive = 75
forwarded_allow_ips = ""  # what a request says about another client is not believed: the gateway's log has the client
limit_request_line = 4094
limit_request_fields = 50
accesslog = None
logconfig_dict = log.configuration(_reader.text("SPARK_SERVICE"), _reader.text("SPARK_REPLICA", "1"), _level)
_reader.check()


def post_worker_init(_worker: Any) -> None:
    """Called by gunicorn once the application is there. What exists by now stays until the end: the garbage collector
    need not look through it again and again, while every request waits. Few of our objects end in cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
