"""Whatever is killed or hangs comes back healthy by itself, and the canary says so."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.stack.stack import FLASK_SERVICES, Stack

LASTING = ("postgres", "venue", *FLASK_SERVICES, "gateway", "docker-proxy", "prometheus", "alertmanager")


@pytest.mark.parametrize("service", LASTING)
def test_a_killed_container_comes_back_healthy_by_itself(healthy: Stack, service: str) -> None:
    restarts = healthy.kill(service)
    healthy.wait_restarted(service, restarts)
    healthy.wait_verdict("PASS", timeout=120)


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
