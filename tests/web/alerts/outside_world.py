"""A service outside that takes pings as healthchecks does, and a console that pings it."""

from __future__ import annotations

import threading
from pathlib import Path

from common.clock import SYSTEM_CLOCK, Clock
from tests.web.standin_server import Answer, Request, Server
from web.alerts.outside import OutsideHeartbeat
from web.cells import Reading

SECRET = "5b4f0c1e-0000-4000-8000-the-secret"


class Outside:
    """Takes the pings of one check.

    status: the status of every answer.
    said: the body of every answer.
    hangs: true lets every ping wait until `release`.
    """

    def __init__(self) -> None:
        self.status, self.said, self.hangs = 200, b"OK", False
        self.came = threading.Event()
        self._released = threading.Event()
        self.server = Server(self._answer)
        self.url = f"{self.server.url}/{SECRET}"

    def _answer(self, _asked: Request) -> Answer:
        self.came.set()
        if self.hangs:
            self._released.wait(60)
        return Answer(self.said, self.status, "text/plain; charset=utf-8", {"Ping-Body-Limit": "10000"})

    def release(self) -> None:
        """Answers every ping that waits."""
        self._released.set()

    def stop(self) -> None:
        self.release()
        self.server.stop()

    def pings(self) -> list[tuple[str, str]]:
        """The path behind the address, and the body, of every ping."""
        assert {asked.method for asked in self.server.asked} <= {"POST"}
        return [(asked.path.partition(SECRET)[2], asked.body.decode()) for asked in self.server.asked]

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.pings()]

    def started(self, folder: Path, *, clock: Clock = SYSTEM_CLOCK, timeout: float = 10) -> OutsideHeartbeat:
        """Returns a heartbeat that has noted its start here. That ping is not kept."""
        heartbeat = OutsideHeartbeat(self.file(folder), clock, timeout=timeout)
        heartbeat.ping(Reading(), unheard=False)
        assert [kind for kind, _ in self.pings()] == ["/log"]
        self.server.asked = []
        return heartbeat

    def file(self, folder: Path) -> Path:
        """Writes the address into a file."""
        path = folder / "heartbeat"
        path.write_text(f"{self.url}\n")
        return path

    def settings(self, folder: Path) -> dict[str, str]:
        """Returns the settings that switch the heartbeat on."""
        return {"SPARK_HEARTBEAT": "on", "SPARK_HEARTBEAT_URL_FILE": str(self.file(folder))}
