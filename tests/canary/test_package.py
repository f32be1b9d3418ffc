"""The content of a package, and its bytes, which depend on the content alone."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from canary.archive import zip_of
from canary.verifying.sums import NOT_IN_THE_MANIFEST
from tests.canary.build import answer
from tests.canary.packages import answers_with, files, package, signed, written
from tests.canary.servers import METRICS


def test_the_same_content_gives_the_same_bytes_whatever_its_order() -> None:
    content = signed(files())
    assert zip_of(content) == zip_of(dict(reversed(content.items())))
    assert zip_of(content) != zip_of({**content, "report.md": b"another"})


def test_every_entry_is_sorted_read_only_and_dated_the_same() -> None:
    entries = zipfile.ZipFile(io.BytesIO(package())).infolist()
    assert [one.filename for one in entries] == [
        "SHA256SUMS",
        "container_status.json",
        "junit.xml",
        "manifest.json",
        "probes.toml",
        "prom_metrics_venue.txt",
        "prom_metrics_web.txt",
        "report.json",
        "report.md",
        "samples.json",
        "statement.dsse.json",
        "timestamp.dsse.json",
        "timestamp.json",
    ]
    assert {(one.date_time, one.create_system, one.external_attr >> 16) for one in entries} == {
        ((1980, 1, 1, 0, 0, 0), 3, 0o100444)
    }


@pytest.mark.skipif(not (shutil.which("unzip") and shutil.which("sha256sum")), reason="needs unzip and sha256sum")
def test_everyday_tools_unpack_and_check_it(tmp_path: Path) -> None:
    path = written(tmp_path, package())
    subprocess.run(["unzip", "-q", str(path), "-d", str(tmp_path / "out")], check=True)
    checked = subprocess.run(
        ["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=tmp_path / "out", capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stdout.count(": OK") == 12


def test_the_metrics_are_the_very_bytes_that_came() -> None:
    assert files()["prom_metrics_web.txt"] == METRICS


def test_a_target_without_metrics_has_a_file_that_says_so() -> None:
    assert files()["prom_metrics_venue.txt"] == b"# no metrics of venue from http://venue/metrics: connection refused\n"


def test_metrics_that_came_with_a_wrong_status_are_not_kept_as_metrics() -> None:
    answers = answers_with(answer("web", "metrics", status=500, size=len(METRICS)))
    text = files(answers)["prom_metrics_web.txt"]
    assert text == b"# no metrics of web from http://web/metrics: it answered without metrics (status 500)\n"


def test_the_report_keeps_every_condition_with_its_value() -> None:
    report = json.loads(files()["report.json"])
    assert (report["verdict"], report["market"], report["revision"]) == ("FAIL", "simulated", "abc123")
    assert report["reasons"][0] == "venue metrics: [ANSWER] (connection refused) == whole"
    assert [one["service"] for one in report["running"]] == ["venue", "web"]
    assert report["percentile_rule"].startswith("p95, nearest rank")
    assert all(one["value"] and one["outcome"] for one in report["conditions"])


def test_the_report_for_people_names_market_verdict_reasons_and_n() -> None:
    text = files()["report.md"].decode()
    assert text.startswith("# Canary report: FAIL\n")
    assert "**SIMULATED**" in text
    assert "n = 40" in text
    assert "connection refused" in text


def test_the_report_for_people_does_not_take_markup_from_a_service() -> None:
    hostile = answer("web", "page", body="<title>|[x](http://evil)*</title>", size=9)
    line = next(one for one in files(answers_with(hostile))["report.md"].decode().splitlines() if "evil" in one)
    assert r"\|[x]\(http" in line


def test_the_junit_file_counts_what_failed_and_what_is_unclear() -> None:
    suite = ElementTree.fromstring(files()["junit.xml"])  # noqa: S314 - our own file
    assert suite.attrib["failures"] == str(len(suite.findall("testcase/failure")))
    assert suite.attrib["skipped"] == str(len(suite.findall("testcase/skipped")))
    assert int(suite.attrib["tests"]) == len(suite.findall("testcase")) > 5
    assert suite.attrib["failures"] == "1"


def test_the_manifest_names_every_file_but_itself_the_envelopes_the_timestamp_and_the_sums() -> None:
    content = signed(files())
    manifest = json.loads(content["manifest.json"])["files"]
    assert {one["path"] for one in manifest} == content.keys() - NOT_IN_THE_MANIFEST
    assert all(one["size"] == len(content[one["path"]]) for one in manifest)
