"""The window's parts, joined: each request asks the engine anew, so that nothing runs but the watch on memory."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from common import service
from common.clock import SYSTEM_CLOCK
from common.loop import Supervisor
from window.engine import EngineSocket
from window.project import Project
from window.settings import Settings

ENGINE_SECONDS = 4.0
"""Less than the canary waits, so that it is told the reason."""


@dataclass(frozen=True)
class Parts:
    """The parts of the service.

    project: this stack's own containers.
    loops: the threads: `memory` replaces the worker when it uses too much memory.
    """

    project: Project
    loops: Supervisor

    @classmethod
    def build(cls, settings: Settings, loops: Supervisor) -> Parts:
        """Builds the parts. Nothing is asked before the first request."""
        engine = EngineSocket(settings.engine_socket, ENGINE_SECONDS, SYSTEM_CLOCK.monotonic)
        service.add_memory_loop(loops, settings.service)
        return cls(Project(engine, socket.gethostname()), loops)

    def start(self) -> None:
        """Starts the loops."""
        self.loops.start()

    def stop(self) -> None:
        """Stops the loops."""
        self.loops.stop()
