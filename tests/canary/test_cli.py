"""The command line as a user runs it: a process of its own, against real servers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from canary.cli import main
from canary.evidence import EvidenceStore
from tests.canary.build import NOW
from tests.canary.keys import key_file
from tests.canary.packages import draft, package, unpacked, written
from tests.canary.servers import METRICS, Engine, Site, closed_port, inspected


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "canary", *arguments],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def stack(folder: Path, site: Site, engine: Engine) -> dict[str, str]:
    engine.containers = [inspected("web"), inspected("marketdata"), inspected("venue")]
    return {
        "SPARK_EVIDENCE_DIR": str(folder),
        "SPARK_EVIDENCE_KEY_FILE": str(key_file(folder)),
        "SPARK_PROBE_TARGETS": f"web={site.url},marketdata={site.url},venue={site.url}",
        "SPARK_PROBE_TIMEOUT_SECONDS": "10",
        "SPARK_P95_LIMIT_SECONDS": "30",
        "SPARK_DOCKER_URL": engine.url.replace("http", "tcp"),
        "SPARK_COMPOSE_PROJECT": "spark",
    }


def test_a_healthy_stack_gives_a_passing_package_that_verifies(tmp_path: Path, site: Site, engine: Engine) -> None:
    done = run("evidence", **stack(tmp_path, site, engine))
    assert (done.returncode, done.stderr.startswith("PASS: every condition is met (p95 ")) == (0, True), done.stderr
    path = Path(done.stdout.removesuffix("\n"))
    assert path.parent == tmp_path
    content = unpacked(path)
    assert content["prom_metrics_venue.txt"] == METRICS
    assert b"verysecret" not in b"".join(content.values())
    assert main(["verify", str(path)]) == 2


def test_a_stopped_web_gives_a_failing_package_that_says_so_and_verifies(
    tmp_path: Path, site: Site, engine: Engine
) -> None:
    environment = stack(tmp_path, site, engine)
    down = f"web=http://127.0.0.1:{closed_port()}"
    environment["SPARK_PROBE_TARGETS"] = environment["SPARK_PROBE_TARGETS"].replace(f"web={site.url}", down)
    engine.containers[0]["State"] |= {"Status": "exited", "ExitCode": 0}
    done = run("evidence", **environment)
    assert done.returncode == 1
    assert done.stderr.startswith("FAIL: web healthz: [ANSWER] (connection refused) == whole; ")
    assert done.stderr.count("\n") == 1
    path = Path(done.stdout.strip())
    assert unpacked(path)["prom_metrics_web.txt"].startswith(b"# no metrics of web from http://127.0.0.1:")
    assert main(["verify", str(path)]) == 2


def test_without_the_engine_the_package_is_inconclusive(tmp_path: Path, site: Site, engine: Engine) -> None:
    done = run("evidence", **(stack(tmp_path, site, engine) | {"SPARK_DOCKER_URL": f"tcp://127.0.0.1:{closed_port()}"}))
    assert done.returncode == 2
    assert "INCONCLUSIVE: containers: [CONTAINERS] (the engine at tcp://127.0.0.1:" in done.stderr
    path = Path(done.stdout.strip())
    assert b'"containers": null' in unpacked(path)["container_status.json"]
    assert main(["verify", str(path)]) == 2


def test_a_folder_that_cannot_be_written_is_inconclusive_and_names_no_path(
    tmp_path: Path, site: Site, engine: Engine
) -> None:
    done = run("evidence", **(stack(tmp_path, site, engine) | {"SPARK_EVIDENCE_DIR": str(tmp_path / "none")}))
    assert (done.returncode, done.stdout) == (2, "")
    assert "the package can't be written" in done.stderr


def test_without_a_key_there_is_no_package_and_the_verdict_is_inconclusive(
    tmp_path: Path, site: Site, engine: Engine
) -> None:
    missing = {"SPARK_EVIDENCE_KEY_FILE": str(tmp_path / "none.pem")}
    done = run("evidence", **(stack(tmp_path, site, engine) | missing))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("INCONCLUSIVE: the package can't be written: the key ")
    assert "canary itself: [EVIDENCE] (the key " in done.stderr
    assert not list(tmp_path.glob("*.zip"))


@pytest.mark.parametrize("arguments", [[], ["prove"], ["key"], ["verify"], ["evidence", "more"]])
def test_a_wrong_call_ends_with_a_code_that_is_no_verdicts(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 64


def test_wrong_settings_end_with_a_code_that_is_no_verdicts_and_name_the_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SPARK_RESTART_BUDGET", "-1")
    assert main(["evidence"]) == 64
    assert "SPARK_RESTART_BUDGET" in capsys.readouterr().err


def test_verify_names_what_was_touched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, package()[:-30])
    assert main(["verify", str(path)]) == 1
    told = capsys.readouterr()
    assert "can't be read as a package" in told.err
    assert "NOT as it was written" in told.out


@pytest.mark.parametrize(("verdict", "code"), [("PASS", 0), ("FAIL", 1), ("INCONCLUSIVE", 2)])
def test_status_prints_what_the_running_canary_says(site: Site, verdict: str, code: int) -> None:
    latest = {"market": "simulated", "verdict": verdict, "reasons": ["web: slow"], "p95_seconds": 0.25, "samples": 40}
    site.routes["/v1/status"] = (200, "application/json", json.dumps(latest | {"conditions": []}).encode())
    done = run("status", PORT=site.url.rpartition(":")[2])
    assert (done.returncode, done.stdout) == (code, f"{verdict}: web: slow (p95 0.250 s, n=40)\n")


def test_status_without_a_running_canary_is_inconclusive() -> None:
    done = run("status", PORT=str(closed_port()))
    assert (done.returncode, done.stdout) == (2, "INCONCLUSIVE: the canary does not answer\n")


def test_a_folder_of_many_packages_is_checked_by_several_processes_and_each_fault_is_found(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path, key_file(tmp_path))
    paths = [store.write(draft(), NOW + timedelta(hours=hour)) for hour in range(52)]
    whole = run("verify", str(tmp_path), "--json")
    assert (whole.returncode, whole.stderr) == (2, "")
    assert json.loads(whole.stdout)["packages"] == 52
    content = paths[40].read_bytes()
    paths[40].unlink()
    paths[40].write_bytes(content.replace(b"connection refused", b"connection refusal"))
    paths[7].unlink()
    damaged = run("verify", str(tmp_path))
    assert damaged.returncode == 1
    damage, *missing = damaged.stderr.splitlines()
    assert damage.startswith(f"{paths[40].name}: the file can't be read as a package: ")
    assert missing == [f"the package of entry {entry} is missing, and no tombstone tells of it" for entry in (8, 41)]
