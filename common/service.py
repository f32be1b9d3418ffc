"""One way to start a service: its settings, its parts, its app, its loops."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from flask import Flask

from common import healing
from common.loop import Loop, Stop, Supervisor
from common.settings import ServiceSettings, SettingsError

log = logging.getLogger(__name__)

WRONG_SETTINGS = 4
"""Exit code of a worker that can't load its app: gunicorn then ends too, instead of trying again for ever."""
MEMORY_CHECK_SECONDS = 30.0


class Joined(Protocol):
    """The parts of a service, joined."""

    def start(self) -> None:
        """Starts the loops."""


S = TypeVar("S")
P = TypeVar("P", bound=Joined)


def serve(read: Callable[[], S], build: Callable[[S, Supervisor], P], create_app: Callable[[S, P], Flask]) -> Flask:
    """Reads the settings, builds the parts and the app, and starts the loops; the HTTP server calls this.

    Wrong settings are logged, a line for each, and end the process.
    """
    try:
        settings = read()
    except SettingsError as error:
        for fault in str(error).splitlines():
            log.critical("a setting is wrong: %s", fault)
        sys.exit(WRONG_SETTINGS)
    stop = Stop()
    stop.follow_signals()
    loops = Supervisor(stop)
    parts = build(settings, loops)
    app = create_app(settings, parts)
    healing.add_loop(loops)
    parts.start()
    return app


def add_memory_loop(loops: Supervisor, service: ServiceSettings) -> None:
    """Adds the loop that replaces the worker before the container's hard memory limit ends it; none where it is 0."""

    def check() -> None:
        used = resident_mib()
        if used >= service.recycle_mib:
            healing.note("memory", f"{used:.0f} MiB, the limit is {service.recycle_mib}")
            os.kill(os.getpid(), signal.SIGTERM)

    if service.recycle_mib:
        log.info("memory is watched, recycling above %d MiB", service.recycle_mib)
        loops.add(Loop("memory", check, every=MEMORY_CHECK_SECONDS))


def resident_mib() -> float:
    """Returns the memory that the process holds, in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
