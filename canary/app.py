"""Joins the canary's parts: `create_app` only builds, `serve` also starts the loop."""

from __future__ import annotations

import socket
import threading

from flask import Flask

from canary import api, metrics
from canary.evidence import EvidenceStore
from canary.memory import LastPass
from canary.metrics import ProbeDurations
from canary.parts import make_observer, real_clock
from canary.settings import Settings
from canary.watch import Watch
from common import ops


def create_app(settings: Settings, *, watch: Watch, evidence: EvidenceStore, durations: ProbeDurations) -> Flask:
    """The canary's Flask app over parts that are made, and perhaps started, elsewhere."""
    app = Flask("canary", static_folder=None)
    identity = ops.Identity(settings.service, settings.replica, settings.market)
    registry = ops.install(app, identity, {"loop": watch.loop_problem, "evidence": evidence.problem})
    metrics.install(registry, durations, watch, evidence)
    api.add_routes(app, settings, watch, evidence)
    return app


def serve() -> Flask:
    """Reads the settings, makes the parts, starts the loop and returns the app."""
    settings = Settings.from_environment()
    clock = real_clock()
    durations = ProbeDurations(settings.targets)
    evidence = EvidenceStore(settings.evidence_dir)
    watch = Watch(
        settings,
        observer=make_observer(settings, clock, socket.gethostname(), durations.heard),
        evidence=evidence,
        last_pass=LastPass(settings.evidence_dir),
        clock=clock,
    )
    app = create_app(settings, watch=watch, evidence=evidence, durations=durations)
    threading.Thread(target=watch.run, args=(threading.Event(),), name="canary-loop", daemon=True).start()
    return app
