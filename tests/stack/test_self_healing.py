"""Containers that are killed come back healthy by themselves, and the canary says so."""

from __future__ import annotations

import os

import pytest

from tests.stack.stack import Stack

WAVES = (
    ("postgres", "venue", "docker-proxy", "prometheus"),
    ("marketdata", "alertmanager", "gateway"),
    ("executor-1", "executor-canary", "web"),
    ("executor-2", "canary"),
)
"""Those of a wave don't need each other, and those that need them go on: they have to find them again."""
LASTING = tuple(service for wave in WAVES for service in wave)


def test_every_container_that_stays_is_killed_here(healthy: Stack) -> None:
    assert set(LASTING) == set(healthy.running_services()) - {"grafana"}


@pytest.mark.parametrize("wave", WAVES, ids="+".join)
def test_killed_containers_come_back_healthy_by_themselves(healthy: Stack, wave: tuple[str, ...]) -> None:
    restarts = {service: healthy.kill(service) for service in wave}
    for service, before in restarts.items():
        healthy.wait_restarted(service, before)
    healthy.wait(healthy.settled, 120, lambda: f"a settled stack: {healthy.get('canary', '/v1/status')}")


def test_a_quote_is_called_stale_while_the_venue_is_away_and_fresh_again_after(healthy: Stack) -> None:
    healthy.compose("stop", "--timeout", "2", "venue")
    try:
        path = "/v1/quotes/BTCTURK:BTCTRY"
        healthy.wait(lambda: bool(healthy.get("marketdata", path)["stale"]), 30, "the quote is marked stale")
        denied = healthy.order("executor-1", f"stale-{os.urandom(6).hex()}").json
        assert denied["status"] == "denied", denied
        assert {"QUOTE_STALE", "NO_QUOTE"} & {denial["code"] for denial in denied["denials"]}
        healthy.wait_verdict("FAIL", timeout=60)
    finally:
        healthy.compose("start", "venue")
    healthy.wait(lambda: not healthy.get("marketdata", path)["stale"], 90, "the quote is fresh again")
