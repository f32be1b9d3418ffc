"""A fault is followed to the notification: rule, Alertmanager, the console's inbox, and the inbox after a kill."""

from __future__ import annotations

from typing import Any

from tests.stack.stack import Stack


def inbox(stack: Stack) -> list[dict[str, Any]]:
    return list(stack.get("web", "/api/alerts?limit=500")["alerts"])


def names(stack: Stack, status: str | None = None) -> set[str]:
    return {alert["labels"]["alertname"] for alert in inbox(stack) if status is None or alert["status"] == status}


def heartbeat(stack: Stack) -> dict[str, Any]:
    return dict(stack.get("web", "/api/alerts")["heartbeat"])


def test_an_engaged_kill_switch_reaches_the_inbox_and_outlives_a_kill_of_the_console(healthy: Stack) -> None:
    token = healthy.operator_token
    engage = {"engaged": True, "reason": "following an alert"}
    assert healthy.ask("PUT", "executor-1", "/v1/kill-switch", body=engage, token=token).status == 200
    try:
        healthy.wait(lambda: "KillSwitchEngaged" in names(healthy, "firing"), 120, lambda: f"alert in {names(healthy)}")
    finally:
        release = {"engaged": False, "reason": "followed"}
        healthy.ask("PUT", "executor-1", "/v1/kill-switch", body=release, token=token)
    before = inbox(healthy)
    restarts = healthy.kill("web")
    healthy.wait_restarted("web", restarts)
    known = {(alert["fingerprint"], alert["starts_at"]) for alert in inbox(healthy)}
    assert {(alert["fingerprint"], alert["starts_at"]) for alert in before} <= known


def test_the_dead_mans_switch_arrives(healthy: Stack) -> None:
    healthy.wait(
        lambda: heartbeat(healthy)["received_at"] is not None, 120, lambda: f"a heartbeat, it is {heartbeat(healthy)}"
    )
    assert not heartbeat(healthy)["silent"]
    assert "Watchdog" not in names(healthy)


def test_alerts_without_the_token_are_refused(healthy: Stack) -> None:
    assert healthy.ask("POST", "web", "/api/alerts", body={"version": "4", "alerts": []}).status == 401
