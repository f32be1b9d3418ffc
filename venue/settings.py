"""What the venue can be told from outside, read once at start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from common.settings import Reader


@dataclass(frozen=True)
class Settings:
    """Intervals in seconds. `websocket_port` 0 asks for a free one."""

    replica: str
    websocket_host: str
    websocket_port: int
    seed: int
    conflation_seconds: float

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Raises `SettingsError` that names each wrong variable, its value and the rule."""
        reader = Reader(environment)
        settings = cls(
            replica=reader.text("SPARK_REPLICA", "1"),
            websocket_host=reader.text("SPARK_VENUE_WS_HOST", "0.0.0.0"),  # noqa: S104 - a container's own network
            websocket_port=reader.integer("SPARK_VENUE_WS_PORT", 7002, at_least=0, at_most=65_535),
            seed=reader.integer("SPARK_VENUE_SEED", 1, at_least=0, at_most=2**32),
            conflation_seconds=reader.seconds("SPARK_VENUE_CONFLATION_SECONDS", 0.76, above=0.0, at_most=60.0),
        )
        reader.check()
        return settings
