"""The world is broken for each condition of each probe that the canary comes with: the verdict says what and why."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from canary.probes.declared import DeclaredProbe
from tests.canary.build import OWN_TEXT, probe_file
from tests.canary.ledger_server import Fault
from tests.canary.servers import METRICS, PAGE, inspected
from tests.canary.world import JSON, LIMITS, World

PROBES = probe_file(OWN_TEXT).probes
BROKEN_RESULTS = {"streams-agree": "3", "ledger": "1", "backup": "700000", "disk": "0.02"}
HEARTBEAT = {"silent": False, "age_seconds": 1.5}
SLOW_TO_FORGET = 4
"""Looks until slow answers are few enough among all that a percentile is computed from."""

Break = Callable[[World], object]


def _path(world: World) -> str:
    return "/api/v1/query" if world.probe.kind == "query" else world.probe.path.partition("?")[0]


def _body(world: World, content: bytes) -> None:
    world.at.routes[_path(world)] = (200, JSON, content)


def _status(world: World) -> None:
    if world.probe.kind == "order":
        world.at.ledger.fault = "refuses to read the account"
    else:
        world.at.routes[_path(world)] = (503, JSON, b"{}")


def _containers(world: World, **changes: Any) -> None:
    world.engine.containers[1] = inspected(world.target, **changes)


def _ended(world: World) -> None:
    world.engine.containers[0]["State"]["ExitCode"] = 3


def _slow_orders(world: World) -> None:
    world.at.wait = lambda path: 0.4 if path.startswith("/v1/") else 0.0


def _slow_now_and_then(world: World) -> None:
    turns = itertools.cycle([LIMITS.p95_seconds + 0.1, *[0.0] * 4])
    world.at.wait = lambda _path: next(turns)


def _wrong(fault: Fault) -> Break:
    def put_in(world: World) -> None:
        world.at.ledger.fault = fault

    return put_in


def _metrics(old: bytes, new: bytes) -> Break:
    return lambda world: world.at.write_metrics(old, new)


def _says(value: object) -> Break:
    return lambda world: world.at.say(_path(world), value)


BREAKS: dict[str, Break] = {
    "[STATUS]": _status,
    "[JSON]": lambda world: _body(world, b"alive"),
    "[BODY].status": _says({"status": "dying"}),
    "[READY]": _says({"ready": False, "parts": {}}),
    "[UNREADY]": _says({"ready": True, "parts": {"feed": {"ready": False, "reason": "no book"}}}),
    "[METRICS_BYTES]": lambda world: _body(world, METRICS.partition(b"# HELP filler")[0]),
    "[WHOLE]": lambda world: _body(world, METRICS[:-1]),
    "[READABLE]": _metrics(b"filler_001 1.0", b"filler_001 many"),
    "[MISSING]": _metrics(b"process_start_time_seconds", b"process_begin_seconds"),
    "[FELL]": _metrics(b"orders_total 5.0", b"orders_total 4.0"),
    "[CLOCK_SKEW]": lambda world: setattr(world.at, "date_ahead", 60.0),
    "[CONTENT_TYPE]": lambda world: world.at.routes.update({"/": (200, "text/plain", PAGE[2])}),
    "[TITLE]": lambda world: world.at.routes.update({"/": (200, "text/html", b"<title>Bad gateway</title>")}),
    "[ASSETS]": lambda world: world.at.routes.update({"/": (200, "text/html", b"<title>Spark</title>")}),
    "[BROKEN]": lambda world: world.at.routes.pop("/static/console.js"),
    "[FRESH_QUOTES]": _says({"quotes": [{"symbol": "A", "stale": True}]}),
    "[FEEDS]": _says({"feeds": []}),
    "[UNRELIABLE]": _says({"feeds": [{"venue": "BTCTURK", "reason": "no heartbeat"}]}),
    "[DIFFERS]": _says({"account": "paper", "sequence": 2}),
    "[ORDER_STATUS]": _wrong("fills in part"),
    "[AS_ASKED]": _wrong("fills another quantity"),
    "[READ_BACK]": _wrong("forgets the order"),
    "[REPEAT_STATUS]": _wrong("refuses the repeated key"),
    "[REPEATED]": _wrong("gives another order for a repeated key"),
    "[FILLED_ONCE]": _wrong("fills twice under one id"),
    "[CASH_MOVED]": _wrong("rounds the fee"),
    "[ROUND_TRIP]": _slow_orders,
    "[BODY].heartbeat.silent": _says({"heartbeat": HEARTBEAT | {"silent": True}}),
    "[BODY].heartbeat.age_seconds": _says({"heartbeat": HEARTBEAT | {"age_seconds": 180}}),
    "[BODY].database": _says({"database": "failing"}),
    "[TARGETS]": _says({"data": {"activeTargets": [{"health": "up"}] * 7}}),
    "[DOWN]": _says({"data": {"activeTargets": [{"health": "up"}] * 8 + [{"health": "down", "lastError": "refused"}]}}),
    "[RULES]": _says({"data": {"groups": [{"rules": [{"health": "ok"}] * 59}]}}),
    "[FAULTY]": _says({"data": {"groups": [{"rules": [{"health": "ok"}] * 60 + [{"name": "B", "health": "err"}]}]}}),
    "[RESULT]": lambda world: world.at.results.update(BROKEN_RESULTS),
    "[P95]": _slow_now_and_then,
    "[STATE]": lambda world: _containers(world, State={"Status": "exited"}),
    "[HEALTH]": lambda world: _containers(world, State={"Health": {"Status": "unhealthy"}}),
    "[RESTARTS]": lambda world: _containers(world, RestartCount=11),
    "[MEMORY]": lambda world: world.engine.memory.update(usage=108),
    "[EXIT_CODE]": _ended,
}


@pytest.mark.parametrize(
    ("probe", "left"),
    [
        pytest.param(probe, sentence.left, id=f"{probe.name} of {probe.targets[0]}: {sentence.left}")
        for probe in PROBES
        for sentence in probe.conditions
    ],
)
def test_a_break_of_the_world_is_told_after_the_probes_limit_with_its_reason_until_it_is_mended(
    probe: DeclaredProbe, left: str
) -> None:
    world = World(probe, PROBES)
    try:
        assert world.look().reasons == ()
        BREAKS[left](world)
        for _ in range(probe.failure_limit - 1):
            assert world.look().verdict == "PASS"
        broken = world.look()
        world.mend()
        looks = [world.look() for _ in range(SLOW_TO_FORGET if probe.kind == "latency" else 1)]
    finally:
        world.stop()
    told = broken.tolerated if probe.dry_run else broken.reasons
    assert any(f": {left} (" in one for one in told)
    faults = [one.cannot for one in broken.faults if one.text.startswith(left) and one.cannot == probe.cannot]
    assert len(faults) == (probe.critical and not probe.dry_run)
    # The durations of all targets are judged together too.
    slow = "FAIL" if probe.kind == "latency" else "INCONCLUSIVE"
    assert broken.verdict == ("PASS" if probe.dry_run else "FAIL" if probe.critical else slow)
    assert (looks[-1].verdict, looks[-1].reasons) == ("PASS", ())
