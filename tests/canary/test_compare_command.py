"""`python -m canary compare` judges packages, or the stack that runs, and changes nothing."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from math import log
from pathlib import Path
from typing import Any

import pytest

from canary.cli import main
from tests.canary.runs import log_normal_run, package_of_run, quiet_runs, run_at, stored
from tests.canary.servers import Site, closed_port

TEN = quiet_runs(10, ("web",))


def new_run(folder: Path, factor: float, **changes: Any) -> Path:
    run = log_normal_run(50, random.Random(2), {"web": log(factor)}, count=50)
    path = folder / f"new-{factor:g}.zip"
    path.write_bytes(package_of_run(run, **changes))
    return path


def called(*arguments: object) -> int:
    return main(["compare", *map(str, arguments)])


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_packages_that_are_alike_end_with_0_and_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, after = stored(tmp_path, TEN), new_run(tmp_path, 1.0)
    held = contents(tmp_path)
    assert called(*before, "--with", after) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "alike: before/after on one host; a host that drifts can fool it"
    assert lines[1] == "before: 10 runs, 2026-11-22 12:00:00Z to 2026-11-22 21:00:00Z, version 0.1.0 abc123"
    assert lines[2].startswith("after: 1 run, 2026-11-24 14:00:00Z, version ")
    assert lines[3].split()[:4] == ["target", "outcome", "runs", "samples"]
    assert lines[4].split()[:8] == ["web", "alike", "10", "/", "1", "500", "/", "50"]
    assert lines[5].startswith("web: alike: it takes ")
    assert lines[5].endswith(" times would have been found")
    assert contents(tmp_path) == held


def test_a_slower_package_ends_with_1_and_json_has_the_numbers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, after = stored(tmp_path, TEN), new_run(tmp_path, 2.5)
    assert called("--json", *before, "--with", after) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["outcome"], len(found["before"]), found["after"][0]["name"]) == ("worse", 10, "new-2.5.zip")
    latency = found["targets"][0]["latency"]
    assert latency["outcome"] == "slower"
    assert 1 < latency["lower"] < 2.5 < latency["upper"] < 4
    assert latency["smallest_found"] < 2


def test_too_few_packages_end_with_2_and_say_how_many_are_needed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, after = stored(tmp_path, TEN[:4]), new_run(tmp_path, 2.5)
    assert called(*before, "--with", after) == 2
    assert "web: unclear: 4 earlier runs, at least 5 needed" in capsys.readouterr().out


def test_a_package_with_a_fault_is_named_and_nothing_is_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, after = stored(tmp_path, TEN), new_run(tmp_path, 1.0)
    changed = bytearray(after.read_bytes())
    changed[changed.index(b'"seconds"') + 11] ^= 1
    after.write_bytes(bytes(changed))
    assert called(*before, "--with", after) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"unclear: nothing is compared: {after}: ")
    assert called(*before, "--with", tmp_path / "none.zip") == 2


def test_an_earlier_run_that_failed_and_one_of_another_market_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = stored(tmp_path, TEN)
    failed, live = new_run(tmp_path, 1.0, passes=False), new_run(tmp_path, 1.1, market="live")
    assert called(failed, *before, "--with", before[0]) == 2
    assert "its verdict is FAIL, and an earlier run must have passed" in capsys.readouterr().err
    assert called(*before, "--with", live) == 2
    assert "its market is live, the first one's is simulated" in capsys.readouterr().err
    assert called(*before, "--with", failed) == 0


def test_times_without_a_zone_are_refused_and_not_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, after = stored(tmp_path, TEN), tmp_path / "naive.zip"
    run = run_at(50, {"web": [0.02] * 20})
    after.write_bytes(package_of_run(type(run)(run.name, run.checked_at.replace(tzinfo=None), "", "", run.samples)))
    assert called(*before, "--with", after) == 2
    assert "unclear: nothing is compared: " in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [["a.zip"], ["--with", "a.zip"], ["a.zip", "--with", "b.zip", "--last", "3"]],
)
def test_a_call_that_names_half_of_what_is_needed_is_a_wrong_call(arguments: list[str]) -> None:
    assert called(*arguments) == 64


@pytest.mark.parametrize("last", ["0", "-1", "x", "1.5", "201", "9" * 5000])
def test_a_wrong_number_of_runs_is_a_wrong_call(last: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        called("--last", last)
    assert ended.value.code == 64


def run_now(folder: Path, url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "canary", "compare", *arguments],
        env={
            "PATH": os.environ["PATH"],
            "SPARK_EVIDENCE_DIR": str(folder),
            "SPARK_PROBE_TARGETS": f"web={url}",
            "SPARK_DOCKER_URL": "none",
        },
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_the_running_stack_is_measured_and_compared_with_the_runs_that_passed(tmp_path: Path, site: Site) -> None:
    dice = random.Random(3)
    stored(tmp_path, [log_normal_run(hour, dice, {"web": log(10)}, count=50) for hour in range(10)])
    held = contents(tmp_path)
    done = run_now(tmp_path, site.url, "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["outcome"]) == (0, "alike"), done.stdout
    assert (len(found["before"]), found["after"][0]["name"]) == (10, "now")
    assert found["targets"][0]["after_asked"] >= 2 * 240
    assert done.stderr.splitlines()[0].startswith("burst 1: ")
    assert done.stderr.splitlines()[-1].endswith(" samples, 0 more are wanted")
    assert contents(tmp_path) == held


def test_a_stack_that_is_slower_than_the_runs_that_passed_ends_with_1(tmp_path: Path, site: Site) -> None:
    dice = random.Random(3)
    stored(tmp_path, [log_normal_run(hour, dice, {"web": log(0.005)}, count=50) for hour in range(10)])
    done = run_now(tmp_path, site.url)
    assert done.returncode == 1, done.stdout
    assert done.stdout.startswith("worse: before/after on one host")


def test_a_stack_that_does_not_answer_is_worse_by_its_counts_and_ends_soon(tmp_path: Path) -> None:
    stored(tmp_path, TEN)
    done = run_now(tmp_path, f"http://127.0.0.1:{closed_port()}")
    assert done.returncode == 1, done.stdout
    assert "samples have no whole answer, before 0 of 500 (p " in done.stdout


def test_fewer_runs_that_passed_than_needed_are_unclear_and_faulty_packages_are_named(
    tmp_path: Path, site: Site
) -> None:
    *_, newest = stored(tmp_path, TEN)
    newest.chmod(0o644)
    newest.write_bytes(newest.read_bytes().replace(b"alive", b"alife"))
    done = run_now(tmp_path, site.url, "--last", "4")
    assert done.returncode == 2
    assert "web: unclear: 4 earlier runs, at least 5 needed" in done.stdout
    assert f"left out: {newest}: " in done.stdout
    assert "before: 4 runs, 2026-11-22 17:00:00Z to 2026-11-22 20:00:00Z" in done.stdout


def test_an_empty_folder_is_unclear(tmp_path: Path, site: Site) -> None:
    done = run_now(tmp_path, site.url)
    assert done.returncode == 2
    assert "before: no runs" in done.stdout
