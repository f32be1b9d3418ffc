"""The timestamp in a package: an authority's word for its time, bound to its statement."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from canary.archive import files_of, zip_of
from canary.cli import main
from canary.evidence import EvidenceStore
from canary.package import with_sums
from canary.sealing import Stamp
from canary.stamping import Stamper, query
from canary.timestamp import Authority
from canary.timestamped import Timestamp
from canary.trust import trust_of_key
from canary.verifying.package import check_package
from common.clock import SYSTEM_CLOCK
from tests.canary.authority import LocalAuthority, issued
from tests.canary.build import NOW
from tests.canary.keys import PUBLIC, key_file
from tests.canary.packages import draft, files, signed

YEARS = timedelta(days=800)
TRUST = trust_of_key(PUBLIC)


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> LocalAuthority:
    period = (NOW - YEARS, NOW + YEARS)
    root = issued("Root", ca=True, period=period)
    return LocalAuthority(tmp_path_factory.mktemp("dating") / "tsa", root, issued("Timestamps", root, period=period))


def at(local: LocalAuthority, moment: datetime) -> Stamp:
    """An authority that saw the statement at this moment."""

    def stamp(data: bytes) -> Timestamp:
        token = local.signed(local.reply(query(data).der), local.signer or local.root, at=moment)
        return Timestamp(authority="http://tsa.example", missing=None, problem=None, token=token)

    return stamp


def refused(_: bytes) -> Timestamp:
    return Timestamp(authority="http://tsa.example", missing="refused", problem="no more today", token=None)


def trusted(local: LocalAuthority) -> Authority:
    return Authority.read(local.root.pem)


def test_an_authority_that_is_trusted_proves_the_time(local: LocalAuthority) -> None:
    found = check_package(zip_of(signed(files(), stamp=at(local, NOW))), TRUST, trusted(local))
    assert (found.faults, found.seen_at) == ((), NOW.replace(microsecond=0))
    assert "dated by http://tsa.example, as the certificates that were given prove" in found.notes


def test_without_certificates_the_token_is_told_of_and_proves_nothing(local: LocalAuthority) -> None:
    found = check_package(zip_of(signed(files(), stamp=at(local, NOW))), TRUST)
    assert (found.faults, found.seen_at) == ((), None)
    assert any("--timestamp-roots would prove" in note for note in found.notes)


@pytest.mark.parametrize("years", [-1, 1])
def test_a_clock_that_says_another_year_than_the_authority_is_a_fault(local: LocalAuthority, years: int) -> None:
    moment = NOW + years * timedelta(days=365)
    (fault,) = check_package(zip_of(signed(files(), stamp=at(local, moment))), TRUST, trusted(local)).faults
    assert fault.startswith(f"the statement says 2026-11-22T12:00:00Z, the authority says {moment:%Y-%m-%d}T12:00:00Z")


def test_another_authority_is_a_fault(local: LocalAuthority) -> None:
    stranger = Authority.read(issued("Root", ca=True).pem)
    (fault,) = check_package(zip_of(signed(files(), stamp=at(local, NOW))), TRUST, stranger).faults
    assert fault.startswith("timestamp.json: ")


def test_a_package_without_a_token_says_why_and_is_faulty_for_a_reader_who_asks_for_one(local: LocalAuthority) -> None:
    content = zip_of(signed(files(), stamp=refused))
    told = "the time is the canary's own word (refused: no more today)"
    assert told in check_package(content, TRUST).notes
    assert check_package(content, TRUST, trusted(local)).faults == (f"{told}, and a timestamp was asked for",)


def other_package(local: LocalAuthority) -> dict[str, bytes]:
    other = draft(version="0.2.0")
    return signed(dict(other.files), about=other, stamp=at(local, NOW))


def swapped(*names: str) -> Callable[[LocalAuthority, dict[str, bytes]], dict[str, bytes]]:
    def change(local: LocalAuthority, content: dict[str, bytes]) -> dict[str, bytes]:
        return {**content, **{name: other_package(local)[name] for name in names}}

    return change


def without_reason(_: LocalAuthority, content: dict[str, bytes]) -> dict[str, bytes]:
    told = json.loads(content["timestamp.json"]) | {"token": None, "missing": "refused", "problem": "no"}
    return {**content, "timestamp.json": json.dumps(told, separators=(",", ":"), sort_keys=True).encode()}


@pytest.mark.parametrize(
    "change",
    [
        swapped("timestamp.json"),
        swapped("timestamp.dsse.json"),
        swapped("timestamp.json", "timestamp.dsse.json"),
        without_reason,
    ],
)
def test_a_timestamp_of_another_package_or_none_in_its_place_is_a_fault(
    local: LocalAuthority, change: Callable[[LocalAuthority, dict[str, bytes]], dict[str, bytes]]
) -> None:
    whole = signed(files(), stamp=at(local, NOW))
    changed = {name: text for name, text in change(local, whole).items() if name != "SHA256SUMS"}
    found = check_package(zip_of(with_sums(changed)), TRUST, trusted(local))
    assert any("timestamp" in fault for fault in found.faults), found.faults


@pytest.fixture
def served(local: LocalAuthority) -> Iterator[str]:
    with local.serving() as url:
        yield url


def test_a_package_of_the_folder_is_dated_by_the_authority_and_verified_on_the_command_line(
    local: LocalAuthority, served: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stamper = Stamper(served, trusted(local), SYSTEM_CLOCK)
    store = EvidenceStore(tmp_path / "evidence", key_file(tmp_path), stamper.stamp)
    store.folder.mkdir()
    path = store.write(draft(), NOW)
    assert files_of(path.read_bytes())["timestamp.json"]
    roots = tmp_path / "roots.pem"
    roots.write_text(local.root.pem)
    assert main(["verify", str(path), "--timestamp-roots", str(roots)]) == 1
    assert "the statement says 2026-11-22T12:00:00Z, the authority says" in capsys.readouterr().err
    assert main(["verify", str(store.folder)]) == 2
    assert "which --timestamp-roots would prove (1 packages)" in capsys.readouterr().out
    assert main(["verify", str(store.folder), "--timestamp-roots", str(roots)]) == 1
    roots.write_text("no certificate")
    assert main(["verify", str(path), "--timestamp-roots", str(roots)]) == 64
