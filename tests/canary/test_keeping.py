"""The canary writes a package at each change of its verdict and every hour, and a verdict that flaps fills no disk."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from canary.evidence import EvidenceStore
from canary.keeping import MOST_IN_AN_HOUR, Keeping
from canary.keys import CannotSign
from canary.memory import LastPass
from canary.monitor import Monitor
from canary.observer import Observer, ProbeRound
from canary.probes.fetch import RawAnswer
from canary.settings import Settings
from canary.verdict import judge
from canary.verifying.folder import check_folder
from tests.canary.build import SMALL_TEXT, HandClock, observation
from tests.canary.keys import key_file
from tests.canary.packages import ANSWERS, WELL, seen
from tests.canary.servers import METRICS
from tests.canary.test_monitor import Script

GOOD, BAD = WELL, ANSWERS


class World:
    """A canary's folder, with a clock that a test moves by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.hand = HandClock()
        self.store = EvidenceStore(folder, key_file(folder))
        environment = {"SPARK_EVIDENCE_DIR": str(folder), "SPARK_PROBE_TARGETS": "web=http://web,venue=http://venue"}
        self.settings = Settings.from_environment(environment)
        self.restart()

    def restart(self) -> None:
        self.keeping = Keeping(self.settings, self.store, self.hand.clock())

    def round(self, passes: bool, after: float = 15.0) -> int:
        """One round; returns how many packages there are."""
        self.hand.seconds += after
        answers = GOOD if passes else BAD
        what = seen(answers)
        raw = tuple(RawAnswer(one, METRICS if one.size else b"") for one in answers)
        self.keeping.keep(ProbeRound(what, raw, SMALL_TEXT), judge(what, self.settings.limits))
        return len(self.store.packages())


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_change_of_the_verdict_gets_a_package_at_once_and_no_change_gets_none(world: World) -> None:
    assert [world.round(passes) for passes in (True, True, False, False, True)] == [1, 1, 2, 2, 3]
    assert [one.verdict for one in world.store.packages()] == ["PASS", "FAIL", "PASS"]


def test_a_quiet_verdict_gets_a_package_every_hour(world: World) -> None:
    assert world.round(True) == 1
    assert world.round(True, after=3590) == 1
    assert world.round(True, after=11) == 2
    assert check_folder(world.folder, None, None).notes[0].startswith("judged by")


def test_a_restart_writes_nothing_that_the_folder_already_tells(world: World) -> None:
    world.round(True)
    for _ in range(3):
        world.restart()
        assert world.round(True) == 1
    world.restart()
    assert world.round(False) == 2


def test_a_verdict_that_flaps_writes_no_more_than_its_share_of_an_hour(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(200):
        count = world.round(number % 2 == 0, after=10)
        world.restart()
    assert count == MOST_IN_AN_HOUR
    assert "a change of the verdict gets no package" in [record.message for record in caplog.records]
    assert world.round(True, after=3600) == MOST_IN_AN_HOUR + 1


def test_a_clock_that_ran_ahead_stops_no_package_and_makes_no_flood(world: World) -> None:
    world.hand.seconds = timedelta(days=400).total_seconds()
    assert world.round(True) == 1
    world.hand.seconds = 0.0
    assert [world.round(True) for _ in range(3)] == [2, 2, 2]


def test_without_a_key_the_verdict_is_inconclusive_by_the_canarys_own_part_and_nothing_is_written(
    tmp_path: Path,
) -> None:
    store = EvidenceStore(tmp_path, tmp_path / "none.pem")
    settings = Settings.from_environment({"SPARK_EVIDENCE_DIR": str(tmp_path)})
    hand = HandClock()
    keep = Keeping(settings, store, hand.clock()).keep
    script = cast(Observer, Script(observation()))
    watching = Monitor(settings, script, store, LastPass(tmp_path), hand.clock(), [keep])
    with pytest.raises(CannotSign):
        watching.run_round()
    status = watching.status()
    assert status.judgement.verdict == "INCONCLUSIVE"
    assert status.judgement.reasons == (
        f"canary itself: [EVIDENCE] (the key {tmp_path}/none.pem can't be read (No such file or directory)) == well",
    )
    assert store.packages() == []


def test_each_package_that_it_writes_verifies(world: World) -> None:
    for number in range(4):
        world.round(number % 2 == 0)
    assert check_folder(world.folder, None, None).faults == ()
