"""`make evidence` writes a package that checks out with everyday tools, and tells the truth when a part is down."""

from __future__ import annotations

import json
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.stack.stack import FLASK_SERVICES, ROOT, Stack


def make_evidence(stack: Stack, expected: int) -> Path:
    """The package that the command named; its exit code must be the expected one."""
    done = stack.run("scripts/evidence.sh", check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("evidence/canary_")]
    assert lines, done.stdout + done.stderr
    assert done.returncode == expected, done.stdout + done.stderr
    return ROOT / lines[-1]


def unpack(package: Path, folder: Path) -> Path:
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder)
    package.unlink()
    return folder


def test_a_package_checks_out_with_sha256sum(healthy: Stack, tmp_path: Path) -> None:
    folder = unpack(make_evidence(healthy, 0), tmp_path)
    checked = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=folder, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest
    assert json.loads((folder / "report.json").read_text())["verdict"] == "PASS"
    for service in FLASK_SERVICES:
        assert "spark_build_info" in (folder / f"prom_metrics_{service}.txt").read_text()
    states = {
        each["service"]: each for each in json.loads((folder / "container_status.json").read_text())["containers"]
    }
    assert states["postgres"]["health"] == "healthy"
    assert "Env" not in (folder / "container_status.json").read_text()


@pytest.mark.parametrize("service", ["web", "executor-2"])
def test_the_verdict_is_fail_while_a_service_is_stopped(healthy: Stack, tmp_path: Path, service: str) -> None:
    healthy.compose("stop", "--timeout", "2", service)
    try:
        report = json.loads((unpack(make_evidence(healthy, 1), tmp_path) / "report.json").read_text())
        assert report["verdict"] == "FAIL"
        assert service in json.dumps(report["reasons"])
    finally:
        healthy.compose("start", service)


def test_the_last_pass_survives_the_canarys_own_death(healthy: Stack) -> None:
    before = healthy.get("canary", "/v1/status")["last_pass"]
    assert before is not None
    restarts = healthy.kill("canary")
    healthy.wait_restarted("canary", restarts)
    assert healthy.get("canary", "/v1/status")["last_pass"] >= before
