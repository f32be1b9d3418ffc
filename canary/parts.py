"""Makes the parts that the service and the command line share."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from canary.containers import Containers
from canary.observation import Answer
from canary.observer import Observer
from canary.probes.fetch import Clock
from canary.probes.prober import Prober
from canary.probes.questions import questions_for
from canary.settings import Settings
from canary.window import SampleWindow


def real_clock() -> Clock:
    """The machine's own clocks."""
    return Clock(now=lambda: datetime.now(UTC), monotonic=time.monotonic)


def make_observer(settings: Settings, clock: Clock, hostname: str, heard: Callable[[Answer], None]) -> Observer:
    """An observer with an empty window; `heard` is told of each answer as it comes, on the probe's thread."""
    prober = Prober(questions_for(settings.targets), settings.timeout, clock, heard)
    containers = Containers(settings.docker_url, settings.compose_project, hostname, settings.timeout, clock.monotonic)
    return Observer(prober, containers, SampleWindow(settings.window), clock, settings.timeout)
