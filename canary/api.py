"""The canary's HTTP answers: the verdict of now, and the evidence packages."""

from __future__ import annotations

from datetime import datetime

import msgspec
from flask import Flask, Response

from canary.baseline import RestartBaseline
from canary.conditions import Check
from canary.downloads import Downloads
from canary.evidence import EvidenceStore
from canary.monitor import Monitor
from canary.observation import Container, Running
from canary.restarts import ContainerRestarts, restarts_of
from canary.settings import Settings
from canary.verdict import Judgement
from canary.verifying.remembered import Verifications
from common import ops, wire


class CheckRow(wire.Message, frozen=True, kw_only=True):
    """One check of a target.

    check: the check's name.
    url: the address that was asked.
    ok: true when all conditions are met.
    status: the HTTP status; None without an answer.
    seconds: how long the answer took; None without a whole answer.
    bytes: the size of the body.
    reason: the first condition that is not met; None when all are.
    """

    check: str
    url: str
    ok: bool
    status: int | None
    seconds: float | None
    bytes: int
    reason: str | None


class TargetRow(wire.Message, frozen=True, kw_only=True):
    """One target of the probes.

    target: the target's name.
    url: its address.
    ok: true when all its checks are met.
    status: the HTTP status of its health check; None without an answer.
    seconds: how long its health check took; None without a whole answer.
    reason: the first check and condition that is not met; None when all are.
    checks: all its checks.
    """

    target: str
    url: str
    ok: bool
    status: int | None
    seconds: float | None
    reason: str | None
    checks: tuple[CheckRow, ...]


class StatusAnswer(Judgement, frozen=True, kw_only=True):
    """The body of `GET /v1/status`: the judgement of now, with everything that it is about.

    market: the market that the stack runs on.
    metrics_bytes: the size of /metrics, by target.
    last_pass: when a round last gave PASS, UTC; None for never.
    checked_at: when the latest round ended, UTC; None before the first one.
    targets: one row for each target.
    containers: the project's containers; None when the engine can't be asked.
    running: the version of each part.
    baseline: the moment from which restarts are judged; None when nobody has set one.
    restarts: each container with its restarts since the baseline and in all.
    """

    market: wire.Market
    metrics_bytes: dict[str, int]
    last_pass: datetime | None
    checked_at: datetime | None
    targets: tuple[TargetRow, ...]
    containers: tuple[Container, ...] | None
    running: tuple[Running, ...]
    baseline: RestartBaseline | None
    restarts: tuple[ContainerRestarts, ...]


VERIFIED_HEADER = "Spark-Verified"


def add_routes(app: Flask, settings: Settings, monitor: Monitor, evidence: EvidenceStore, downloads: Downloads) -> None:
    """Adds /v1/status and /v1/evidence."""
    verifications = Verifications(evidence)

    @app.get("/v1/status")
    def status() -> Response:
        return ops.answer(status_answer(settings, monitor))

    @app.get("/v1/evidence")
    def packages() -> Response:
        return ops.answer(verifications.rows())

    @app.get("/v1/evidence/<name>")
    def package(name: str) -> Response:
        path = evidence.path_of(name)
        response = downloads.respond(path)
        response.headers[VERIFIED_HEADER] = verifications.verified(path).verified
        return response


def status_answer(settings: Settings, monitor: Monitor) -> StatusAnswer:
    """Returns the status of now."""
    status = monitor.status()
    checks = status.seen.checks if status.seen else ()
    targets = status.seen.targets if status.seen else {}
    rows = [
        _target_row(name, url, of_target)
        for name, url in targets.items()
        if (of_target := tuple(check for check in checks if check.target == name))
    ]
    return StatusAnswer(
        **msgspec.structs.asdict(status.judgement),
        market=settings.service.market,
        metrics_bytes={check.target: check.size for check in checks if check.kind == "metrics"},
        last_pass=status.last_pass,
        checked_at=status.seen.checked_at if status.seen else None,
        targets=tuple(rows),
        containers=status.seen.containers if status.seen else None,
        running=status.seen.running if status.seen else (),
        baseline=status.seen.baseline if status.seen else None,
        restarts=restarts_of(status.seen) if status.seen else (),
    )


def _target_row(name: str, url: str, checks: tuple[Check, ...]) -> TargetRow:
    bad = next((check for check in checks if not check.ok), None)
    return TargetRow(
        target=name,
        url=url,
        ok=bad is None,
        status=checks[0].status,
        seconds=checks[0].seconds,
        reason=f"{bad.check}: {bad.reason}" if bad else None,
        checks=tuple(
            CheckRow(
                check=check.check,
                url=check.url,
                ok=check.ok,
                status=check.status,
                seconds=check.seconds,
                bytes=check.size,
                reason=None if check.ok else check.reason,
            )
            for check in checks
        ),
    )
