"""The watcher of README.md for a second machine, as it is typed: it pages from the third failure in a row on."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.web.alerts.test_heartbeat import beat, heard
from tests.web.conftest import Built
from tests.web.standin_server import Answer, Request, Server

ROOT = Path(__file__).parents[3]
EACH_MINUTE = "* * * * * "
CONSOLE, PAGER = "https://spark.example:3003", "https://ntfy.example/my-topic"
HEADER = "Authorization: Bearer the-readers-token"


class World:
    """A second machine's home, a console and a pager."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.answer = Answer(b"")
        self.console = Server(lambda _asked: self.answer)
        self.pager = Server(lambda _asked: Answer(b"{}"))
        (home / "spark-reader").write_text(f"{HEADER}\n")

    def stop(self) -> None:
        self.console.stop()
        self.pager.stop()

    def minutes(self, count: int) -> list[bytes]:
        """Runs the line once a minute, as cron does; returns what was paged."""
        (line,) = re.findall(rf"^ {{4}}({re.escape(EACH_MINUTE)}curl .*)$", (ROOT / "README.md").read_text(), re.M)
        assert "%" not in line, "cron would end the line there"
        command = line.removeprefix(EACH_MINUTE).replace(CONSOLE, self.console.url).replace(PAGER, self.pager.url)
        before = len(self.pager.asked)
        for _ in range(count):
            environment = {"HOME": str(self.home), "PATH": os.environ["PATH"]}
            subprocess.run(["sh", "-c", command], env=environment, cwd=self.home, check=False, timeout=60)
        return [asked.body for asked in self.pager.asked[before:]]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    (tmp_path / "home").mkdir()
    made = World(tmp_path / "home")
    yield made
    made.stop()


def answer_of(console: Built) -> Answer:
    return Answer(console.client.get("/api/alerts?limit=1").get_data())


def asked(server: Server) -> Request:
    return server.asked[-1]


def test_a_path_that_is_proven_pages_nobody(world: World, alone: Built) -> None:
    beat(alone)
    world.answer = answer_of(alone)
    assert world.minutes(4) == []
    assert (asked(world.console).path, asked(world.console).query) == ("/api/alerts", {"limit": "1"})
    assert asked(world.console).headers["Authorization"] == HEADER.partition(": ")[2]


def silent(console: Built) -> Answer:
    heard(console, 200)
    return answer_of(console)


@pytest.mark.parametrize("answer", [silent, answer_of, lambda _: Answer(b"{}", 503)], ids=["silent", "unproven", "503"])
def test_the_third_failure_in_a_row_pages_and_then_every_tenth_minute(
    world: World, alone: Built, answer: Callable[[Built], Answer]
) -> None:
    world.answer = answer(alone)
    assert world.minutes(2) == []
    assert world.minutes(1) == [b"Spark: no alert may reach anybody"]
    assert world.minutes(9) == []
    assert len(world.minutes(1)) == 1


def test_a_console_that_is_gone_pages_and_a_success_starts_the_count_anew(world: World, alone: Built) -> None:
    beat(alone)
    world.answer = answer_of(alone)
    world.console.stop()
    assert len(world.minutes(3)) == 1
    world.console.start()
    assert world.minutes(1) == []
    world.console.stop()
    assert world.minutes(2) == []
    assert len(world.minutes(1)) == 1
