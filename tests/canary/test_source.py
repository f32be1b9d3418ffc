"""The file of probes on disk, as a user edits it while the canary runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from canary.probes.source import ProbeSource
from tests.canary.build import LIMITS, OWN_TEXT, SMALL_TEXT


def source(path: Path, addresses: dict[str, str] | None = None) -> ProbeSource:
    return ProbeSource(path, LIMITS.constants(), addresses, "simulated")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "probes.toml"
    path.write_text(SMALL_TEXT)
    return path


MINE = """
[[probe]]
name = "mine"
targets = ["web"]
path = "/v1/mine"
conditions = ['[STATUS] == 204']
"""


def test_a_probe_that_is_added_to_the_file_is_in_force_at_the_next_reading(file: Path) -> None:
    reading = source(file)
    before = len(reading.read().plan.probes)
    file.write_text(SMALL_TEXT + MINE)
    now = reading.read()
    assert (now.trouble, len(now.plan.probes)) == (None, before + 1)
    assert now.text.endswith(MINE)


def test_a_file_that_an_editor_puts_in_the_place_of_the_old_one_is_read(file: Path) -> None:
    reading = source(file)
    reading.read()
    new = file.with_suffix(".new")
    new.write_text(SMALL_TEXT + MINE)
    os.replace(new, file)
    assert "mine" in {one.check for one in reading.read().plan.probes}


def test_while_the_file_has_faults_the_probes_before_it_stay_and_the_fault_is_told_until_it_is_mended(
    file: Path,
) -> None:
    reading = source(file)
    before = reading.read().plan
    file.write_text(SMALL_TEXT + MINE.replace("204", "two"))
    broken = reading.read()
    assert broken.plan == before
    assert broken.trouble is not None
    assert "probes.toml has 1 faults: probe mine has a condition that can't be read" in broken.trouble
    file.write_text(SMALL_TEXT + MINE)
    assert reading.read().trouble is None


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[targets"])
def test_a_canary_that_begins_with_a_broken_file_uses_its_own_probes_and_says_so(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    found = source(file).read()
    assert (found.text, found.trouble is not None) == (OWN_TEXT, True)


def test_without_a_file_the_canarys_own_probes_count_until_there_is_one(tmp_path: Path) -> None:
    path = tmp_path / "probes.toml"
    reading = source(path)
    assert (reading.read().text, reading.read().trouble) == (OWN_TEXT, None)
    path.write_text(SMALL_TEXT)
    assert reading.read().text == SMALL_TEXT


def test_a_file_that_can_not_be_read_is_told(tmp_path: Path) -> None:
    assert source(tmp_path).read().trouble is not None
    assert source(tmp_path / "a-file" / "x").read().trouble is None
    (tmp_path / "a-file").write_text("")
    assert source(tmp_path / "a-file" / "x").read().trouble == "x can't be read: Not a directory"


def test_an_address_of_a_target_that_the_file_has_not_is_told_and_the_others_are_probed(file: Path) -> None:
    found = source(file, {"web": "http://web:1", "wbe": "http://wbe:1"}).read()
    assert found.trouble == "probes.toml has 1 faults: SPARK_PROBE_TARGETS names wbe, which [targets] has not"
    assert set(found.plan.targets) == {"web"}
