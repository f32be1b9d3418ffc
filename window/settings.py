"""The window's settings, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from common.settings import Reader, ServiceSettings


@dataclass(frozen=True)
class Settings:
    """All settings of the service.

    service: the settings that every service has.
    engine_socket: the container engine's socket.
    """

    service: ServiceSettings
    engine_socket: Path

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Raises `SettingsError` that names each wrong variable, its value and the rule."""
        reader = Reader(environment)
        settings = cls(
            service=reader.service("window"),
            engine_socket=Path(reader.text("SPARK_ENGINE_SOCKET", "/var/run/docker.sock")),
        )
        reader.check()
        return settings
