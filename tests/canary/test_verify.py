"""A package that was touched is found out, even when its sums were made anew."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canary.archive import zip_of
from canary.attestation import package_statement
from canary.package import Draft, with_manifest, with_sums
from canary.seal import sealed
from canary.sealing import dated, without_authority
from canary.verdict import VerdictLimits
from canary.verifying.package import check_file, check_package
from tests.canary.build import answer
from tests.canary.keys import signer
from tests.canary.packages import LINK, WELL, answers_with, draft, files, package, signed, written

PACKAGE = package()
NAMES = sorted(signed(files()))


def faults_of(path: Path) -> list[str]:
    return list(check_file(path, None).faults)


def faults(folder: Path, content: dict[str, bytes]) -> list[str]:
    return faults_of(written(folder, zip_of(content)))


def test_a_package_as_it_was_written_has_no_faults(tmp_path: Path) -> None:
    assert faults_of(written(tmp_path, package())) == []


def test_bytes_that_are_no_utf8_are_verified_like_any_other(tmp_path: Path) -> None:
    body = b"# HELP up \xff\xfe\nup 1\n".decode("utf-8", "replace")
    answers = answers_with(answer("web", "healthz", body=body, size=20))
    assert faults(tmp_path, signed(files(answers), about=draft(answers))) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_byte_in_any_file_is_found_and_named(tmp_path: Path, name: str) -> None:
    content = signed(files())
    changed = bytearray(content[name])
    changed[-3] ^= 1
    assert any(name in fault for fault in faults(tmp_path, {**content, name: bytes(changed)}))


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_file_is_found_and_named(tmp_path: Path, name: str) -> None:
    content = signed(files())
    del content[name]
    assert any(name in fault for fault in faults(tmp_path, content))


def test_an_extra_file_is_found_with_and_without_new_sums(tmp_path: Path) -> None:
    extra = {"extra.txt": b"more"}
    assert any("extra.txt" in fault for fault in faults(tmp_path, signed(files()) | extra))
    assert faults(tmp_path, signed(files() | extra)) == ["extra.txt does not belong in a package"]


def test_a_verdict_that_does_not_follow_from_the_raw_files_is_found_in_spite_of_new_sums(tmp_path: Path) -> None:
    content = files()
    content["report.json"] = content["report.json"].replace(b'"verdict": "FAIL"', b'"verdict": "PASS"')
    found = faults(tmp_path, signed(content))
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
    assert faults(tmp_path, signed(change(files(), name, edit)))


def test_a_package_of_another_format_is_told_as_such(tmp_path: Path) -> None:
    content = change(files(), "report.json", lambda value: (value.pop("running"), value.update(format=1)))
    assert faults(tmp_path, signed(content)) == ["the package has format 1, this program reads 3"]


def test_changed_metrics_are_found_in_spite_of_new_sums(tmp_path: Path) -> None:
    found = faults(tmp_path, signed({**files(), "prom_metrics_web.txt": b"up 1\n"}))
    assert "report.json does not follow from the raw files" in found


def test_a_report_for_people_that_tells_another_story_is_found(tmp_path: Path) -> None:
    content = files()
    content["report.md"] = content["report.md"].replace(b"FAIL", b"PASS")
    assert faults(tmp_path, signed(content)) == ["report.md does not follow from the raw files"]


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
    assert faults(tmp_path, signed({**content, "report.json": json.dumps(report).encode()})) != []


def by_the_key(about: Draft, content: dict[str, bytes] | None = None) -> bytes:
    """A package of other facts in which everything is made anew, the signature too."""
    return zip_of(signed(dict(about.files) if content is None else content, about=about))


def swapped(name: str, **changes: Any) -> dict[str, bytes]:
    return change(files(), name, lambda value: value.update(changes))


def other_image(value: dict[str, Any]) -> None:
    value["containers"][0].update(image_id="sha256:" + "2" * 64)


BESIDE = {
    "containers of other images": (change(files(), "container_status.json", other_image), "image of spark-web-1"),
    "another market": (
        swapped("container_status.json", market="live"),
        "container_status.json is of the market live, report.json of simulated",
    ),
    "another year": (
        swapped("container_status.json", checked_at="2027-11-22T12:00:00.250000+00:00"),
        "container_status.json is of '2027-11-22T12:00:00.250000+00:00', report.json of '2026-",
    ),
    "an unknown field in the report": (
        swapped("report.json", more=1),
        "report.json can't be read: unknown field 'more'",
    ),
    "an unknown field in the samples": (swapped("samples.json", more=1), "samples.json can't be read: unknown field"),
    "an unknown field in the containers": (
        swapped("container_status.json", more=1),
        "container_status.json can't be read: unknown field 'more'",
    ),
    "a field twice": (
        {**files(), "samples.json": files()["samples.json"].replace(b'"answers"', b'"answers": [],\n  "answers"', 1)},
        "samples.json can't be read: it is spelled in another way than it was written, at byte",
    ),
    "another metrics file of a target that gave none": (
        {**files(), "prom_metrics_venue.txt": b"up 1\n"},
        "prom_metrics_venue.txt does not follow from the raw files",
    ),
    "another junit": (
        {**files(), "junit.xml": files()["junit.xml"].replace(b"canary", b"Canary")},
        "junit.xml does not follow",
    ),
}


@pytest.mark.parametrize("name", BESIDE)
def test_a_file_beside_an_unchanged_report_is_bound_to_it_and_the_fault_named(tmp_path: Path, name: str) -> None:
    content, told = BESIDE[name]
    found = faults_of(written(tmp_path, zip_of(signed(pretty_json(content)))))
    assert any(told in fault for fault in found), found


def pretty_json(content: dict[str, bytes]) -> dict[str, bytes]:
    """The files in the spelling that the program gives them, so that nothing but the change itself is wrong."""
    return {
        name: text
        if text == files()[name] or b'"answers": [],' in text or not name.endswith(".json")
        else spelled(text)
        for name, text in content.items()
    }


def spelled(text: bytes) -> bytes:
    return msgspec.json.format(msgspec.json.encode(json.loads(text)), indent=2) + b"\n"


def test_an_answer_that_is_missing_doubled_or_not_declared_is_named(tmp_path: Path) -> None:
    def told(edit: Callable[[list[Any]], object]) -> list[str]:
        content = files()
        samples = json.loads(content["samples.json"])
        edit(samples["answers"])
        content["samples.json"] = spelled(json.dumps(samples).encode())
        return faults(tmp_path, signed(content))

    missing = "the probe healthz of venue was declared, but samples.json has no answer of it"
    assert told(lambda answers: answers.pop(4)) == [missing]
    assert told(lambda answers: answers.append(answers[0])) == ["samples.json has more than one answer to a probe"]
    assert told(lambda answers: answers.reverse()) == [
        "the answers in samples.json are in another order than the probes"
    ]
    assert told(lambda answers: answers[0].update(check="mine")) == [
        "the probe healthz of web was declared, but samples.json has no answer of it",
        "samples.json has an answer of 'web' to 'mine', which is no probe that was declared",
    ]


def test_limits_and_targets_that_are_not_the_projects_own_are_named(tmp_path: Path) -> None:
    loose = draft(limits=VerdictLimits(p95_seconds=1000.0, restart_budget=10))
    found = check_package(by_the_key(loose), None)
    assert found.faults == ()
    assert found.notes[:2] == (
        "judged by p95_seconds 1000, restart_budget 10; 2 targets: web, venue",
        "the limit p95_seconds is 1000, not the project's default 1",
    )
    assert "marketdata was not probed: a setting left it out" in found.notes
    assert "the file of probes is not the one that this program comes with" in found.notes
    assert not [note for note in check_package(package(), None).notes if "limit" in note]


def test_another_statement_of_the_same_key_is_refused_with_each_thing_that_differs() -> None:
    other = draft(WELL, limits=VerdictLimits(p95_seconds=2.0, restart_budget=10))
    listed = with_manifest(files())
    statement = package_statement(other.report, other.containers[:1] if other.containers else (), b"{}", LINK)
    content = with_sums({**listed, **dated(sealed(statement, [signer()]), signer(), without_authority)})
    assert check_package(zip_of(content), None).faults == (
        "statement.dsse.json is about another manifest.json than the package has",
        "statement.dsse.json is about another image of spark-venue-1 than container_status.json names",
        "statement.dsse.json has another result than report.json gives",
        "statement.dsse.json has another configuration than report.json gives",
        "statement.dsse.json has another failed_tests than report.json gives",
        "statement.dsse.json has another verdict than report.json",
    )


def test_a_manifest_or_sums_in_another_spelling_are_refused(tmp_path: Path) -> None:
    content = signed(files())
    lines = content["SHA256SUMS"].splitlines(keepends=True)
    other = {**content, "SHA256SUMS": b"".join(reversed(lines))}
    assert faults(tmp_path, other) == ["SHA256SUMS is spelled in another way than it was written"]


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "/proc/self/mem"])
def test_a_file_that_never_ends_is_a_fault_at_once(path: str) -> None:
    assert faults_of(Path(path))


def test_a_pipe_is_a_fault_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.zip")
    assert faults_of(tmp_path / "pipe.zip") == ["the file can't be read: pipe.zip is no ordinary file"]
