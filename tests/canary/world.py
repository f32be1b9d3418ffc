"""A small stack of real servers, with an engine beside it, that a test breaks in one place."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

from canary.baseline_file import BaselineFile
from canary.containers import Containers
from canary.observer import Observer
from canary.probes.declared import DeclaredProbe
from canary.probes.prober import Prober
from canary.probes.source import OWN_FILE, ProbeSource
from canary.verdict import Judgement, VerdictLimits, judge
from canary.window import SampleWindow
from common.clock import Clock
from tests.canary.ledger_server import LedgerServer
from tests.canary.servers import METRICS, Engine, Reply, Site, at_once, inspected, service_routes

JSON = "application/json"
LIMITS = VerdictLimits(p95_seconds=1.5, restart_budget=10)
KEY = "the-key-of-the-canary"
WELL = {"streams-agree": "0", "ledger": "0", "backup": "3600", "disk": "0.5"}
"""The results of Prometheus's queries on a healthy stack, by the probe that asks."""


class Service(Site):
    """A service of the stack: also Prometheus, with the queries that are declared, and an executor with its ledger."""

    asked_for_orders = False
    """True for an executor whose paths below `/v1/` are those of the ledger."""

    def __init__(self, queries: dict[str, str]) -> None:
        super().__init__()
        self._names = {query: name for name, query in queries.items()}
        self.mend()

    def mend(self) -> None:
        """Makes all well again."""
        self.routes = service_routes() | {
            "/api/health": answer({"database": "ok"}),
            "/api/v1/targets": answer(
                {"data": {"activeTargets": [{"scrapeUrl": f"http://{n}", "health": "up"} for n in range(8)]}}
            ),
            "/api/v1/rules": answer({"data": {"groups": [{"rules": [{"name": "A", "health": "ok"}] * 60}]}}),
        }
        self.results, self.ledger = dict(WELL), LedgerServer()
        self.date_ahead, self.wait = 0.0, at_once

    def reply(self, path: str, query: dict[str, list[str]]) -> Reply:
        if path == "/api/v1/query" and path not in self.routes:
            value = self.results[self._names[query["query"][0]]]
            return answer({"data": {"result": [{"metric": {}, "value": [1.0, value]}]}})
        if self.asked_for_orders and path.startswith("/v1/"):
            status, body = self.ledger.get(path)
            return status, JSON, json.dumps(body).encode()
        return super().reply(path, query)

    def take(self, _path: str, body: bytes) -> Reply:
        status, given = self.ledger.post(json.loads(body))
        return status, JSON, json.dumps(given).encode()

    def write_metrics(self, old: bytes, new: bytes) -> None:
        """Replaces a piece of the metrics."""
        assert old in METRICS
        self.routes["/metrics"] = (200, "text/plain", METRICS.replace(old, new))

    def say(self, path: str, value: Any) -> None:
        """Makes a path answer with this value as JSON."""
        self.routes[path] = answer(value)


class World:
    """The services that one probe asks, and the canary that looks at them. Its clock can be moved on."""

    def __init__(self, probe: DeclaredProbe, probes: Sequence[DeclaredProbe]) -> None:
        self.probe = probe
        self.target = "web" if "*" in probe.targets else probe.targets[0]
        queries = {one.name: one.query for one in probes if one.query}
        # Without a target that is asked often there is no percentile.
        timed = self.target if any(one.often and self.target in one.targets for one in probes) else "web"
        names = dict.fromkeys((self.target, timed, probe.against or self.target))
        self.services = {name: Service(queries) for name in names}
        self.at.asked_for_orders = probe.kind == "order"
        self.engine = Engine([])
        self.mend()
        self._ahead = 0.0
        clock = Clock(monotonic=lambda: time.monotonic() + self._ahead, unix=time.time)
        addresses = {name: one.url for name, one in self.services.items()}
        self._containers = Containers(
            self.engine.url.replace("http://", "tcp://"), "spark", "host", 10.0, clock.monotonic
        )
        self._observer = Observer(
            ProbeSource(OWN_FILE, LIMITS.constants(), addresses, "simulated"),
            Prober(10.0, clock, lambda _answer: None, KEY),
            self._containers,
            BaselineFile(OWN_FILE.parent / "no-such-folder"),
            SampleWindow(120),
            clock,
            10.0,
        )

    @property
    def at(self) -> Service:
        """The service that the probe asks."""
        return self.services[self.target]

    def mend(self) -> None:
        """Makes all well again."""
        for service in self.services.values():
            service.mend()
        init = inspected(
            "init", State={"Status": "exited", "Health": None}, HostConfig={"RestartPolicy": {"Name": "no"}}
        )
        self.engine.containers = [init, *(inspected(name) for name in self.services)]
        self.engine.memory = {"usage": 60, "limit": 100, "stats": {"inactive_file": 10}}

    def look(self) -> Judgement:
        """The verdict of a round in which every probe is due."""
        self._ahead += 3600.0
        self._containers.read_memory()
        return judge(self._observer.look({"loop": None}).observation, LIMITS)

    def stop(self) -> None:
        for server in (*self.services.values(), self.engine):
            server.stop()


def answer(value: Any) -> Reply:
    return 200, JSON, json.dumps(value).encode()
