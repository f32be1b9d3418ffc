"""The canary's settings, read once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from canary.verdict import Limits
from common import wire
from common.settings import Reader, SettingsError

DEFAULT_TARGETS = (
    "marketdata=http://marketdata:5001,executor-1=http://executor-1:4001,executor-2=http://executor-2:4001,"
    "web=http://web:3003,canary=http://127.0.0.1:6001,venue=http://venue:7001,"
    "prometheus=http://prometheus:9090,alertmanager=http://alertmanager:9093"
)
NO_DOCKER = "none"
_TARGET_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True)
class Target:
    """What is probed: its compose service's name, and its address without a path."""

    name: str
    url: str


@dataclass(frozen=True)
class Settings:
    """Durations are in seconds. `docker_url` is None where there is no engine to ask."""

    service: str
    replica: str
    port: int
    market: wire.Market
    targets: tuple[Target, ...]
    interval: float
    timeout: float
    docker_url: str | None
    compose_project: str
    evidence_dir: Path
    limits: Limits
    git_commit: str

    @property
    def window(self) -> float:
        """How long a sample counts: two minutes, or eight rounds where those are slower."""
        return max(120.0, 8 * self.interval)

    @property
    def late_after(self) -> float:
        """The loop is late when no round ended for twice the longest that one may take: nine timeouts."""
        return 2 * max(self.interval, 9 * self.timeout)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Reads everything; raises `SettingsError` that names each wrong variable."""
        reader = Reader(environment)
        market = cast(wire.Market, reader.choice("SPARK_MARKET", "simulated", ("simulated", "live")))
        listed = reader.names("SPARK_PROBE_TARGETS", DEFAULT_TARGETS)
        settings = cls(
            service=reader.text("SPARK_SERVICE", "canary"),
            replica=reader.text("SPARK_REPLICA", "1"),
            port=reader.integer("PORT", 6001, at_least=1, at_most=65_535),
            market=market,
            targets=(),
            interval=reader.seconds("SPARK_PROBE_INTERVAL_SECONDS", 15.0, above=0.1, at_most=60.0),
            timeout=reader.seconds("SPARK_PROBE_TIMEOUT_SECONDS", 5.0, above=0.05, at_most=30.0),
            docker_url=_docker_url(reader),
            compose_project=reader.text("SPARK_COMPOSE_PROJECT", ""),
            evidence_dir=Path(reader.text("SPARK_EVIDENCE_DIR", "/evidence")),
            limits=Limits(
                p95_seconds=reader.seconds("SPARK_P95_LIMIT_SECONDS", 1.0),
                restart_budget=reader.integer("SPARK_RESTART_BUDGET", 10, at_least=0, at_most=1000),
            ),
            git_commit=reader.text("SPARK_GIT_COMMIT", "unknown"),
        )
        reader.check()
        return _with_targets(settings, listed)


def _docker_url(reader: Reader) -> str | None:
    if reader.text("SPARK_DOCKER_URL", "tcp://docker-proxy:2375") == NO_DOCKER:
        return None
    return reader.url("SPARK_DOCKER_URL", "tcp://docker-proxy:2375", schemes=("tcp", "http"))


def _with_targets(settings: Settings, listed: tuple[str, ...]) -> Settings:
    """The venue is ours only in the simulated market; against real exchanges there is none to probe."""
    targets = tuple(_target(entry) for entry in listed)
    names = [target.name for target in targets]
    if len(set(names)) != len(names):
        raise SettingsError(f"SPARK_PROBE_TARGETS={','.join(listed)!r}: names a target twice")
    kept = tuple(target for target in targets if settings.market == "simulated" or target.name != "venue")
    return Settings(**{**vars(settings), "targets": kept})


def _target(entry: str) -> Target:
    name, _, url = entry.partition("=")
    parts = urlsplit(url)
    try:
        usable = parts.scheme == "http" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not _TARGET_NAME.fullmatch(name) or not usable or parts.path.strip("/") or parts.query or parts.fragment:
        raise SettingsError(f"SPARK_PROBE_TARGETS has {entry!r}: must be name=http://host:port, name of a-z, 0-9 and -")
    return Target(name, url.rstrip("/"))
