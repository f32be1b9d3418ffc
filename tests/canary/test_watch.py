"""The loop: one round after the other, whatever happens, and a status that is never older than it says."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

import msgspec
import pytest

from canary.evidence import EvidenceStore
from canary.memory import LastPass
from canary.observation import Observation
from canary.observer import Observer, Sighting
from canary.settings import Settings
from canary.watch import Watch
from tests.canary.build import NOW, REAL_CLOCK, HandClock, check, observation


class Script:
    """An observer that shows what a test wrote, the last entry for ever, and raises what is an exception."""

    def __init__(self, *shown: Observation | Exception) -> None:
        self.shown = list(shown)
        self.looks = 0
        self.third = threading.Event()

    def look(self, own: Mapping[str, str | None]) -> Sighting:
        self.looks += 1
        if self.looks == 3:
            self.third.set()
        now = self.shown.pop(0) if len(self.shown) > 1 else self.shown[0]
        if isinstance(now, Exception):
            raise now
        return Sighting(msgspec.structs.replace(now, own=dict(own)), ())


def watch(folder: Path, script: Script, hand: HandClock | None = None, interval: str = "15") -> Watch:
    settings = Settings.from_environment({"SPARK_EVIDENCE_DIR": str(folder), "SPARK_PROBE_INTERVAL_SECONDS": interval})
    return Watch(
        settings,
        observer=cast(Observer, script),
        evidence=EvidenceStore(folder),
        last_pass=LastPass(folder),
        clock=hand.clock() if hand else REAL_CLOCK,
    )


FAILING = observation(checks=(check(status=500),))


def test_before_the_first_round_there_is_no_opinion(tmp_path: Path) -> None:
    status = watch(tmp_path, Script(observation())).status()
    assert status.judgement.verdict == "INCONCLUSIVE"
    assert "the first round has not ended yet" in status.judgement.reasons[0]
    assert (status.seen, status.last_pass) == (None, None)


def test_a_pass_is_remembered_across_a_restart_and_a_fail_does_not_erase_it(tmp_path: Path) -> None:
    assert watch(tmp_path, Script(observation())).run_once().last_pass == NOW
    again = watch(tmp_path, Script(FAILING))
    assert again.status().last_pass == NOW
    status = again.run_once()
    assert (status.judgement.verdict, status.last_pass) == ("FAIL", NOW)


def test_a_loop_that_stalls_turns_a_pass_into_inconclusive(tmp_path: Path) -> None:
    hand = HandClock()
    watching = watch(tmp_path, Script(observation()), hand)
    watching.run_once()
    hand.seconds = 90.0
    assert watching.status().judgement.verdict == "PASS"
    assert watching.loop_problem() is None
    hand.seconds = 90.5
    assert watching.status().judgement.verdict == "INCONCLUSIVE"
    assert watching.status().judgement.reasons == (
        "canary itself: [LOOP] (no round ended for 90 s, limit 90 s) == well",
    )
    assert watching.loop_problem() == "no round ended for 90 s, limit 90 s"


def test_an_evidence_folder_that_cannot_be_written_is_inconclusive(tmp_path: Path) -> None:
    status = watch(tmp_path / "none", Script(observation())).run_once()
    assert status.judgement.verdict == "INCONCLUSIVE"
    assert "can't be written" in status.judgement.reasons[0]


def test_an_exception_in_a_round_is_counted_and_the_loop_lives_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    script = Script(RuntimeError("broken"), RuntimeError("broken"), observation())
    watching, stop = watch(tmp_path, script, interval="0.11"), threading.Event()
    loop = threading.Thread(target=watching.run, args=(stop,), daemon=True)
    loop.start()
    assert script.third.wait(30)
    stop.set()
    loop.join(5)
    assert not loop.is_alive()
    assert watching.errors == 2
    assert watching.status().judgement.verdict == "PASS"
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == [
        "a round failed unexpectedly"
    ] * 2


def test_rounds_follow_quickly_until_the_first_pass_and_then_keep_the_interval(tmp_path: Path) -> None:
    script = Script(FAILING, FAILING, observation())
    watching, stop = watch(tmp_path, script, interval="60"), threading.Event()
    loop = threading.Thread(target=watching.run, args=(stop,), daemon=True)
    begun = time.monotonic()
    loop.start()
    assert script.third.wait(30)
    assert time.monotonic() - begun < 30
    assert not wait_for(lambda: script.looks > 3, seconds=2.5)
    stop.set()
    loop.join(5)


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether the condition came true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not condition():
        time.sleep(0.05)
    return condition()


def test_a_change_of_the_verdict_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "canary.watch")
    watching = watch(tmp_path, Script(observation(), observation(), FAILING, FAILING))
    for _ in range(4):
        watching.run_once()
    assert [record.message for record in caplog.records] == ["the verdict is now PASS", "the verdict is now FAIL"]
