"""People's acts on alerts over HTTP, and what is kept of them."""

from __future__ import annotations

from typing import Any

from tests.web.conftest import Built
from tests.web.trading_world import TOKEN

GOOD = {"Authorization": f"Bearer {TOKEN}"}
BY = {"by": "Ada", "reason": "the disk is being changed"}
NOBODY = "00000000-0000-4000-8000-000000000000"
HOSTILE = '<script>alert("x")</script> \' onload=1 & {{ 7*7 }}'


def act(console: Built, method: str, path: str, body: Any = None, headers: dict[str, str] = GOOD) -> Any:
    return console.client.open(path, method=method, json=BY if body is None else body, headers=headers)


def acknowledge(console: Built, fingerprint: str, **changes: Any) -> Any:
    return act(console, "POST", f"/api/alerts/{fingerprint}/acknowledge", BY | changes)


def silence(console: Built, fingerprint: str, **changes: Any) -> Any:
    return act(console, "POST", f"/api/alerts/{fingerprint}/silence", BY | {"seconds": 3600} | changes)


def expire(console: Built, silence_id: str, **changes: Any) -> Any:
    return act(console, "DELETE", f"/api/silences/{silence_id}", BY | changes)


def kept(console: Built, fingerprint: str) -> dict[str, Any]:
    alert: dict[str, Any] = console.client.get(f"/api/alerts/{fingerprint}").get_json()["alert"]
    return alert


def history(console: Built, fingerprint: str) -> list[tuple[str, str, str]]:
    """The events of an alert: the kind, by whom, and the note; the first thing first."""
    entries = console.client.get(f"/api/alerts/{fingerprint}").get_json()["history"]
    return [(entry["what"], entry["by"], entry["note"]) for entry in reversed(entries)]


def whats(console: Built, fingerprint: str) -> list[str]:
    return [what for what, _, _ in history(console, fingerprint)]
