"""Containers that stay away or are cut off, until somebody brings them back."""

from __future__ import annotations

from tests.faults.fault import Fault, Put, between
from tests.faults.ground import Ground
from tests.faults.watch import NO_ANSWER, SILENT


def stopped(service: str) -> Put:
    """Stops a container, and starts it in the end."""
    return between(
        lambda ground: ground.act(service, "stop", "--time", "2"),
        lambda ground: ground.act(service, "start"),
    )


def paused(service: str) -> Put:
    """Freezes every process of a container: connections stay open, nothing is answered."""
    return between(
        lambda ground: ground.act(service, "pause"),
        lambda ground: ground.act(service, "unpause"),
    )


def _cut(service: str, network: str) -> Put:
    def name(ground: Ground) -> str:
        return f"{ground.stack.project}_{network}"

    def off(ground: Ground) -> None:
        ground.docker("network", "disconnect", name(ground), ground.identity(service))

    def on(ground: Ground) -> None:
        ground.docker("network", "connect", "--alias", service, name(ground), ground.identity(service))

    return between(off, on)


FAULTS = (
    Fault(
        "stop-web",
        "the console is stopped",
        stopped("web"),
        "TargetDown",
        60,
        says=NO_ANSWER,
        verdict="FAIL",
        quick=True,
    ),
    Fault("stop-marketdata", "market data is stopped", stopped("marketdata"), "TargetDown", 60, verdict="FAIL"),
    Fault(
        "stop-executor-1", "executor-1 is stopped", stopped("executor-1"), "TargetDown", 60, verdict="FAIL", quick=True
    ),
    Fault("stop-canary", "the canary is stopped", stopped("canary"), "TargetDown", 60, quick=True),
    Fault("stop-gateway", "the gateway is stopped", stopped("gateway"), "TargetDown", 60, says=NO_ANSWER),
    Fault(
        "stop-docker-proxy", "the window on the engine is stopped", stopped("docker-proxy"), "CanaryInconclusive", 240
    ),
    Fault(
        "stop-alertmanager",
        "Alertmanager is stopped: nobody can be told but by the console",
        stopped("alertmanager"),
        "TargetDown",
        220,
        paged=False,
        says=SILENT,
    ),
    Fault("stop-prometheus", "Prometheus is stopped", stopped("prometheus"), None, 320, says=SILENT),
    Fault(
        "cut-executor-1",
        "executor-1 is cut off the network in which market data is",
        _cut("executor-1", "trading"),
        "TargetDown",
        60,
        verdict="FAIL",
    ),
)
