"""The commands `run` and `history`, and what the commands print for programs."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from canary.cli import main
from canary.history.store import FILE
from common.clock import SYSTEM_CLOCK
from tests.canary.histories import entry, filled
from tests.canary.servers import Engine, Site, closed_port, raw_server
from tests.canary.test_cli import run, stack

REASONS = ("web page: [STATUS] (500) == 200", "web: slow")


def told(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_run_prints_the_verdict_of_a_fresh_round_and_writes_nothing(tmp_path: Path, site: Site, engine: Engine) -> None:
    done = run("run", **stack(tmp_path, site, engine))
    assert (done.returncode, done.stdout.startswith("PASS: every condition is met (p95 ")) == (0, True), done.stderr
    assert done.stderr.startswith("looking at every target and the engine\n")
    assert list(tmp_path.iterdir()) == []


def test_run_prints_every_reason_and_ends_with_the_verdicts_code(tmp_path: Path, site: Site, engine: Engine) -> None:
    site.routes["/metrics"] = (500, "text/plain", b"")
    done = run("run", **stack(tmp_path, site, engine))
    assert done.returncode == 1
    first, *reasons = done.stdout.splitlines()
    assert first.startswith("FAIL: web metrics: [STATUS] (500) == 200; ")
    assert [line for line in reasons if "[STATUS]" in line] == [
        f"- {name} metrics: [STATUS] (500) == 200" for name in ("web", "marketdata", "venue")
    ]


def test_run_tells_its_progress_while_probes_are_slow(tmp_path: Path, site: Site, engine: Engine) -> None:
    with raw_server(lambda connection: connection.recv(1)) as hanging:
        slow = {"SPARK_PROBE_TARGETS": f"web={hanging}", "SPARK_PROBE_TIMEOUT_SECONDS": "1.2"}
        done = run("run", **(stack(tmp_path, site, engine) | slow))
    assert done.returncode == 1
    progress = done.stderr.splitlines()[1:]
    assert progress
    assert all(" answers; the latest: web " in line for line in progress)


def test_run_as_json_is_the_whole_judgement(tmp_path: Path, site: Site, engine: Engine) -> None:
    environment = stack(tmp_path, site, engine) | {"SPARK_DOCKER_URL": f"tcp://127.0.0.1:{closed_port()}"}
    done = run("run", "--json", **environment)
    assert done.returncode == 2
    judgement = json.loads(done.stdout)
    assert judgement["verdict"] == "INCONCLUSIVE"
    assert judgement["reasons"][0].startswith("containers: [CONTAINERS]")
    assert {one["outcome"] for one in judgement["conditions"]} == {"met", "unknown"}


def test_evidence_as_json_names_the_package(tmp_path: Path, site: Site, engine: Engine) -> None:
    done = run("evidence", "--json", **stack(tmp_path, site, engine))
    assert done.returncode == 0
    written = json.loads(done.stdout)
    assert (written["verdict"], written["reasons"]) == ("PASS", [])
    assert Path(written["path"]).parent == tmp_path
    assert done.stderr.startswith("PASS: ")
    done = run("evidence", "--json", **(stack(tmp_path, site, engine) | {"SPARK_EVIDENCE_DIR": str(tmp_path / "no")}))
    written = json.loads(done.stdout)
    assert (done.returncode, written["path"], written["verdict"]) == (2, None, "INCONCLUSIVE")
    assert written["reasons"][0].startswith("the package can't be written: ")


def test_status_as_json_is_the_judgement_of_the_running_canary(site: Site) -> None:
    latest = {"verdict": "FAIL", "reasons": ["web: slow"], "p95_seconds": 0.25, "samples": 40, "conditions": []}
    site.routes["/v1/status"] = (200, "application/json", json.dumps(latest).encode())
    done = run("status", "--json", PORT=site.url.rpartition(":")[2])
    assert (done.returncode, json.loads(done.stdout)) == (1, latest | {"faults": [], "tolerated": []})
    done = run("status", "--json", PORT=str(closed_port()))
    assert done.returncode == 2
    assert json.loads(done.stdout)["reasons"] == ["the canary does not answer"]


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A history of 30 rounds that end now, the last ten of them FAIL."""
    monkeypatch.setenv("SPARK_EVIDENCE_DIR", str(tmp_path))
    begin = SYSTEM_CLOCK.now().replace(microsecond=0) - timedelta(seconds=30)
    rounds = [
        entry(begin + timedelta(seconds=n), "PASS" if n < 20 else "FAIL", reasons=REASONS * (n >= 20), reasons_in_all=5)
        for n in range(30)
    ]
    filled(tmp_path, *rounds)
    return tmp_path


def test_history_prints_the_latest_rounds_newest_first(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "--last", "12"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines] == ["FAIL"] * 10 + ["PASS"] * 2
    assert lines[0].endswith("FAIL p95 0.010 s web page: [STATUS] (500) == 200; web: slow; and 3 more")
    assert lines == sorted(lines, reverse=True)


def test_history_prints_changes_hours_and_uptime(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "--changes"]) == 0
    assert [line.split()[1:4] for line in capsys.readouterr().out.splitlines()] == [
        ["FAIL", "(was", "PASS)"],
        ["PASS", "p95", "0.010"],
    ]
    assert main(["history", "--hours", "--json"]) == 0
    assert sum(one["rounds"]["PASS"] for one in told(capsys)) == 20
    assert main(["history", "--hours"]) == 0
    assert " FAIL, 0 INCONCLUSIVE; p95 0.010 s, worst 0.010 s\n" in capsys.readouterr().out
    assert main(["history", "--uptime"]) == 0
    assert capsys.readouterr().out == "web: up 66.667 % of 30 rounds, 0 minutes unobserved\n"


def test_history_as_json_is_what_the_service_answers(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "--json"]) == 0
    rows = told(capsys)
    assert len(rows) == 20
    assert rows[0]["verdict"] == "FAIL"
    assert main(["history", "--uptime", "--json"]) == 0
    assert told(capsys)[0]["rounds_up"] == 20


def test_without_a_history_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("SPARK_EVIDENCE_DIR", str(tmp_path))
    assert main(["history"]) == 0
    assert capsys.readouterr().out == "there is no history yet\n"
    assert main(["history", "--json"]) == 0
    assert told(capsys) == []
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_history_is_told_and_left_to_the_service(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (history / FILE).write_bytes(b"no database " * 900)
    assert main(["history"]) == 2
    assert "the history is damaged" in capsys.readouterr().err
    assert [path.name for path in history.iterdir()] == [FILE]


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "more"],
        ["history", "--last", "0"],
        ["history", "--last", "20001"],
        ["history", "--last", "ten"],
        ["history", "--last", "9" * 5000],
        ["history", "--changes", "--uptime"],
        ["history", "--verdict", "PASS"],
        ["baseline"],
        ["baseline", "reset"],
    ],
)
def test_a_wrong_call_ends_with_a_code_that_is_no_verdicts(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 64
