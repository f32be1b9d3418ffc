"""A target that is probed only where it runs: left out without a container, and never once it has one."""

from __future__ import annotations

from pathlib import Path

import pytest

from canary.observer import Observer, ProbeRound
from canary.package import Draft
from canary.packing import draft_of
from canary.settings import Settings
from canary.verdict import Judgement, judge
from canary.verifying.derivation import derive
from canary.verifying.limits import limit_notes
from tests.canary.build import LOOSE, SMALL_TEXT
from tests.canary.packages import draft, signed
from tests.canary.servers import Engine, Site, closed_port, inspected
from tests.canary.test_observer import WELL, observer


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "probes.toml"
    path.write_text('where_running = ["venue"]\n' + SMALL_TEXT)
    return path


@pytest.fixture
def looking(site: Site, engine: Engine, file: Path) -> Observer:
    """A canary whose venue does not answer."""
    return observer(engine.url, {"web": site.url, "venue": f"http://127.0.0.1:{closed_port()}"}, file=file)


def notes_of(own: Draft, files: dict[str, bytes]) -> list[str]:
    return list(limit_notes(own.report, files["probes.toml"]))


def judged(seen: ProbeRound) -> Judgement:
    return judge(seen.observation, LOOSE)


def test_without_a_container_it_is_left_out_and_nobody_asks_for_it(looking: Observer) -> None:
    seen = looking.look(WELL)
    assert judged(seen).verdict == "PASS"
    assert {one.answer.target for one in seen.answers} == set(seen.observation.targets) == {"web"}
    assert seen.observation.left_out == ("marketdata", "venue")


@pytest.mark.parametrize("state", ["running", "exited"])
def test_with_a_container_it_counts_whatever_state_that_is_in(looking: Observer, engine: Engine, state: str) -> None:
    looking.look(WELL)
    engine.containers.append(inspected("venue", State={"Status": state}))
    judgement = judged(looking.look(WELL))
    assert judgement.verdict == "FAIL"
    assert judgement.reasons[0] == "venue healthz: [ANSWER] (connection refused) == whole"
    engine.containers.pop()
    assert judged(looking.look(WELL)).verdict == "PASS"


def test_a_package_proves_whether_it_ran(looking: Observer, engine: Engine, file: Path) -> None:
    settings = Settings.from_environment({"SPARK_PROBES_FILE": str(file), "SPARK_P95_LIMIT_SECONDS": "30"})
    told = []
    for _ in range(2):
        seen = looking.look(WELL)
        own = draft_of(seen, judged(seen), settings)
        files = signed(dict(own.files), about=own)
        assert derive(files).faults == ()
        told.append("venue was not probed: it had no container, or a setting left it out" in notes_of(own, files))
        engine.containers.append(inspected("venue"))
    assert told == [True, False]
    gone = {**files, "container_status.json": files["container_status.json"].replace(b'"venue"', b'"venus"')}
    assert any("which is no probe that was declared" in fault for fault in derive(gone).faults)


@pytest.mark.parametrize("junk", [b"", b"\xff", b"where_running = 7", b"where_running = [[]]", b"a = " + b"[" * 9000])
def test_a_file_of_probes_that_is_damaged_never_makes_the_notes_fail(junk: bytes) -> None:
    told = list(limit_notes(draft().report, junk))
    assert "marketdata was not probed: a setting left it out" in told
