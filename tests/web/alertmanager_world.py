"""A stand-in for Alertmanager's API, version 2: its list of what fires, and its state."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.web.standin_server import Answer, Request, Server, json_answer


def listed(fingerprint: str, *, started: datetime, told: datetime, **labels: str) -> dict[str, Any]:
    """An alert as the list has it."""
    named = {"alertname": fingerprint, "severity": "warning", "service": "web"} | labels
    return {
        "fingerprint": fingerprint,
        "startsAt": started,
        "updatedAt": told,
        "endsAt": told + timedelta(minutes=2),
        "generatorURL": "http://prometheus:9090/graph",
        "labels": named,
        "annotations": {"summary": f"{fingerprint} fires."},
        "receivers": [{"name": "console"}],
        "status": {"state": "active", "silencedBy": [], "inhibitedBy": [], "mutedBy": []},
    }


class Alertmanager:
    """Has run for an hour, and has just been told of what fires.

    firing: the alerts beside the one that always fires.
    answered: in place of the list, if any.
    """

    def __init__(self) -> None:
        self.server = Server(self._answer)
        self.reset()

    def reset(self) -> None:
        self.started_at = datetime.now(UTC) - timedelta(hours=1)
        self.watchdog_told_at: datetime | None = None
        self.watchdog = True
        self.answered: bytes | None = None
        self.firing: list[dict[str, Any]] = []
        self.server.reset()

    def stop(self) -> None:
        self.server.stop()

    def fire(self, fingerprint: str, **labels: str) -> dict[str, Any]:
        """Lets an alert fire since a minute ago."""
        now = datetime.now(UTC)
        self.firing.append(listed(fingerprint, started=now - timedelta(minutes=1), told=now, **labels))
        return self.firing[-1]

    def _answer(self, asked: Request) -> Answer:
        if asked.path == "/api/v2/status":
            return json_answer({"uptime": self.started_at, "cluster": {"status": "disabled"}, "config": {}})
        if asked.path == "/api/v2/alerts" and self.answered is not None:
            return Answer(self.answered)
        if asked.path == "/api/v2/alerts":
            told = self.watchdog_told_at or datetime.now(UTC)
            heartbeat = listed("w", started=self.started_at, told=told, alertname="Watchdog")
            return json_answer([*([heartbeat] if self.watchdog else []), *self.firing])
        return Answer(b"OK", content_type="text/plain; charset=utf-8")
