"""The restart baseline: who set it, when and why; what is judged since; and a file that can't be trusted."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.baseline import CountedContainer, RestartBaseline, restarts_since
from canary.baseline_file import BaselineFile
from canary.cli import main
from canary.package import forms, raw_files
from canary.probes.judging import checks_of
from canary.report import pretty, report_of
from canary.verdict import judge
from canary.verifying.package import check_package
from canary.versions import running_parts
from common import wire
from tests.canary.build import LIMITS, NOW, SMALL_TEXT, container, identity, observation
from tests.canary.keys import key_file
from tests.canary.packages import ANSWERS, ORIGIN, PLAN, package, seen, unpacked
from tests.canary.servers import METRICS, Engine, Site, closed_port, inspected
from tests.canary.test_app import Canary

FILE = "restart-baseline.json"


def baseline(**counts: int) -> RestartBaseline:
    counted = tuple(
        CountedContainer(id=identity(name), name=f"spark-{name}-1", restart_count=count)
        for name, count in counts.items()
    )
    return RestartBaseline(by="Ada", at=NOW, why="new disk", counts=counted)


def judged(restarts: int, since: RestartBaseline | None) -> tuple[str, str]:
    result = judge(observation(containers=(container(restart_count=restarts),), baseline=since), LIMITS)
    return result.verdict, next(one.text for one in result.conditions if "RESTARTS" in one.text)


def test_restarts_before_the_baseline_are_shown_and_not_judged() -> None:
    assert judged(14, None) == ("FAIL", "[RESTARTS] (14) <= 10")
    assert judged(14, baseline(web=13)) == ("PASS", "[RESTARTS] (1 since baseline, 14 in all) <= 10")
    assert judged(24, baseline(web=13)) == ("FAIL", "[RESTARTS] (11 since baseline, 24 in all) <= 10")


def test_a_container_that_was_made_anew_counts_from_zero() -> None:
    assert judged(11, baseline(venue=13)) == ("FAIL", "[RESTARTS] (11 since baseline, 11 in all) <= 10")


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_never_more_restarts_are_judged_than_there_are_nor_fewer_than_none(before: int, now: int) -> None:
    since = restarts_since(baseline(web=before), identity("web"), now)
    assert since == (now - before if now >= before else now)


def set_baseline(*arguments: str) -> int:
    return main(["baseline", "set", *(arguments or ("--by", "Ada", "--why", "new disk"))])


@pytest.fixture
def stack(tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setenv("SPARK_EVIDENCE_DIR", str(tmp_path))
    monkeypatch.setenv("SPARK_DOCKER_URL", engine.url.replace("http", "tcp"))
    monkeypatch.setenv("SPARK_COMPOSE_PROJECT", "spark")
    return engine


def test_an_operator_sets_it_and_the_running_canary_judges_from_then_on(
    stack: Engine, tmp_path: Path, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    stack.containers[0]["RestartCount"] = 14
    canary = Canary(tmp_path, site, stack)
    canary.monitor.run_round()
    assert canary.get("/v1/status")["verdict"] == "FAIL"
    assert set_baseline() == 0
    assert "set by Ada: new disk\n" in capsys.readouterr().out
    stack.containers[0]["RestartCount"] = 15
    canary.monitor.run_round()
    status = canary.get("/v1/status")
    assert status["verdict"] == "PASS"
    assert (status["baseline"]["by"], status["baseline"]["why"]) == ("Ada", "new disk")
    web = next(one for one in status["restarts"] if one["service"] == "web")
    assert (web["since_baseline"], web["in_all"]) == (1, 15)
    metrics = canary.metrics()
    assert metrics["canary_container_restarts", "web"] == 15
    assert metrics["canary_container_restarts_since_baseline", "web"] == 1


def test_a_package_that_is_written_after_it_was_set_has_it_and_verifies(
    stack: Engine, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SPARK_PROBE_TARGETS", f"web={site.url}")
    monkeypatch.setenv("SPARK_EVIDENCE_KEY_FILE", str(key_file(tmp_path)))
    stack.containers[0]["RestartCount"] = 14
    assert set_baseline() == 0
    capsys.readouterr()
    assert main(["evidence"]) == 0
    path = Path(capsys.readouterr().out.strip())
    assert json.loads(unpacked(path)["container_status.json"])["baseline"]["why"] == "new disk"
    assert main(["verify", str(path)]) == 2, "it is whole, and nobody vouches for the key"


def test_show_prints_it_in_words_and_as_json(stack: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["baseline", "show"]) == 0
    assert "no restart baseline is set" in capsys.readouterr().out
    assert main(["baseline", "show", "--json"]) == 0
    assert capsys.readouterr().out == "null\n"
    stack.containers[0]["RestartCount"] = 14
    assert set_baseline() == 0
    capsys.readouterr()
    assert main(["baseline", "show", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["by"], told["why"]) == ("Ada", "new disk")
    assert datetime.fromisoformat(told["at"]).tzinfo is not None
    assert {"id": identity("web"), "name": "spark-web-1", "restart_count": 14} in told["counts"]


def test_a_later_baseline_takes_the_place_of_the_one_before(stack: Engine, tmp_path: Path) -> None:
    assert set_baseline() == 0
    stack.containers[0]["RestartCount"] = 3
    assert set_baseline("--by", "Grace", "--why", "kernel update") == 0
    found, _ = BaselineFile(tmp_path).read()
    assert found is not None
    assert (found.by, max(one.restart_count for one in found.counts)) == ("Grace", 3)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--by", "", "--why", "x"),
        ("--by", " Ada", "--why", "x"),
        ("--by", "A" * 61, "--why", "x"),
        ("--by", "Ada", "--why", "two\nlines"),
        ("--by", "Ada", "--why", "\x1b[31mred"),
        ("--by", "Ada", "--why", "w" * 201),
        ("--by", "Ada\N{RIGHT-TO-LEFT OVERRIDE}", "--why", "x"),
    ],
)
def test_a_name_or_reason_that_no_report_can_show_is_a_wrong_call(
    stack: Engine, tmp_path: Path, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert set_baseline(*arguments) == 64
    assert "canary baseline set: --" in capsys.readouterr().err
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize("arguments", [("--by", "Ada"), ("--why", "x"), ("--by", "Ada", "--why", "x", "more")])
def test_a_baseline_without_a_name_or_a_reason_is_a_wrong_call(arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        set_baseline(*arguments)
    assert ended.value.code == 64


def test_without_the_engine_no_baseline_is_set(
    stack: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SPARK_DOCKER_URL", f"tcp://127.0.0.1:{closed_port()}")
    assert set_baseline() == 2
    assert "the restart baseline is not set: the engine at tcp://" in capsys.readouterr().err
    assert not (tmp_path / FILE).exists()


def test_a_folder_that_cannot_be_written_is_told(
    stack: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SPARK_EVIDENCE_DIR", str(tmp_path / "none"))
    assert set_baseline() == 2
    assert "the restart baseline can't be written" in capsys.readouterr().err


def counted(*ids: str) -> bytes:
    """A baseline's file that counts containers with ids that end so."""
    counts = [{"id": one.rjust(64, "0"), "name": "web", "restart_count": 1} for one in ids]
    return wire.encode({"by": "Ada", "at": NOW, "why": "x", "counts": counts})


DAMAGED = [
    b"",
    b"{",
    b"null",
    b"\xff\xfe",
    b"[" * 100_000,
    b" " * (2**20 + 1),
    wire.encode(baseline(web=1)).replace(b"Ada", b"two\\nlines"),
    wire.encode(baseline(web=1)).replace(b".250000Z", b""),
    wire.encode(baseline(web=1)).replace(identity("web").encode(), b"short"),
    wire.encode(baseline(web=1)).replace(b":1}", b":-1}"),
    wire.encode(baseline(web=1)).replace(b'"by"', b'"extra":1,"by"'),
    counted("0", "0"),
    counted(*map(str, range(201))),
]


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_file_gives_no_baseline_and_says_why(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    found, trouble = BaselineFile(tmp_path).read()
    assert found is None
    assert trouble is not None
    assert trouble.startswith(f"{FILE} can't be read (")
    assert BaselineFile(tmp_path).current({}) == (None, trouble)


def test_with_a_damaged_file_all_restarts_are_judged_and_the_canary_is_not_well(
    stack: Engine, tmp_path: Path, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / FILE).write_bytes(b"{")
    canary = Canary(tmp_path, site, stack)
    canary.monitor.run_round()
    status = canary.get("/v1/status")
    assert status["verdict"] == "INCONCLUSIVE"
    assert status["reasons"][0].startswith(f"canary itself: [BASELINE] ({FILE} can't be read (")
    assert status["baseline"] is None
    stack.containers[0]["RestartCount"] = 11
    canary.monitor.run_round()
    assert canary.get("/v1/status")["verdict"] == "FAIL"
    assert main(["baseline", "show"]) == 2
    assert "restarts are judged in all" in capsys.readouterr().err


def test_a_count_that_began_anew_is_judged_in_all_for_good(tmp_path: Path) -> None:
    file, web = BaselineFile(tmp_path), identity("web")
    file.write(baseline(web=13, venue=2))
    assert file.current({web: 13})[0] == baseline(web=13, venue=2)
    assert file.current({web: 0})[0] == baseline(venue=2)
    assert file.current({web: 14})[0] == baseline(venue=2)


def test_a_count_that_began_anew_is_judged_in_all_although_the_file_cannot_be_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = BaselineFile(tmp_path)
    file.write(baseline(web=13))
    (tmp_path / ".restart-baseline-lock").unlink()
    (tmp_path / ".restart-baseline-lock").mkdir()
    assert file.current({identity("web"): 0}) == (baseline(), None)
    assert "the restart baseline can't be written" in caplog.text


def files(since: RestartBaseline) -> dict[str, bytes]:
    """The files of a package in which web has restarted 14 times in all."""
    containers = (container("web", restart_count=14), container("venue"))
    what = seen()
    what = msgspec.structs.replace(
        what,
        checks=checks_of(PLAN, ANSWERS, what.samples, containers, (), since)[0],
        containers=containers,
        running=running_parts(containers, ANSWERS),
        baseline=since,
    )
    raw = raw_files(what, ANSWERS, {"web": METRICS, "venue": b""}, SMALL_TEXT, ORIGIN)
    return raw | forms(report_of(what, judge(what, LIMITS), LIMITS, ORIGIN))


def test_it_is_in_the_package_and_verify_judges_by_it(tmp_path: Path) -> None:
    content = files(baseline(web=13))
    assert check_package(package(content), None).faults == ()
    report = content["report.md"].decode()
    assert f"- restart baseline set by Ada at {NOW.isoformat()}: new disk" in report
    assert "| spark-web-1 | running | healthy | 1 | 14 |" in report
    assert json.loads(content["container_status.json"])["baseline"]["by"] == "Ada"
    assert "container spark-web-1: [RESTARTS]" not in report.partition("## Reasons")[2].partition("##")[0]


@pytest.mark.parametrize(
    "edit",
    [
        lambda told: told.update(by="Eve"),
        lambda told: told.update(why="none"),
        lambda told: told["counts"][0].update(restart_count=14),
        lambda told: told["counts"].clear(),
        lambda told: told.update(by="\x1b[31m"),
    ],
)
def test_a_baseline_that_was_changed_in_a_package_is_found_in_spite_of_new_sums(tmp_path: Path, edit: Any) -> None:
    content = files(baseline(web=13))
    status = json.loads(content["container_status.json"])
    edit(status["baseline"])
    changed = {**content, "container_status.json": pretty(status)}
    assert check_package(package(changed), None).faults != ()


def test_the_id_of_a_container_is_the_engines_own(engine: Engine) -> None:
    assert inspected("web")["Id"] == identity("web")
