"""The console's settings, read once at the start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from common.settings import Reader, ServiceSettings
from web.alerts.address import AddressFault, read_address


@dataclass(frozen=True)
class Settings:
    """The console's settings.

    service: the settings that every service has.
    marketdata_url: the address of the market data service.
    executor_urls: the addresses of the executors, at least one; the first is shown as executor-1.
    canary_url: the address of the canary.
    alertmanager_url: the address of Alertmanager.
    prometheus_url: the address of Prometheus.
    alert_verifier: the verifier of the token that Alertmanager presents with its alerts.
    operator_verifier: the verifier of the token that the operator presents.
    public_url: the console's address as its users see it, for absolute links; empty for links without a host.
    data_dir: the folder of the alert inbox.
    quote_stale_seconds: the age above which a quote is shown as stale, in seconds.
    heartbeat_file: the file with the secret address of the outside heartbeat; None means that it is off.
    """

    service: ServiceSettings
    marketdata_url: str
    executor_urls: tuple[str, ...]
    canary_url: str
    alertmanager_url: str
    prometheus_url: str
    alert_verifier: str
    operator_verifier: str
    public_url: str
    data_dir: Path
    quote_stale_seconds: float
    heartbeat_file: Path | None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Reads the settings. Raises `SettingsError` with everything that is wrong."""
        reader = Reader(environment)
        settings = cls(
            service=reader.service("web"),
            marketdata_url=reader.url("SPARK_MARKETDATA_URL", "http://marketdata:5001"),
            executor_urls=reader.urls("SPARK_EXECUTOR_URLS", "http://executor-1:4001,http://executor-2:4001"),
            canary_url=reader.url("SPARK_CANARY_URL", "http://canary:6001"),
            alertmanager_url=reader.url("SPARK_ALERTMANAGER_URL", "http://alertmanager:9093"),
            prometheus_url=reader.url("SPARK_PROMETHEUS_URL", "http://prometheus:9090"),
            alert_verifier=reader.verifier("SPARK_ALERT_VERIFIER"),
            operator_verifier=reader.verifier("SPARK_OPERATOR_VERIFIER"),
            public_url=reader.url("SPARK_PUBLIC_URL", ""),
            data_dir=Path(reader.text("SPARK_DATA_DIR", "/data")),
            quote_stale_seconds=reader.seconds("SPARK_QUOTE_STALE_SECONDS", 5.0),
            heartbeat_file=_heartbeat_file(reader),
        )
        reader.check()
        return settings

    def readiness_urls(self) -> dict[str, str]:
        """Returns the readiness address of every service that the console watches, by the service's name."""
        executors = {f"executor-{number}": f"{url}/readyz" for number, url in enumerate(self.executor_urls, 1)}
        return {
            "marketdata": f"{self.marketdata_url}/readyz",
            **executors,
            "canary": f"{self.canary_url}/readyz",
            "prometheus": f"{self.prometheus_url}/-/ready",
            "alertmanager": f"{self.alertmanager_url}/-/ready",
        }


def _heartbeat_file(reader: Reader) -> Path | None:
    """Returns the file of the outside heartbeat's address, None while it is off."""
    switch = reader.text("SPARK_HEARTBEAT", "")
    file = Path(reader.text("SPARK_HEARTBEAT_URL_FILE", "/run/secrets/spark-heartbeat/heartbeat"))
    if switch not in ("", "on"):
        reader.fault(f"SPARK_HEARTBEAT={switch!r}: must be on or empty")
    if switch != "on":
        return None
    try:
        read_address(file)
    except AddressFault as fault:
        reader.fault(f"SPARK_HEARTBEAT=on: {fault}: run make receiver-secret RECEIVER=heartbeat")
    return file
