"""The canary's answers, as far as the console reads them. Fields that may be missing have a default."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from common import wire

Verdict = Literal["PASS", "FAIL", "INCONCLUSIVE"]


class ContainerSummary(wire.Message, frozen=True, kw_only=True):
    """One container, as the container engine describes it.

    service: the service that runs in it.
    state: the engine's word, such as running or exited.
    health: the result of its health check, such as healthy; None where it has no check.
    restart_count: how often the engine has restarted it.
    exit_code: the code with which it ended last; None when it never did.
    """

    service: str
    state: str = ""
    health: str | None = None
    restart_count: int = 0
    exit_code: int | None = None


class RunningSummary(wire.Message, frozen=True, kw_only=True):
    """The version of one part that runs.

    service: the service.
    version: the version that it gives itself; None when it did not say.
    revision: the commit that one of our own services was built from; None for others.
    notes: a sentence for each thing that is not as the names say, such as a stand-in.
    """

    service: str
    version: str | None = None
    revision: str | None = None
    notes: tuple[str, ...] = ()


class CanaryStatus(wire.Message, frozen=True, kw_only=True):
    """`GET /v1/status` of the canary.

    market: the market that the canary watches.
    verdict: PASS, FAIL or INCONCLUSIVE.
    reasons: why the verdict is not PASS; empty when it is.
    p95_seconds: the 95th percentile of the response times; None with too few samples.
    samples: how many response times that is taken from.
    metrics_bytes: the size of each service's /metrics in bytes; None where it could not be read.
    last_pass: the time of the last PASS, UTC; None before the first.
    checked_at: the time of the newest verdict, UTC; None before the first.
    containers: all containers of the stack; None when the engine can't be asked.
    running: the version of each part; empty before the first verdict.
    """

    market: wire.Market
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    p95_seconds: float | None = None
    samples: int = 0
    metrics_bytes: dict[str, int | None] = msgspec.field(default_factory=dict)
    last_pass: datetime | None = None
    checked_at: datetime | None = None
    containers: tuple[ContainerSummary, ...] | None = None
    running: tuple[RunningSummary, ...] = ()


class Package(wire.Message, frozen=True, kw_only=True):
    """One evidence package, in `GET /v1/evidence` of the canary.

    name: the file's name.
    size: in bytes; None when the canary does not say it.
    verdict: the verdict that it proves; None when the canary does not say it.
    """

    name: str
    size: int | None = None
    verdict: str | None = None
