"""One JSON line per event on standard output, the same shape in every service."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from common.decimals import plain_text

_STANDARD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """Formats a record as a JSON object: time (UTC), level, service, replica, logger, event, the fields of `extra`."""

    def __init__(self, service: str, replica: str) -> None:
        super().__init__()
        self._identity = {"service": service, "replica": replica}

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            **self._identity,
            "logger": record.name,
            "event": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD_FIELDS}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=_text, ensure_ascii=False)


def _text(value: object) -> str:
    return plain_text(value) if isinstance(value, Decimal) else str(value)


class SlowClients(logging.Filter):
    """Makes one plain line of a client that stopped reading, which the server logs as a failure with a traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], TimeoutError):
            record.msg, record.args, record.exc_info = "a client stopped reading and was cut off", None, None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


def configuration(service: str, replica: str, level: str = "INFO") -> dict[str, Any]:
    """Returns the `dictConfig` that sends every logger's records to standard output as JSON lines."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"slow-clients": {"()": SlowClients}},
        "formatters": {"json": {"()": JsonFormatter, "service": service, "replica": replica}},
        "handlers": {"output": {"class": "logging.StreamHandler", "stream": sys.stdout, "formatter": "json"}},
        "root": {"level": level, "handlers": ["output"]},
        "loggers": {
            "gunicorn.error": {"level": level, "handlers": [], "propagate": True, "filters": ["slow-clients"]},
            "gunicorn.access": {"level": "ERROR"},
            "urllib3": {"level": "ERROR"},
        },
    }
