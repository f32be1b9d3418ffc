"""The canary's settings, read once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from canary.certificate import TlsAddress
from canary.verdict import VerdictLimits
from common.settings import Reader, ServiceSettings

DEFAULT_TARGETS = (
    "marketdata=http://marketdata:5001,executor-1=http://executor-1:4001,executor-2=http://executor-2:4001,"
    "web=http://web:3003,canary=http://127.0.0.1:6001,venue=http://venue:7001,"
    "gateway=http://gateway:8404,prometheus=http://prometheus:9090,alertmanager=http://alertmanager:9093,"
    "docker-proxy=http://docker-proxy:2375"
)
NO_DOCKER = "none"
GATEWAY_TLS = TlsAddress("gateway", 8405)
"""The address inside at which the gateway serves the certificate of its doors, when it has one."""
_TARGET_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True)
class Target:
    """One thing that the canary probes.

    name: the name of its compose service.
    url: its address without a path.
    """

    name: str
    url: str


@dataclass(frozen=True)
class Settings:
    """All settings of the canary.

    service: the settings that every service has.
    port: the canary's own port, which `canary status` asks.
    targets: what is probed, in order.
    interval: seconds from one round's start to the next.
    timeout: seconds that one whole answer may take.
    docker_url: the address of the engine's window; None where there is no engine to ask.
    compose_project: the project whose containers are judged; empty for the canary's own.
    evidence_dir: the folder of packages.
    limits: the limits that a verdict is judged by.
    certificate: where the gateway serves its certificate; None without TLS.
    """

    service: ServiceSettings
    port: int
    targets: tuple[Target, ...]
    interval: float
    timeout: float
    docker_url: str | None
    compose_project: str
    evidence_dir: Path
    limits: VerdictLimits
    certificate: TlsAddress | None = None

    @property
    def window(self) -> float:
        """The seconds for which a sample counts: two minutes, or eight rounds where those take longer."""
        return max(120.0, 8 * self.interval)

    @property
    def late_after(self) -> float:
        """The seconds without a round's end after which the loop is late: twice the longest round."""
        return 2 * max(self.interval, 9 * self.timeout)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Reads everything. Raises `SettingsError` with each wrong variable."""
        reader = Reader(environment)
        service = reader.service("canary")
        settings = cls(
            service=service,
            port=reader.integer("PORT", 6001, at_least=1, at_most=65_535),
            targets=_targets(reader, with_venue=service.market == "simulated"),
            interval=reader.seconds("SPARK_PROBE_INTERVAL_SECONDS", 15.0, above=0.1, at_most=60.0),
            timeout=reader.seconds("SPARK_PROBE_TIMEOUT_SECONDS", 5.0, above=0.05, at_most=30.0),
            docker_url=_docker_url(reader),
            compose_project=reader.text("SPARK_COMPOSE_PROJECT", ""),
            evidence_dir=Path(reader.text("SPARK_EVIDENCE_DIR", "/evidence")),
            limits=VerdictLimits(
                p95_seconds=reader.seconds("SPARK_P95_LIMIT_SECONDS", 1.0),
                restart_budget=reader.integer("SPARK_RESTART_BUDGET", 10, at_least=0, at_most=1000),
            ),
            certificate=_certificate(reader),
        )
        reader.check()
        return settings


def _docker_url(reader: Reader) -> str | None:
    if reader.text("SPARK_DOCKER_URL", "tcp://docker-proxy:2375") == NO_DOCKER:
        return None
    return reader.url("SPARK_DOCKER_URL", "tcp://docker-proxy:2375", schemes=("tcp", "http"))


def _certificate(reader: Reader) -> TlsAddress | None:
    switch = reader.text("SPARK_TLS", "")
    if switch not in ("", "on"):
        reader.fault(f"SPARK_TLS={switch!r}: must be on, or empty")
    return GATEWAY_TLS if switch else None


def _targets(reader: Reader, *, with_venue: bool) -> tuple[Target, ...]:
    """Returns the targets. In the live market there is no venue of ours, so it is left out."""
    listed = reader.names("SPARK_PROBE_TARGETS", DEFAULT_TARGETS)
    found: dict[str, Target] = {}
    for entry in listed:
        name, _, url = entry.partition("=")
        if not _TARGET_NAME.fullmatch(name) or not _is_address(url):
            rule = "must be name=http://host:port, with a name of a-z, 0-9 and -"
            reader.fault(f"SPARK_PROBE_TARGETS has {entry!r}: {rule}")
        elif name in found:
            reader.fault(f"SPARK_PROBE_TARGETS={','.join(listed)!r}: names {name} twice")
        found[name] = Target(name, url.rstrip("/"))
    return tuple(target for target in found.values() if with_venue or target.name != "venue")


def _is_address(url: str) -> bool:
    """Returns true for http://host:port without path, query and fragment."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme == "http" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return usable and not (parts.path.strip("/") or parts.query or parts.fragment)
