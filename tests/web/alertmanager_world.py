"""A stand-in for Alertmanager's API, version 2: its list of what fires, its silences, and its state."""

from __future__ import annotations

import json
import uuid
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
    silences: by id, as its list has them.
    refuses: the status and the body with which it answers every act on a silence; None when it does what is asked.
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
        self.silences: dict[str, dict[str, Any]] = {}
        self.refuses: tuple[int, bytes] | None = None
        self.server.reset()

    def stop(self) -> None:
        self.server.stop()

    def fire(self, fingerprint: str, **labels: str) -> dict[str, Any]:
        """Lets an alert fire since a minute ago."""
        now = datetime.now(UTC)
        self.firing.append(listed(fingerprint, started=now - timedelta(minutes=1), told=now, **labels))
        return self.firing[-1]

    def lose_silences(self) -> None:
        """Forgets its silences, as when it is killed before it has written them."""
        self.silences.clear()
        for alert in self.firing:
            alert["status"]["silencedBy"] = []

    def end_silence(self, silence_id: str) -> None:
        """Ends a silence, as somebody does in its own page."""
        self.silences[silence_id] |= {"status": {"state": "expired"}, "endsAt": datetime.now(UTC)}

    def holding(self) -> list[dict[str, Any]]:
        """The silences that hold."""
        return [each for each in self.silences.values() if each["status"]["state"] == "active"]

    def _listed(self) -> list[dict[str, Any]]:
        """The alerts that fire, with the silences whose matchers it has."""
        for alert in self.firing:
            held = [
                silence["id"]
                for silence in self.holding()
                if all(alert["labels"].get(each["name"]) == each["value"] for each in silence["matchers"])
            ]
            if held or self.silences:
                alert["status"]["silencedBy"] = held
        return self.firing

    def _act(self, asked: Request) -> Answer:
        """Makes or ends a silence. It takes an empty name and an empty comment, as the real one does."""
        if self.refuses is not None:
            return Answer(self.refuses[1], self.refuses[0])
        if asked.method == "DELETE":
            found = asked.path.rpartition("/")[2]
            if found not in self.silences:
                return json_answer("silence not found", 404)
            self.end_silence(found)
            return Answer(b"")
        silence = json.loads(asked.body)
        made = str(uuid.uuid4())
        self.silences[made] = silence | {"id": made, "status": {"state": "active"}, "updatedAt": silence["startsAt"]}
        return json_answer({"silenceID": made})

    def _answer(self, asked: Request) -> Answer:
        if asked.path == "/api/v2/status":
            return json_answer({"uptime": self.started_at, "cluster": {"status": "disabled"}, "config": {}})
        if asked.path.startswith("/api/v2/silence") and asked.method != "GET":
            return self._act(asked)
        if asked.path == "/api/v2/silences":
            return json_answer(list(self.silences.values()))
        if asked.path == "/api/v2/alerts" and self.answered is not None:
            return Answer(self.answered)
        if asked.path == "/api/v2/alerts":
            told = self.watchdog_told_at or datetime.now(UTC)
            heartbeat = listed("w", started=self.started_at, told=told, alertname="Watchdog")
            return json_answer([*([heartbeat] if self.watchdog else []), *self._listed()])
        return Answer(b"OK", content_type="text/plain; charset=utf-8")
