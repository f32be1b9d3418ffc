"""The rounds: one after the other, whatever happens, and a status that is never older than it says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import msgspec
import pytest

from canary.evidence import EvidenceStore
from canary.memory import LastPass
from canary.monitor import Monitor, MonitorStatus
from canary.observation import Observation
from canary.observer import Observer, ProbeRound
from canary.settings import Settings
from common.clock import SYSTEM_CLOCK
from common.loop import Loop
from tests.canary.build import NOW, HandClock, check, observation
from tests.canary.keys import key_file


class Script:
    """An observer that shows what a test wrote, the last entry for ever, and raises what is an exception."""

    def __init__(self, *shown: Observation | Exception) -> None:
        self.shown = list(shown)
        self.takes, self.hand = 0.0, HandClock()

    def look(self, own: Mapping[str, str | None]) -> ProbeRound:
        self.hand.seconds += self.takes
        now = self.shown.pop(0) if len(self.shown) > 1 else self.shown[0]
        if isinstance(now, Exception):
            raise now
        return ProbeRound(msgspec.structs.replace(now, own=dict(own)), (), "")


def monitor(folder: Path, script: Script, hand: HandClock | None = None, interval: str = "15") -> Monitor:
    settings = Settings.from_environment({"SPARK_EVIDENCE_DIR": str(folder), "SPARK_PROBE_INTERVAL_SECONDS": interval})
    clock = hand.clock() if hand else SYSTEM_CLOCK
    return Monitor(settings, cast(Observer, script), EvidenceStore(folder, key_file(folder)), LastPass(folder), clock)


def status_after_a_round(monitor: Monitor) -> MonitorStatus:
    monitor.run_round()
    return monitor.status()


FAILING = observation(checks=(check(status=500),))


def test_before_the_first_round_there_is_no_opinion(tmp_path: Path) -> None:
    status = monitor(tmp_path, Script(observation())).status()
    assert status.judgement.verdict == "INCONCLUSIVE"
    assert "the first round has not ended yet" in status.judgement.reasons[0]
    assert (status.seen, status.last_pass) == (None, None)


def test_a_pass_is_remembered_across_a_restart_and_a_fail_does_not_erase_it(tmp_path: Path) -> None:
    assert status_after_a_round(monitor(tmp_path, Script(observation()))).last_pass == NOW
    again = monitor(tmp_path, Script(FAILING))
    assert again.status().last_pass == NOW
    status = status_after_a_round(again)
    assert (status.judgement.verdict, status.last_pass) == ("FAIL", NOW)


def test_a_loop_that_stalls_turns_a_pass_into_inconclusive(tmp_path: Path) -> None:
    hand = HandClock()
    watching = monitor(tmp_path, Script(observation()), hand)
    watching.run_round()
    hand.seconds = 90.0
    assert watching.status().judgement.verdict == "PASS"
    assert watching.trouble() is None
    hand.seconds = 90.5
    assert watching.status().judgement.verdict == "INCONCLUSIVE"
    assert watching.status().judgement.reasons == (
        "canary itself: [LOOP] (no round ended for 90 s, limit 90 s) == well",
    )
    assert watching.trouble() == "no round ended for 90 s, limit 90 s"


def test_an_evidence_folder_that_cannot_be_written_is_inconclusive(tmp_path: Path) -> None:
    status = status_after_a_round(monitor(tmp_path / "none", Script(observation())))
    assert status.judgement.verdict == "INCONCLUSIVE"
    assert "can't be written" in status.judgement.reasons[0]


def test_a_pass_whose_time_cannot_be_kept_is_a_pass_and_a_failure_of_the_loop(tmp_path: Path) -> None:
    watching = monitor(tmp_path, Script(observation()))
    (tmp_path / ".canary-state.json").mkdir()
    loop = Loop("rounds", watching.step)
    loop.run_once()
    assert loop.failures == 1
    assert watching.status().last_pass == NOW


def test_a_round_that_fails_is_counted_and_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    watching = monitor(tmp_path, Script(RuntimeError("broken"), RuntimeError("broken"), observation()))
    loop = Loop("rounds", watching.step, retry=(15.0, 60.0))
    assert [loop.run_once() for _ in range(2)] == [15.0, 30.0]
    assert loop.run_once() <= 15.0
    assert (loop.failures, loop.last_failure) == (2, "RuntimeError: broken")
    assert watching.status().judgement.verdict == "PASS"
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == ["a loop's step failed"] * 2


def test_rounds_follow_quickly_until_the_first_pass_then_keep_the_interval_and_hurry_while_something_is_wrong(
    tmp_path: Path,
) -> None:
    hand = HandClock()
    watching = monitor(tmp_path, Script(FAILING, FAILING, observation(), FAILING), hand, interval="60")
    assert [watching.step() for _ in range(4)] == [1.0, 1.0, 60.0, 5.0]


def test_an_interval_begins_with_the_round_and_a_round_that_takes_longer_is_followed_at_once(tmp_path: Path) -> None:
    hand = HandClock()
    script = Script(observation())
    watching = monitor(tmp_path, script, hand)
    script.takes, script.hand = 4.0, hand
    assert watching.step() == 11.0
    script.takes = 20.0
    assert watching.step() == 0.0


def test_a_change_of_the_verdict_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "canary.monitor")
    watching = monitor(tmp_path, Script(observation(), observation(), FAILING, FAILING))
    for _ in range(4):
        watching.run_round()
    assert [record.message for record in caplog.records] == ["the verdict is now PASS", "the verdict is now FAIL"]
