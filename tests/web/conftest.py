"""The console built from its real parts among stand-ins; its readers look once, when a test says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache

from tests.web.console import ALERT_TOKEN, Surroundings
from web import app as web_app
from web.knowledge import Knowledge
from web.settings import Settings
from web.watch import Job, Parts, Watch


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


@dataclass
class Built:
    """A console in this process: nothing runs by itself."""

    app: Flask
    parts: Parts
    known: Knowledge
    readers: Watch
    client: FlaskClient

    def look(self, *names: str) -> None:
        """Lets every reader look once, or the named ones."""
        for job in self.jobs():
            if (not names and not job.endless) or job.name in names:
                self.readers.look(job)

    def jobs(self) -> list[Job]:
        return list(self.readers._jobs)


@pytest.fixture(scope="session")
def stand_ins() -> Iterator[Surroundings]:
    surroundings = Surroundings()
    yield surroundings
    surroundings.stop()


@pytest.fixture
def around(stand_ins: Surroundings) -> Surroundings:
    """The stand-ins, as new: started once, put back for each test."""
    stand_ins.reset()
    return stand_ins


@pytest.fixture
def settings(around: Surroundings, tmp_path: Path) -> Settings:
    return Settings.from_environment(around.environment(tmp_path))


@pytest.fixture
def built(settings: Settings) -> Built:
    return build(settings)


@pytest.fixture
def alone(tmp_path: Path) -> Built:
    """A console that needs nobody for what is tested."""
    token = tmp_path / "alert-token"
    token.write_text(ALERT_TOKEN)
    return build(
        Settings.from_environment({"SPARK_ALERT_TOKEN_FILE": str(token), "SPARK_DATA_DIR": str(tmp_path / "data")})
    )


@pytest.fixture(scope="session")
def lasting(stand_ins: Surroundings, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """One console for all requests that it answers alone, without a stand-in, and that leave no trace in it."""
    return build(Settings.from_environment(stand_ins.environment(tmp_path_factory.mktemp("lasting"))))


def build(settings: Settings) -> Built:
    known = web_app.remember(settings)
    parts = web_app.connect(settings)
    app = web_app.create_app(settings, parts=parts, known=known)
    app.jinja_env.bytecode_cache = COMPILED
    return Built(app, parts, known, app.extensions["readers"], app.test_client())
