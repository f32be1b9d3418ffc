"""The canary's settings, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from canary.certificate import TlsAddress
from canary.probes.declared import NAME, is_target_address
from canary.probes.source import OWN_FILE
from canary.timestamp import Authority
from canary.verdict import VerdictLimits
from common.settings import Reader, ServiceSettings, is_address

NO_DOCKER = "none"
GATEWAY_TLS = TlsAddress("gateway", 8405)
"""The address inside at which the gateway serves the certificate of its doors, when it has one."""


@dataclass(frozen=True)
class TimestampSettings:
    """The timestamp authority that dates evidence packages.

    url: the address that is asked, with its path.
    authority: the certificates that its answers must lead to.
    """

    url: str
    authority: Authority


@dataclass(frozen=True)
class Settings:
    """All settings of the canary.

    service: the settings that every service has.
    port: the canary's own port, which `canary status` asks.
    probes_file: the file of probes.
    addresses: the address of each target that is probed; None for those of the file of probes.
    interval: seconds from one round's start to the next.
    timeout: seconds that one whole answer may take.
    docker_url: the address of the engine's window; None where there is no engine to ask.
    compose_project: the project whose containers are judged; empty for the canary's own.
    evidence_dir: the folder of packages.
    evidence_key: the file of the private key that signs them.
    limits: the limits that a verdict is judged by.
    trader_token: the token that orders of probes are placed with; empty where there is none.
    certificate: where the gateway serves its certificate; None without TLS.
    timestamp: the timestamp authority; None when none is set.
    """

    service: ServiceSettings
    port: int
    probes_file: Path
    addresses: Mapping[str, str] | None
    interval: float
    timeout: float
    docker_url: str | None
    compose_project: str
    evidence_dir: Path
    evidence_key: Path
    limits: VerdictLimits
    trader_token: str = field(default="", repr=False)
    certificate: TlsAddress | None = None
    timestamp: TimestampSettings | None = None

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
            probes_file=Path(reader.text("SPARK_PROBES_FILE", "") or OWN_FILE),
            addresses=_addresses(reader),
            interval=reader.seconds("SPARK_PROBE_INTERVAL_SECONDS", 10.0, above=0.1, at_most=60.0),
            timeout=reader.seconds("SPARK_PROBE_TIMEOUT_SECONDS", 5.0, above=0.05, at_most=30.0),
            docker_url=_docker_url(reader),
            compose_project=reader.text("SPARK_COMPOSE_PROJECT", ""),
            evidence_dir=Path(reader.text("SPARK_EVIDENCE_DIR", "/evidence")),
            evidence_key=Path(reader.text("SPARK_EVIDENCE_KEY_FILE", "/evidence-key/key.pem")),
            limits=VerdictLimits(
                p95_seconds=reader.seconds("SPARK_P95_LIMIT_SECONDS", 1.0),
                restart_budget=reader.integer("SPARK_RESTART_BUDGET", 10, at_least=0, at_most=1000),
            ),
            trader_token=reader.secret("SPARK_TRADER_TOKEN") if reader.text("SPARK_TRADER_TOKEN_FILE", "") else "",
            certificate=_certificate(reader),
            timestamp=_timestamp(reader),
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


def _timestamp(reader: Reader) -> TimestampSettings | None:
    """Returns the authority. An address without certificates would prove nothing, and the reverse asks nobody."""
    url, file = reader.text("SPARK_TIMESTAMP_URL", ""), reader.text("SPARK_TIMESTAMP_ROOTS_FILE", "")
    if url and ("@" in url or not is_address(url, ("http", "https"))):
        rule = "must be http://host/path or https://host/path, without a name and a password"
        reader.fault(f"SPARK_TIMESTAMP_URL={_without_password(url)!r}: {rule}")
    authority = _authority(reader, file) if file else None
    if url and not file:
        reader.fault("SPARK_TIMESTAMP_ROOTS_FILE='': must name the authority's root certificates in PEM")
    if file and not url:
        reader.fault("SPARK_TIMESTAMP_URL='': must be the authority's address, since its root certificates are named")
    return TimestampSettings(url, authority) if url and authority else None


def _authority(reader: Reader, file: str) -> Authority | None:
    try:
        return Authority.read(Path(file).read_text(encoding="ascii"))
    except OSError as error:
        reader.fault(f"SPARK_TIMESTAMP_ROOTS_FILE={file!r}: the file can't be read ({type(error).__name__})")
    except UnicodeDecodeError:
        reader.fault(f"SPARK_TIMESTAMP_ROOTS_FILE={file!r}: the file must be PEM, which is plain text")
    except ValueError as error:
        reader.fault(f"SPARK_TIMESTAMP_ROOTS_FILE={file!r}: {error}")
    return None


def _without_password(url: str) -> str:
    """Returns the address with everything before the last @ left out."""
    return url.rpartition("@")[2]


def _addresses(reader: Reader) -> Mapping[str, str] | None:
    if not reader.text("SPARK_PROBE_TARGETS", ""):
        return None
    listed = reader.names("SPARK_PROBE_TARGETS", "")
    found: dict[str, str] = {}
    for entry in listed:
        name, _, url = entry.partition("=")
        if not NAME.fullmatch(name) or not is_target_address(url):
            rule = "must be name=http://host:port, with a name of a-z, 0-9 and -"
            reader.fault(f"SPARK_PROBE_TARGETS has {entry!r}: {rule}")
        elif name in found:
            reader.fault(f"SPARK_PROBE_TARGETS={','.join(listed)!r}: names {name} twice")
        found[name] = url.rstrip("/")
    return found
