"""One server configuration for all services: one worker with threads, so that every /metrics is whole."""

from __future__ import annotations

import os

from common import log

bind = f"0.0.0.0:{os.environ['PORT']}"
workers = 1
worker_class = "common.worker.RequestWorker"
threads = int(os.environ.get("SPARK_THREADS", "24"))
worker_connections = 512
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
