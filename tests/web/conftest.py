"""The console built from its real parts among stand-ins; its readers read when a test says so."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache

import web.app
from common.loop import Loop, Stop, Supervisor
from common.verifier import verifier_of
from tests.web.console import ALERT_TOKEN, Surroundings
from tests.web.trading_world import TOKEN
from web.app import create_app
from web.parts import Parts
from web.settings import Settings
from web.state import ConsoleState


class Compiled(BytecodeCache):
    """Templates compiled once for all tests."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._code:
            bucket.bytecode_from_string(self._code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.bytecode_to_string()


COMPILED = Compiled()


@pytest.fixture(scope="session", autouse=True)
def read_once() -> Iterator[None]:
    """The runbook and Alertmanager's rules are read once for all consoles of the tests, as one console reads them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("read_runbook", "read_inhibitions"):
            patch.setattr(web.app, name, functools.cache(getattr(web.app, name)))
        yield


class NamedLoops(Supervisor):
    """A supervisor whose loops a test can find by their names."""

    def __init__(self) -> None:
        super().__init__(Stop())
        self.by_name: dict[str, Loop] = {}

    def add(self, loop: Loop) -> Loop:
        self.by_name[loop.name] = loop
        return super().add(loop)


@dataclass
class Built:
    """A console in this process: nothing runs by itself."""

    app: Flask
    parts: Parts
    loops: NamedLoops
    client: FlaskClient

    @property
    def state(self) -> ConsoleState:
        return self.parts.state

    def read(self, *names: str) -> None:
        """Runs every reader once, or the named ones. The two that follow a stream are run only by name."""
        for name, loop in self.loops.by_name.items():
            if name in names or (not names and not name.endswith("-stream")):
                loop.run_once()


@pytest.fixture(scope="session")
def stand_ins() -> Iterator[Surroundings]:
    surroundings = Surroundings()
    yield surroundings
    surroundings.stop()


@pytest.fixture
def around(stand_ins: Surroundings) -> Surroundings:
    """The stand-ins in their first state. They are started once for all tests."""
    stand_ins.reset()
    return stand_ins


@pytest.fixture
def settings(around: Surroundings, tmp_path: Path) -> Settings:
    return Settings.from_environment(around.environment(tmp_path))


@pytest.fixture
def built(settings: Settings) -> Built:
    return build(settings)


@pytest.fixture
def firing(built: Built, around: Surroundings) -> Built:
    """A console that knows an alert which fires."""
    around.alertmanager.fire("fire", severity="critical")
    built.read("alerts")
    return built


@pytest.fixture
def alone(tmp_path: Path) -> Built:
    """A console for tests that need no other service."""
    verifier = tmp_path / "alert-verifier"
    verifier.write_text(verifier_of(ALERT_TOKEN))
    operator = tmp_path / "operator-verifier"
    operator.write_text(verifier_of(TOKEN))
    files = {"SPARK_ALERT_VERIFIER_FILE": str(verifier), "SPARK_OPERATOR_VERIFIER_FILE": str(operator)}
    return build(Settings.from_environment({**files, "SPARK_DATA_DIR": str(tmp_path / "data")}))


@pytest.fixture(scope="session")
def lasting(stand_ins: Surroundings, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """One console for all tests that need no other service and leave no trace in it."""
    return build(Settings.from_environment(stand_ins.environment(tmp_path_factory.mktemp("lasting"))))


def build(settings: Settings) -> Built:
    loops = NamedLoops()
    parts = Parts.build(settings, loops)
    app = create_app(settings, parts)
    app.jinja_env.bytecode_cache = COMPILED
    return Built(app, parts, loops, app.test_client())
