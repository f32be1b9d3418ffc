"""The window's settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.loop import Stop, Supervisor
from common.settings import SettingsError
from window.parts import Parts
from window.settings import Settings


def test_the_engines_socket_is_where_engines_have_it_unless_it_is_set() -> None:
    assert Settings.from_environment({}).engine_socket == Path("/var/run/docker.sock")
    assert Settings.from_environment({"SPARK_ENGINE_SOCKET": "/a.sock"}).engine_socket == Path("/a.sock")


def test_a_wrong_setting_is_named() -> None:
    with pytest.raises(SettingsError, match="SPARK_MARKET"):
        Settings.from_environment({"SPARK_MARKET": "real"})


def test_no_loop_runs_but_the_watch_on_memory() -> None:
    parts = Parts.build(Settings.from_environment({"SPARK_RECYCLE_MIB": "100"}), Supervisor(Stop()))
    assert [loop.name for loop in parts.loops.health()] == ["memory"]
    assert not any(loop.alive for loop in parts.loops.health())
