"""The canary's parts, joined: one loop runs the rounds; requests and scrapes read what it found."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass

from canary.baseline_file import BaselineFile
from canary.certificate import CertificateWatch
from canary.containers import Containers
from canary.downloads import Downloads
from canary.evidence import EvidenceStore
from canary.history.keeper import HistoryKeeper
from canary.history.store import HistoryFile
from canary.keeping import Keeping
from canary.memory import LastPass
from canary.metrics import ProbeDurations
from canary.monitor import Monitor
from canary.observation import ProbeAnswer
from canary.observer import Observer
from canary.probes.prober import Prober
from canary.probes.source import ProbeSource
from canary.sealing import Stamp, without_authority
from canary.settings import Settings
from canary.stamping import Stamper
from canary.window import SampleWindow
from common import service
from common.clock import SYSTEM_CLOCK
from common.loop import LONGEST_RETRY_SECONDS, Loop, Supervisor


@dataclass(frozen=True)
class Parts:
    """The parts that the service and the command line use.

    containers: reads the containers from the engine.
    observer: looks at the whole stack once.
    evidence: the folder of packages.
    downloads: sends packages; the stop cuts what is under way.
    durations: the histogram of the probes' durations.
    monitor: keeps the latest observation and its verdict.
    history: the file of the history, to read.
    keeper: writes each round into it.
    certificate: knows when the gateway's certificate ends; None without TLS.
    loops: the threads. `rounds` runs `monitor.step`; `container-memory` reads the
        containers' memory; `certificate` runs its step, where there is TLS; `memory` replaces
        the worker when it uses too much memory. The short-lived threads of probes belong to `canary.probes.pool`.
    """

    containers: Containers
    observer: Observer
    evidence: EvidenceStore
    downloads: Downloads
    durations: ProbeDurations
    monitor: Monitor
    history: HistoryFile
    keeper: HistoryKeeper
    certificate: CertificateWatch | None
    loops: Supervisor

    @classmethod
    def build(
        cls, settings: Settings, loops: Supervisor, on_answer: Callable[[ProbeAnswer], None] | None = None
    ) -> Parts:
        """Builds the parts. Nothing is probed and no thread runs before `start`.

        `on_answer` is called with each answer, on the probe's thread, instead of the histogram of durations.
        """
        clock = SYSTEM_CLOCK
        source = ProbeSource(
            settings.probes_file, settings.limits.constants(), settings.addresses, settings.service.market
        )
        durations = ProbeDurations(source.read().plan.targets)
        evidence = EvidenceStore(settings.evidence_dir, settings.evidence_key, stamp_of(settings))
        prober = Prober(settings.timeout, clock, on_answer or durations.observe, settings.trader_token)
        baseline = BaselineFile(settings.evidence_dir)
        window = SampleWindow(settings.window)
        engine = engine_of(settings)
        observer = Observer(source, prober, engine, baseline, window, clock, settings.timeout)
        history = HistoryFile(settings.evidence_dir)
        keeper = HistoryKeeper(history, settings.late_after)
        keepers = [keeper.keep, Keeping(settings, evidence, clock).keep]
        last_pass, troubles = LastPass(settings.evidence_dir), {"history": keeper.trouble}
        monitor = Monitor(settings, observer, evidence, last_pass, clock, keepers, troubles)
        loops.add(
            Loop(
                "rounds",
                monitor.step,
                silent_after=settings.late_after,
                retry=(settings.interval, LONGEST_RETRY_SECONDS),
            )
        )
        loops.add(Loop("container-memory", engine.read_memory))
        certificate = None
        if settings.certificate is not None:
            certificate = CertificateWatch(settings.certificate, settings.timeout, clock)
            loops.add(Loop("certificate", certificate.step, silent_after=settings.late_after))
        service.add_memory_loop(loops, settings.service)
        downloads = Downloads(loops.stop_signal)
        return cls(engine, observer, evidence, downloads, durations, monitor, history, keeper, certificate, loops)

    def start(self) -> None:
        """Starts the loops."""
        self.loops.start()

    def stop(self) -> None:
        """Stops the loops."""
        self.loops.stop()


def stamp_of(settings: Settings) -> Stamp:
    """Returns the way to date packages: the authority's, where one is set."""
    if settings.timestamp is None:
        return without_authority
    return Stamper(settings.timestamp.url, settings.timestamp.authority, SYSTEM_CLOCK).stamp


def engine_of(settings: Settings) -> Containers:
    """Returns the reader of the project's containers."""
    return Containers(
        settings.docker_url,
        settings.compose_project,
        socket.gethostname(),
        settings.timeout,
        SYSTEM_CLOCK.monotonic,
    )
