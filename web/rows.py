"""The lines of the panels that list services and containers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from web.canary_answers import CanaryStatus, ContainerSummary, RunningSummary
from web.cells import Reading
from web.readiness import ServiceState

SHORT_COMMIT = 12


@dataclass(frozen=True)
class ServiceRow:
    """One line of the services panel.

    name: the service.
    word: its state: ready, not ready, no answer, or not asked yet.
    reasons: why it is not ready or does not answer; empty when it is ready.
    answered_at: when it last answered, UTC; None before the first answer.
    """

    name: str
    word: str
    reasons: tuple[str, ...]
    answered_at: datetime | None


def service_word(reading: Reading[ServiceState]) -> str:
    """Returns the state of a service in words."""
    if reading.reason is not None or reading.value is None:
        return "no answer" if reading.revision else "not asked yet"
    return "ready" if reading.value.ready else "not ready"


def service_row(name: str, reading: Reading[ServiceState], answered_at: datetime | None) -> ServiceRow:
    """Returns the line of one service."""
    given = reading.value.reasons if reading.value else ()
    reasons = given if reading.reason is None else (reading.reason,)
    return ServiceRow(name, service_word(reading), reasons, answered_at)


@dataclass(frozen=True)
class ContainerRow:
    """One line of the canary's panel.

    name: the service.
    word: the state of its container in one word.
    state: good, warn or bad.
    restarts: how often the container was restarted; None when that is not known.
    metrics_bytes: the size of its /metrics in bytes; None when that is not known.
    version: its version, and the commit of one of our own; empty when that is not known.
    notes: a sentence for each thing that is not as the names say.
    """

    name: str
    word: str
    state: str
    restarts: int | None
    metrics_bytes: int | None
    version: str = ""
    notes: tuple[str, ...] = ()


def container_rows(status: CanaryStatus) -> list[ContainerRow]:
    """Returns a line for each container, and for each service of which the canary knows only the metrics."""
    rows = [
        ContainerRow(each.service, *_container_word(each), each.restart_count, status.metrics_bytes.get(each.service))
        for each in status.containers or ()
    ]
    named = {row.name for row in rows}
    unseen = [name for name in status.metrics_bytes if name not in named]
    word = "unknown" if status.containers is None else "not seen"
    rows += [ContainerRow(name, word, "warn", None, status.metrics_bytes[name]) for name in unseen]
    running = {part.service: part for part in status.running}
    return [_with_version(row, running[row.name]) if row.name in running else row for row in rows]


def _with_version(row: ContainerRow, part: RunningSummary) -> ContainerRow:
    commit, dash, dirty = (part.revision or "").partition("-")
    words = (part.version or "", commit[:SHORT_COMMIT] + dash + dirty)
    return replace(row, version=" ".join(word for word in words if word), notes=part.notes)


def _container_word(container: ContainerSummary) -> tuple[str, str]:
    if container.state == "exited" and container.exit_code == 0:
        return "done", "good"
    if container.state != "running":
        return container.state or "unknown", "bad"
    if container.health in (None, "", "none", "healthy"):
        return container.health if container.health == "healthy" else "running", "good"
    return container.health or "unknown", "bad" if container.health == "unhealthy" else "warn"
