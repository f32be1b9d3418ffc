"""A package that was touched is found out, even when its sums were made anew."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canary.archive import zip_of
from canary.package import with_sums
from canary.verify import faults_of
from tests.canary.build import answer
from tests.canary.packages import answers_with, files, package, written

PACKAGE = package()
NAMES = sorted(with_sums(files()))


def faults(folder: Path, content: dict[str, bytes]) -> list[str]:
    return faults_of(written(folder, zip_of(content)))


def test_a_package_as_it_was_written_has_no_faults(tmp_path: Path) -> None:
    assert faults_of(written(tmp_path, package())) == []


def test_bytes_that_are_no_utf8_are_verified_like_any_other(tmp_path: Path) -> None:
    body = b"# HELP up \xff\xfe\nup 1\n".decode("utf-8", "replace")
    answers = answers_with(answer("web", "healthz", body=body, size=20))
    assert faults(tmp_path, with_sums(files(answers))) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_byte_in_any_file_is_found_and_named(tmp_path: Path, name: str) -> None:
    content = with_sums(files())
    changed = bytearray(content[name])
    changed[-3] ^= 1
    assert any(name in fault for fault in faults(tmp_path, {**content, name: bytes(changed)}))


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_file_is_found_and_named(tmp_path: Path, name: str) -> None:
    content = with_sums(files())
    del content[name]
    assert any(name in fault for fault in faults(tmp_path, content))


def test_an_extra_file_is_found_with_and_without_new_sums(tmp_path: Path) -> None:
    extra = {"extra.txt": b"more"}
    assert any("extra.txt" in fault for fault in faults(tmp_path, with_sums(files()) | extra))
    assert faults(tmp_path, with_sums(files() | extra)) == ["extra.txt does not belong in a package"]


def test_a_verdict_that_does_not_follow_from_the_raw_files_is_found_in_spite_of_new_sums(tmp_path: Path) -> None:
    content = files()
    content["report.json"] = content["report.json"].replace(b'"verdict": "FAIL"', b'"verdict": "PASS"')
    found = faults(tmp_path, with_sums(content))
    assert "report.json says PASS, but the raw files give FAIL" in found


def change(content: dict[str, bytes], name: str, edit: Any) -> dict[str, bytes]:
    value = json.loads(content[name])
    edit(value)
    return {**content, name: json.dumps(value).encode()}


@pytest.mark.parametrize(
    ("name", "edit"),
    [
        ("samples.json", lambda value: [one.update(seconds=5.0) for one in value["samples"][:3]]),
        ("samples.json", lambda value: value["samples"].clear()),
        ("samples.json", lambda value: value["answers"][0].update(status=500)),
        ("samples.json", lambda value: value["answers"][0].update(body="{}")),
        ("container_status.json", lambda value: value["containers"][0].update(restart_count=11)),
        ("container_status.json", lambda value: value["containers"][0].update(standin=True)),
        ("container_status.json", lambda value: value.update(containers=None)),
        ("report.json", lambda value: value["running"][0].update(revision="0" * 40)),
        ("report.json", lambda value: value.update(reasons=[])),
        ("report.json", lambda value: value["conditions"][0].update(outcome="failed")),
        ("report.json", lambda value: value["limits"].update(p95_seconds=0.001)),
        ("report.json", lambda value: value.update(format=4)),
    ],
)
def test_changed_facts_are_found_in_spite_of_new_sums(tmp_path: Path, name: str, edit: Any) -> None:
    assert faults(tmp_path, with_sums(change(files(), name, edit)))


def test_a_package_of_another_format_is_told_as_such(tmp_path: Path) -> None:
    content = change(files(), "report.json", lambda value: (value.pop("running"), value.update(format=1)))
    assert faults(tmp_path, with_sums(content)) == ["the package has format 1, this program reads 3"]


def test_changed_metrics_are_found_in_spite_of_new_sums(tmp_path: Path) -> None:
    found = faults(tmp_path, with_sums({**files(), "prom_metrics_web.txt": b"up 1\n"}))
    assert "report.json does not follow from the raw files" in found


def test_a_report_for_people_that_tells_another_story_is_found(tmp_path: Path) -> None:
    content = files()
    content["report.md"] = content["report.md"].replace(b"FAIL", b"PASS")
    assert faults(tmp_path, with_sums(content)) == ["report.md does not follow from the raw files"]


def test_a_name_that_comes_twice_is_refused(tmp_path: Path) -> None:
    target = io.BytesIO(package())
    with (
        pytest.warns(UserWarning, match="Duplicate name"),
        zipfile.ZipFile(target, "a") as archive,
    ):
        archive.writestr("report.json", b"{}")
    assert faults_of(written(tmp_path, target.getvalue())) == [
        "the file can't be read as a package: report.json comes twice"
    ]


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    target = io.BytesIO()
    with (
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("report.json", "w") as entry,
    ):
        for _ in range(201):
            entry.write(bytes(2**20))
    assert "report.json is compressed" in faults_of(written(tmp_path, target.getvalue()))[0]


def test_a_missing_file_or_folder_is_a_fault_and_not_a_crash(tmp_path: Path) -> None:
    assert faults_of(tmp_path / "none.zip")
    assert faults_of(tmp_path)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60), st.integers(0, 10_000), st.integers(0, 255))
def test_no_damage_to_the_bytes_makes_verify_raise(tmp_path: Path, junk: bytes, at: int, byte: int) -> None:
    whole = bytearray(PACKAGE)
    whole[at % len(whole)] = byte
    faults_of(written(tmp_path, bytes(whole)))
    assert faults_of(written(tmp_path, junk))
    assert faults_of(written(tmp_path, bytes(whole[: at % len(whole)])))


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "yesterday", "", 7, None])
def test_a_time_that_no_zone_can_tell_is_a_fault_and_not_a_crash(tmp_path: Path, moment: object) -> None:
    content = files()
    report = json.loads(content["report.json"]) | {"checked_at": moment}
    assert faults(tmp_path, with_sums({**content, "report.json": json.dumps(report).encode()})) != []
