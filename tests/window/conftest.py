from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from common.loop import Stop, Supervisor
from tests.window.engine import HOSTNAME, Engine, running
from window.app import create_app
from window.engine import EngineSocket
from window.parts import Parts
from window.project import Project
from window.settings import Settings


def app_at(socket: Path, hostname: str = HOSTNAME, seconds: float = 5.0) -> Flask:
    """The window on the engine at a socket."""
    project = Project(EngineSocket(socket, seconds, time.monotonic), hostname)
    settings = Settings.from_environment({"SPARK_ENGINE_SOCKET": str(socket)})
    return create_app(settings, Parts(project, Supervisor(Stop())))


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def app(engine: Engine, tmp_path: Path) -> Iterator[Flask]:
    with running(engine, tmp_path / "engine.sock") as socket:
        yield app_at(socket)


@pytest.fixture
def window(app: Flask) -> FlaskClient:
    return app.test_client()
