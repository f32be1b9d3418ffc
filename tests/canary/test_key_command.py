"""The keys of the evidence from the command line, and verifying with what it exports."""

from __future__ import annotations

import json
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from canary.cli import main
from canary.evidence import EvidenceStore
from tests.canary.build import NOW
from tests.canary.keys import key_file, signer
from tests.canary.packages import draft


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two packages; the commands find it and its key."""
    folder = tmp_path / "evidence"
    folder.mkdir()
    monkeypatch.setenv("SPARK_EVIDENCE_DIR", str(folder))
    monkeypatch.setenv("SPARK_EVIDENCE_KEY_FILE", str(key_file(folder)))
    for hour in range(2):
        EvidenceStore(folder, key_file(folder)).write(draft(), NOW + timedelta(hours=hour))
    return folder


def package(folder: Path) -> str:
    return str(min(folder.glob("canary_*.zip")))


def test_a_package_verifies_with_the_exported_trust_file_and_else_says_that_nothing_vouches(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trust = tmp_path / "trust.json"
    assert main(["key", "export", "--out", str(trust)]) == 0
    root = capsys.readouterr().err
    assert "version 1" in root
    assert "fingerprint of the first root " in root
    for what in (package(folder), str(folder)):
        assert main(["verify", what, "--trust", str(trust)]) == 0
        assert f"signed by the trusted key {signer().public_key.keyid}" in capsys.readouterr().out
        assert main(["verify", what]) == 2
        told = capsys.readouterr().out
        assert f"signed by key {signer().public_key.keyid}, which nothing given vouches for" in told


def test_the_trust_file_goes_to_standard_output_without_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["key", "export"]) == 0
    told = capsys.readouterr().out
    assert json.loads(told)["version"] == 1
    assert "PRIVATE" not in told


def test_an_export_before_the_first_package_begins_the_chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_EVIDENCE_DIR", str(tmp_path))
    monkeypatch.setenv("SPARK_EVIDENCE_KEY_FILE", str(key_file(tmp_path)))
    trust = tmp_path / "trust.json"
    assert main(["key", "export", "--out", str(trust)]) == 0
    path = EvidenceStore(tmp_path, key_file(tmp_path)).write(draft(), NOW)
    assert main(["verify", str(path), "--trust", str(trust)]) == 0


def test_a_rotation_makes_a_new_key_and_old_packages_verify_with_the_new_trust_file(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = key_file(folder).read_bytes()
    assert main(["key", "rotate"]) == 0
    assert "entry 3 names the new key " in capsys.readouterr().out
    assert key_file(folder).read_bytes() != old
    EvidenceStore(folder, key_file(folder)).write(draft(), NOW + timedelta(hours=2))
    trust = tmp_path / "trust.json"
    assert main(["key", "export", "--out", str(trust)]) == 0
    assert "version 2" in capsys.readouterr().err
    for what in (*sorted(folder.glob("canary_*.zip")), folder):
        assert main(["verify", str(what), "--trust", str(trust)]) == 0


def test_the_old_key_is_revoked_since_the_entry_that_the_call_names(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["key", "rotate", "--revoke-since", "9"]) == 1
    assert "a key can be revoked since an entry of 1 to 3, not 9" in capsys.readouterr().err
    assert main(["key", "rotate", "--revoke-since", "2"]) == 0
    trust = tmp_path / "trust.json"
    assert main(["key", "export", "--out", str(trust)]) == 0
    first, second = sorted(folder.glob("canary_*.zip"))
    assert main(["verify", str(first), "--trust", str(trust)]) == 0
    assert main(["verify", str(second), "--trust", str(trust)]) == 1
    assert "is revoked since entry 2" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["pem", "json"])
def test_one_public_key_is_enough_to_vouch(folder: Path, tmp_path: Path, form: str) -> None:
    key = tmp_path / "key.pem"
    subprocess.run(["openssl", "pkey", "-in", key_file(folder), "-pubout", "-out", key], check=True)
    extra = ["--json"] if form == "json" else []
    assert main(["verify", str(folder), "--key", str(key), *extra]) == 0
    other = tmp_path / "other.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", tmp_path / "private"], check=True)
    subprocess.run(["openssl", "pkey", "-in", tmp_path / "private", "-pubout", "-out", other], check=True)
    assert main(["verify", str(folder), "--key", str(other), *extra]) == 1
    assert main(["verify", package(folder), "--key", str(other), *extra]) == 1


def test_keys_that_can_not_be_read_end_with_the_code_of_a_wrong_call(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "wrong"
    for option, content, told in (
        ("--trust", b"{}", "it is no trust file"),
        ("--key", b"no key", "Unable to load PEM file"),
        ("--key", key_file(folder).read_bytes(), "Valid PEM but no BEGIN"),
    ):
        wrong.write_bytes(content)
        assert main(["verify", package(folder), option, str(wrong)]) == 64
        assert told in capsys.readouterr().err


def test_a_noted_head_is_compared_and_a_wrong_one_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(folder), "--json"]) == 2
    told = json.loads(capsys.readouterr().out)
    assert (told["sequence"], told["packages"], told["faults"]) == (2, 2, [])
    assert main(["verify", str(folder), "--head", f"2:{told['digest']}"]) == 2
    assert main(["verify", str(folder), "--head", f"3:{told['digest']}"]) == 1
    with pytest.raises(SystemExit):
        main(["verify", str(folder), "--head", "2"])


def test_the_answer_for_programs_has_the_verdict_the_place_and_each_fault(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", package(folder), "--json"]) == 2
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], told["sequence"], told["code"]) == ("FAIL", 1, 2)
    path = Path(package(folder))
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[:-1])
    assert main(["verify", str(path), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert len(told["faults"]) == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "can't be read (No such file or directory)"),
        (b"", "is no Ed25519 private key in PEM"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "is no Ed25519 private key in PEM"),
    ],
)
def test_without_a_key_nothing_is_written_and_the_reason_is_told(
    tmp_path: Path,
    content: bytes | None,
    told: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key = tmp_path / "key.pem"
    if content is not None:
        key.write_bytes(content)
    monkeypatch.setenv("SPARK_EVIDENCE_DIR", str(tmp_path))
    monkeypatch.setenv("SPARK_EVIDENCE_KEY_FILE", str(key))
    for command in ("export", "rotate"):
        assert main(["key", command]) == 1
        assert told in capsys.readouterr().err
    assert told in (EvidenceStore(tmp_path, key).trouble() or "")
    assert not list(tmp_path.glob("*.zip"))
    assert not (tmp_path / "chain").exists()
