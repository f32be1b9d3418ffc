"""Each part that runs tells its version, commit and files, its image, and where a stand-in takes a place."""

from __future__ import annotations

import json
import re
import zipfile
from typing import Any

import pytest

from common import VERSION
from common.build import source_digest
from tests.repo import compose
from tests.stack.stack import FLASK_SERVICES, ROOT, Stack

OWN = tuple(compose.listening())
TOLD_BY_THEMSELVES = (*OWN, "postgres", "prometheus", "alertmanager")


def folder_of(service: str) -> str:
    return str(compose.services()[service]["environment"]["SPARK_SERVICE"])


def running(stack: Stack) -> dict[str, dict[str, Any]]:
    return {row["service"]: row for row in stack.get("canary", "/v1/status")["running"]}


@pytest.mark.parametrize("service", FLASK_SERVICES)
def test_a_service_says_the_commit_and_the_files_that_it_runs(healthy: Stack, service: str) -> None:
    revision, source = healthy.environment["SPARK_REVISION"], source_digest(ROOT, folder_of(service))
    assert healthy.get(service, "/readyz")["build"] == {"version": VERSION, "revision": revision, "source": source}
    lines = healthy.ask("GET", service, "/metrics").body.decode().splitlines()
    told = next(line for line in lines if line.startswith("spark_build_info"))
    for label in (f'version="{VERSION}"', f'revision="{revision}"', f'source="{source}"'):
        assert label in told
    image = json.loads(healthy.run("docker", "image", "inspect", healthy.container(service)["Image"]).stdout)[0]
    assert image["Config"]["Labels"]["org.opencontainers.image.revision"] == revision
    assert image["Config"]["Labels"]["org.opencontainers.image.version"] == VERSION


def test_every_part_is_known_with_its_version_and_its_image(healthy: Stack) -> None:
    rows = running(healthy)
    assert {name for name in TOLD_BY_THEMSELVES if not rows[name]["version"]} == set()
    assert all(rows[name]["revision"] == healthy.environment["SPARK_REVISION"] for name in OWN)
    assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", row["image_id"]) for row in rows.values())
    asked = healthy.compose("exec", "-T", "postgres", "postgres", "--version").split(" ", 2)[2].strip()
    assert rows["postgres"]["version"] == asked


def test_a_stand_in_is_told_wherever_versions_are(healthy: Stack) -> None:
    rows = running(healthy)
    for name, row in rows.items():
        image = json.loads(healthy.run("docker", "image", "inspect", row["image_id"]).stdout)[0]
        labels = image["Config"]["Labels"] or {}
        assert row["standin"] == (labels.get("spark.standin") == "true"), name
        assert row["standin"] == any("stand-in" in note for note in row["notes"])
    said = healthy.run("make", "status").stdout
    for name, row in rows.items():
        line = next(line for line in said.splitlines() if line.startswith(f"{name} ") and row["image_id"][7:19] in line)
        assert all(note in line for note in row["notes"])
        assert (row["version"] or "not told") in line


def test_the_evidence_names_the_true_version_of_each_part(healthy: Stack) -> None:
    done = healthy.run("scripts/evidence.sh", check=False)
    path = ROOT / next(line for line in done.stdout.splitlines() if line.startswith("evidence/canary_"))
    with zipfile.ZipFile(path) as package:
        report, text = json.loads(package.read("report.json")), package.read("report.md").decode()
    path.unlink()
    assert report["revision"] == healthy.environment["SPARK_REVISION"]
    assert {row["service"]: row["version"] for row in report["running"]} == {
        name: row["version"] for name, row in running(healthy).items()
    }
    for row in report["running"]:
        assert row["image_id"] in text
        assert all(note in text for note in row["notes"])
