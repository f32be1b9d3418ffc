"""The canary's parts, joined: one loop looks at the stack, every other part is asked by it or by a request."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from canary.containers import Containers
from canary.evidence import EvidenceStore
from canary.memory import LastPass
from canary.metrics import ProbeDurations
from canary.monitor import Monitor
from canary.observer import Observer
from canary.probes.catalogue import probes_of
from canary.probes.prober import Prober
from canary.settings import Settings
from canary.window import SampleWindow
from common import service
from common.clock import SYSTEM_CLOCK
from common.loop import Loop, Supervisor

LONGEST_RETRY_SECONDS = 60.0


@dataclass(frozen=True)
class Parts:
    """The parts that the service and the command line use.

    observer: looks at the whole stack once.
    evidence: the folder of packages.
    durations: the histogram of the probes' durations.
    monitor: keeps the latest observation and its verdict.
    loops: the threads. `rounds` runs `monitor.step`; `memory` is the floor's. The probes' short-lived threads are
        `canary.probes.pool`'s own.
    """

    observer: Observer
    evidence: EvidenceStore
    durations: ProbeDurations
    monitor: Monitor
    loops: Supervisor

    @classmethod
    def build(cls, settings: Settings, loops: Supervisor) -> Parts:
        """Makes the parts; starts nothing."""
        clock = SYSTEM_CLOCK
        durations = ProbeDurations(settings.targets)
        evidence = EvidenceStore(settings.evidence_dir)
        prober = Prober(probes_of(settings.targets), settings.timeout, clock, durations.observe)
        engine = Containers(
            settings.docker_url, settings.compose_project, socket.gethostname(), settings.timeout, clock.monotonic
        )
        observer = Observer(prober, engine, SampleWindow(settings.window), clock, settings.timeout)
        monitor = Monitor(settings, observer, evidence, LastPass(settings.evidence_dir), clock)
        retry = (settings.interval, max(LONGEST_RETRY_SECONDS, settings.interval))
        loops.add(Loop("rounds", monitor.step, silent_after=settings.late_after, retry=retry))
        service.add_memory_loop(loops, settings.service)
        return cls(observer, evidence, durations, monitor, loops)

    def start(self) -> None:
        """Starts the loops."""
        self.loops.start()

    def stop(self) -> None:
        """Stops the loops."""
        self.loops.stop()
