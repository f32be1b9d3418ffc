"""What the console is told by its environment, read once at start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from common import wire
from common.settings import Reader


@dataclass(frozen=True)
class Settings:
    """Where the other services are, whose alerts are taken, and how old a quote may be (seconds)."""

    market: wire.Market
    replica: str
    marketdata_url: str
    executor_urls: tuple[str, ...]
    canary_url: str
    alertmanager_url: str
    prometheus_url: str
    alert_token: str
    data_dir: Path
    quote_stale_seconds: float

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Reads the settings; raises `SettingsError` with everything that is wrong."""
        reader = Reader(environment)
        settings = cls(
            market=cast(wire.Market, reader.choice("SPARK_MARKET", "simulated", ("simulated", "live"))),
            replica=reader.text("SPARK_REPLICA", "1"),
            marketdata_url=reader.url("SPARK_MARKETDATA_URL", "http://marketdata:5001"),
            executor_urls=reader.names("SPARK_EXECUTOR_URLS", "http://executor-1:4001,http://executor-2:4001"),
            canary_url=reader.url("SPARK_CANARY_URL", "http://canary:6001"),
            alertmanager_url=reader.url("SPARK_ALERTMANAGER_URL", "http://alertmanager:9093"),
            prometheus_url=reader.url("SPARK_PROMETHEUS_URL", "http://prometheus:9090"),
            alert_token=reader.secret("SPARK_ALERT_TOKEN"),
            data_dir=Path(reader.text("SPARK_DATA_DIR", "/data")),
            quote_stale_seconds=reader.seconds("SPARK_QUOTE_STALE_SECONDS", 5.0),
        )
        reader.check()
        for address in settings.executor_urls:
            each = Reader({"SPARK_EXECUTOR_URLS": address})
            each.url("SPARK_EXECUTOR_URLS")
            each.check()
        return settings

    def targets(self) -> dict[str, str]:
        """The readiness address of every service the console watches, by the service's name."""
        executors = {f"executor-{number}": f"{url}/readyz" for number, url in enumerate(self.executor_urls, 1)}
        return {
            "marketdata": f"{self.marketdata_url}/readyz",
            **executors,
            "canary": f"{self.canary_url}/readyz",
            "prometheus": f"{self.prometheus_url}/-/ready",
            "alertmanager": f"{self.alertmanager_url}/-/ready",
        }
