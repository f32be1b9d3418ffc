"""Whatever is killed or hangs comes back healthy by itself, and the canary says so."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.stack.stack import Stack

WAVES = (
    ("postgres", "venue", "docker-proxy", "prometheus"),
    ("marketdata", "alertmanager", "gateway"),
    ("executor-1", "web"),
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


def test_a_hung_server_is_killed_by_its_own_health_check_and_comes_back(healthy: Stack) -> None:
    state = healthy.container("marketdata")
    for process in children_of(state["State"]["Pid"]):
        os.kill(process, signal.SIGSTOP)
    healthy.wait_restarted("marketdata", state["RestartCount"], timeout=120)
    healthy.wait_verdict("PASS", timeout=120)


def children_of(parent: int) -> list[int]:
    """The process and its descendants below the container's init, seen from the host."""
    direct = [int(child) for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    return [process for child in direct for process in (child, *children_of(child))]


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
