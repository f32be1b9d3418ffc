"""Makes observations for tests, all well unless told otherwise."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from canary.conditions import Check
from canary.observation import Container, Observation, ProbeAnswer, Sample
from canary.probes.checks import check_of, container_checks, latency_checks
from canary.probes.declared import ProbeFile, read_file
from canary.probes.plan import Plan, Probe, plan_of
from canary.probes.source import OWN_FILE
from canary.verdict import Judgement, VerdictLimits, judge
from common import wire
from common.clock import Clock
from tests.canary.servers import METRICS

NOW = datetime(2026, 11, 22, 12, 0, 0, 250_000, tzinfo=UTC)
LIMITS = VerdictLimits(p95_seconds=1.0, restart_budget=10)
LOOSE = VerdictLimits(p95_seconds=30.0, restart_budget=10)
OWN_TEXT = OWN_FILE.read_text()
KINDS = {"metrics": "metrics", "readyz": "readiness", "quotes": "quotes", "assets": "assets", "feeds": "feeds"}
SMALL_TEXT = """
[targets]
web = "http://web:1"
venue = "http://venue:1"
marketdata = "http://marketdata:1"

[[probe]]
name = "healthz"
targets = ["web", "venue", "marketdata"]
path = "/healthz"
often = true
conditions = ['[STATUS] == 200', '[JSON] == true', '[BODY].status == "alive"']
cannot = "Nobody can use it."
look = "its log"
runbook = "TargetDown"

[[probe]]
name = "metrics"
kind = "metrics"
targets = ["web", "venue", "marketdata"]
path = "/metrics"
conditions = ['[STATUS] == 200', '[METRICS_BYTES] > 4', '[WHOLE] == true', '[READABLE] == true', '[FELL] == "none"']

[[probe]]
name = "page"
targets = ["web"]
path = "/"
often = true
conditions = ['[STATUS] == 200', '[CONTENT_TYPE] == "text/html"', '[TITLE] contains "Spark"']

[[probe]]
name = "readyz"
kind = "readiness"
targets = ["web", "marketdata"]
path = "/readyz"
conditions = ['[STATUS] == 200', '[READY] == true', '[UNREADY] == "none"']

[[probe]]
name = "quotes"
kind = "quotes"
targets = ["marketdata"]
path = "/v1/quotes"
conditions = ['[STATUS] == 200', '[FRESH_QUOTES] >= 1']

[[probe]]
name = "latency"
kind = "latency"
targets = ["web", "venue", "marketdata"]
conditions = ['[P95] <= P95_LIMIT']

[[probe]]
name = "container"
kind = "container"
targets = ["*"]
conditions = ['[STATE] == "running"', '[HEALTH] != "unhealthy"', '[RESTARTS] <= RESTART_BUDGET']

[[probe]]
name = "ended"
kind = "oneshot"
targets = ["*"]
conditions = ['[EXIT_CODE] == 0']
"""
"""A file of probes for a stack of three services."""


class HandClock:
    """A clock that a test moves by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def clock(self) -> Clock:
        return Clock(monotonic=lambda: self.seconds, unix=lambda: NOW.timestamp() + self.seconds)


def probe_file(text: str = SMALL_TEXT, limits: VerdictLimits = LIMITS) -> ProbeFile:
    return read_file(text, limits.constants())


def plan(
    addresses: dict[str, str] | None = None,
    text: str = SMALL_TEXT,
    limits: VerdictLimits = LIMITS,
    market: wire.Market = "simulated",
) -> Plan:
    return plan_of(probe_file(text, limits), addresses, market)


def probe(target: str = "web", name: str = "healthz", text: str = OWN_TEXT) -> Probe:
    found = [one for one in plan(text=text).probes if (one.target, one.check) == (target, name)]
    assert len(found) == 1, f"the file has {len(found)} probes {name} of {target}"
    return found[0]


def answer(target: str = "web", check: str = "healthz", **changes: Any) -> ProbeAnswer:
    well = ProbeAnswer(
        target=target,
        check=check,
        kind=KINDS.get(check, "http"),
        url=f"http://{target}/{check}",
        asked_at=NOW,
        seconds=0.01,
        outcome="answered",
        problem=None,
        status=200,
        headers={"content-type": "text/html"},
        size=18,
        body={"healthz": '{"status":"alive"}', "metrics": METRICS.decode(), "page": "<title>Spark</title>"}.get(
            check, ""
        ),
    )
    return msgspec.structs.replace(well, **changes)


def check(target: str = "web", name: str = "healthz", **changes: Any) -> Check:
    return check_of(answer(target, name, **changes), probe(target, name))


def judged(
    *answers: ProbeAnswer,
    timed: tuple[Sample, ...] = (),
    containers: tuple[Container, ...] | None = (),
    limits: VerdictLimits = LIMITS,
    **changes: Any,
) -> Judgement:
    """The verdict over these answers, durations and containers alone, by the canary's own probes."""
    targets = {one.target: f"http://{one.target}:1" for one in answers}
    of_plan = plan(text=OWN_TEXT, limits=limits)
    seen = observation(
        checks=(
            *(check_of(one, probe(one.target, one.check)) for one in answers),
            *latency_checks(timed, targets, of_plan.latency),
            *container_checks(containers or (), of_plan.containers),
        ),
        samples=timed,
        containers=containers,
        targets=targets,
        **changes,
    )
    return judge(seen, limits)


def samples(seconds: Iterable[float], target: str = "web", **changes: Any) -> tuple[Sample, ...]:
    return tuple(
        msgspec.structs.replace(
            Sample(target=target, check="healthz", asked_at=NOW, seconds=one, outcome="answered"), **changes
        )
        for one in seconds
    )


def identity(service: str) -> str:
    """The id of a service's container, as `servers.inspected` gives it."""
    return f"{sum(service.encode()):06x}" + "ab" * 29


def container(service: str = "web", **changes: Any) -> Container:
    well = Container(
        id=identity(service),
        service=service,
        name=f"spark-{service}-1",
        state="running",
        health="healthy",
        restart_count=0,
        exit_code=0,
        image=f"spark-{service}",
        image_id="sha256:" + "1" * 64,
        started_at="2026-11-22T10:00:00Z",
        one_shot=False,
        memory_used=50,
        memory_limit=100,
    )
    return msgspec.structs.replace(well, **changes)


def observation(**changes: Any) -> Observation:
    """An observation of web, all well unless told otherwise, with the checks of its containers."""
    containers = changes.get("containers", (container(),))
    checks: tuple[Check, ...] = changes.pop("checks", (check(),))
    if not any(one.kind in ("container", "oneshot") for one in checks):
        checks += tuple(container_checks(containers or (), plan(text=OWN_TEXT).containers, changes.get("baseline")))
    well = Observation(
        checked_at=NOW,
        checks=checks,
        samples=samples([0.01] * 20),
        containers=containers,
        containers_problem=None,
        own={"loop": None, "evidence": None},
        targets={one.target: f"http://{one.target}:1" for one in checks if one.url},
    )
    return msgspec.structs.replace(well, **changes)


def wait_until(condition: threading.Event, seconds: float = 5.0) -> None:
    assert condition.wait(seconds), "it did not happen in time"
