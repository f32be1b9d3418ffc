"""Makes observations for tests, all well unless told otherwise."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from canary.observation import Check, Container, Observation, ProbeAnswer, Sample
from canary.probes.checks import check_of
from canary.verdict import VerdictLimits
from common.clock import Clock
from tests.canary.servers import METRICS

NOW = datetime(2026, 11, 22, 12, 0, 0, 250_000, tzinfo=UTC)
LIMITS = VerdictLimits(p95_seconds=1.0, restart_budget=10)
LOOSE = VerdictLimits(p95_seconds=30.0, restart_budget=10)


class HandClock:
    """A clock that a test moves by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def clock(self) -> Clock:
        return Clock(monotonic=lambda: self.seconds, unix=lambda: NOW.timestamp() + self.seconds)


def answer(target: str = "web", check: str = "healthz", **changes: Any) -> ProbeAnswer:
    well = ProbeAnswer(
        target=target,
        check="healthz",
        url=f"http://{target}/{check}",
        critical=target != "canary",
        asked_at=NOW,
        seconds=0.01,
        outcome="answered",
        problem=None,
        status=200,
        content_type="text/html",
        size=18,
        body={"healthz": '{"status":"alive"}', "metrics": METRICS.decode(), "page": "<title>Spark</title>"}.get(
            check, ""
        ),
    )
    return msgspec.structs.replace(well, check=check, **changes)


def check(target: str = "web", name: str = "healthz", **changes: Any) -> Check:
    return check_of(answer(target, name, **changes))


def samples(seconds: Iterable[float], target: str = "web", **changes: Any) -> tuple[Sample, ...]:
    return tuple(
        msgspec.structs.replace(
            Sample(target=target, check="healthz", asked_at=NOW, seconds=one, outcome="answered"), **changes
        )
        for one in seconds
    )


def container(service: str = "web", **changes: Any) -> Container:
    well = Container(
        service=service,
        name=f"spark-{service}-1",
        state="running",
        health="healthy",
        restart_count=0,
        exit_code=0,
        image=f"spark-{service}",
        image_id="sha256:1",
        started_at="2026-11-22T10:00:00Z",
        one_shot=False,
    )
    return msgspec.structs.replace(well, **changes)


def observation(**changes: Any) -> Observation:
    well = Observation(
        checked_at=NOW,
        checks=(check(),),
        samples=samples([0.01] * 20),
        containers=(container(),),
        containers_problem=None,
        own={"loop": None, "evidence": None},
    )
    return msgspec.structs.replace(well, **changes)


def wait_until(condition: threading.Event, seconds: float = 5.0) -> None:
    assert condition.wait(seconds), "it did not happen in time"
