"""A folder of packages is one chain: nothing can be removed, swapped, added or begun anew without being found out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from canary.archive import files_of, zip_of
from canary.chain import Head
from canary.evidence import EvidenceStore
from canary.package import STATEMENT
from canary.seal import opened, sealed
from canary.statement import ChainLink, Entry, PackageStatement
from canary.trust import Trust, trust_of_file, trust_of_key
from canary.verifying.folder import FolderCheck, check_folder
from common import wire
from tests.canary.build import NOW
from tests.canary.keys import PUBLIC, key_file, signer
from tests.canary.packages import draft, files

COUNT = 4


def write(folder: Path, count: int = COUNT, most_packages: int = 200, key: str = "first") -> EvidenceStore:
    folder.mkdir(exist_ok=True)
    store = EvidenceStore(folder, key_file(folder, key), most_packages=most_packages)
    for hour in range(count):
        store.write(draft(), NOW + timedelta(hours=hour))
    return store


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "evidence"
    write(folder)
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A copy of a folder with four packages, and its key beside it."""
    shutil.copytree(whole, tmp_path / "evidence")
    shutil.copytree(whole.with_name("evidence-key"), tmp_path / "evidence-key")
    return tmp_path / "evidence"


def trust_of(folder: Path) -> Trust:
    return trust_of_file(EvidenceStore(folder, key_file(folder)).chain.trust_file(NOW))


def check(folder: Path, trust: Trust | None = None, head: Head | None = None) -> FolderCheck:
    return check_folder(folder, trust, head)


def packages(folder: Path) -> list[Path]:
    return sorted(folder.glob("canary_*.zip"))


def envelopes(folder: Path) -> list[Path]:
    return sorted((folder / "chain").iterdir())


def test_a_whole_chain_has_no_fault_and_a_given_key_vouches_for_it(folder: Path) -> None:
    found = check(folder, trust_of(folder))
    assert (found.faults, found.packages, found.vouched) == ((), COUNT, True)
    assert check(folder, trust_of_key(PUBLIC)).vouched
    assert (check(folder).faults, check(folder).vouched) == ((), False)


def test_the_chain_begins_with_its_root_and_counts_packages_from_1(folder: Path) -> None:
    assert [path.name for path in envelopes(folder)] == [
        "00000000.root.json",
        *(f"0000000{number}.package.json" for number in range(1, COUNT + 1)),
    ]
    inside = [files_of(path.read_bytes())[STATEMENT] for path in packages(folder)]
    assert inside == [path.read_bytes() for path in envelopes(folder)[1:]]


def remove(*paths: Path) -> None:
    for path in paths:
        path.unlink()


def put(path: Path, content: bytes) -> None:
    path.unlink()
    path.write_bytes(content)


def swap(one: Path, other: Path) -> None:
    first, second = one.read_bytes(), other.read_bytes()
    put(one, second)
    put(other, first)


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a package removed": (lambda at: packages(at)[1].unlink(), "the package of entry 2 is missing, and no tombstone"),
    "a package and its envelope removed": (
        lambda at: remove(packages(at)[1], envelopes(at)[2]),
        "entry 2 is missing",
    ),
    "an envelope removed": (lambda at: envelopes(at)[3].unlink(), "entry 3 is missing"),
    "the root removed": (lambda at: envelopes(at)[0].unlink(), "entry 0 is missing"),
    "two envelopes swapped": (
        lambda at: swap(envelopes(at)[1], envelopes(at)[2]),
        "chain/00000001.package.json has the name of another entry than 2",
    ),
    "a byte of an envelope changed": (
        lambda at: swap_byte(envelopes(at)[2]),
        "chain/00000002.package.json: ",
    ),
    "a byte of a package changed": (lambda at: swap_byte(packages(at)[2]), "canary_0.1.0_20261122T140000Z.zip: "),
    "a package cut": (
        lambda at: swap_content(packages(at)[2], lambda content: content[:-40]),
        "the package of entry 3 is missing",
    ),
    "an unknown file in the chain": (lambda at: (at / "chain/notes.txt").write_text("hello"), "chain/notes.txt: "),
    "no chain": (lambda at: shutil.rmtree(at / "chain"), "there is no chain"),
    "a folder in the place of a package": (lambda at: (at / "canary_x.zip").mkdir(), "canary_x.zip: "),
}


def swap_content(path: Path, change: Callable[[bytes], bytes]) -> None:
    put(path, change(path.read_bytes()))


def swap_byte(path: Path) -> None:
    swap_content(path, lambda content: content[:200] + bytes([content[200] ^ 1]) + content[201:])


@pytest.mark.parametrize("name", FAULTS)
def test_what_was_done_to_the_folder_is_told(folder: Path, name: str) -> None:
    damage, told = FAULTS[name]
    damage(folder)
    found = check(folder).faults
    assert any(fault.startswith(told) for fault in found), found


def test_entries_that_somebody_with_the_key_swaps_do_not_fit_those_after_them(folder: Path) -> None:
    first, second = (opened(path.read_bytes()).entry for path in envelopes(folder)[1:3])
    root = opened(envelopes(folder)[0].read_bytes())
    link = msgspec.structs.replace(first.link, written_at=second.link.written_at)
    moved = resealed(second, link)
    link = msgspec.structs.replace(second.link, previous=opened(moved).digest, written_at=first.link.written_at)
    assert root.digest == first.link.previous
    put(envelopes(folder)[1], moved)
    put(envelopes(folder)[2], resealed(first, link))
    found = check(folder).faults
    assert "entry 3 does not follow on entry 2: it is of another history" in found


def resealed(entry: Entry, link: ChainLink) -> bytes:
    """The envelope of a package's statement at another place in the chain, signed with the key."""
    assert isinstance(entry, PackageStatement)
    facts = msgspec.structs.replace(entry.predicate.spark, link=link)
    predicate = msgspec.structs.replace(entry.predicate, spark=facts)
    return sealed(msgspec.structs.replace(entry, predicate=predicate), [signer()])


def test_a_second_history_of_the_same_key_is_found_by_the_trust_file_and_by_a_noted_head(
    folder: Path, tmp_path: Path
) -> None:
    trust = trust_of(folder)
    head = check(folder).head
    assert head is not None
    again = tmp_path / "again"
    again.mkdir()
    store = EvidenceStore(again, key_file(folder))
    for hour in range(COUNT + 1):
        store.write(draft(), NOW + timedelta(hours=hour, minutes=1))
    assert check(again).faults == ()
    assert "its root 0 is not that of the trust file: it is another history" in check(again, trust).faults
    assert check(again, None, head).faults == (
        f"entry {head.sequence} is another than the head that was given: it is another history",
    )


def test_entries_of_another_history_can_not_be_put_in(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    store = EvidenceStore(other, key_file(folder))
    for hour in range(3):
        store.write(draft(), NOW + timedelta(hours=hour, minutes=1))
    for place in (0, 1):
        put(packages(folder)[place], packages(other)[place].read_bytes())
        put(envelopes(folder)[place + 1], envelopes(other)[place + 1].read_bytes())
    found = check(folder).faults
    assert "entry 1 does not follow on entry 0: it is of another history" in found
    assert "entry 3 does not follow on entry 2: it is of another history" in found


def test_a_chain_of_another_key_is_found(folder: Path, tmp_path: Path) -> None:
    write(tmp_path / "forged", key="forger")
    assert check(tmp_path / "forged").faults == ()
    found = check(tmp_path / "forged", trust_of_key(PUBLIC)).faults
    assert f"it is signed by {signer('forger').public_key.keyid}, not by the key that was given" in found
    assert check(tmp_path / "forged", trust_of(folder)).faults != ()


def test_a_cut_tail_is_found_with_a_noted_head_and_else_the_end_of_knowledge_is_told(folder: Path) -> None:
    head = check(folder).head
    assert head is not None
    assert check(folder, None, head).faults == ()
    assert not [note for note in check(folder, None, head).notes if "nothing is known" in note]
    packages(folder)[-1].unlink()
    envelopes(folder)[-1].unlink()
    cut = check(folder)
    assert cut.faults == ()
    assert f"nothing is known after entry {COUNT - 1}" in cut.notes[-1]
    assert check(folder, None, head).faults == (
        f"entry {COUNT}, the head that was given, is missing: the tail was cut",
    )


def test_packages_that_retention_removed_have_a_tombstone_that_names_them(tmp_path: Path) -> None:
    store = write(tmp_path / "evidence", count=5, most_packages=3)
    found = check(tmp_path / "evidence", trust_of(tmp_path / "evidence"))
    assert (found.faults, found.packages) == ((), 3)
    tombstone = json.loads(opened_payload(store.folder / "chain/00000005.tombstone.json"))
    assert tombstone["subject"][0]["name"] == "canary_0.1.0_20261122T120000Z.zip"
    assert tombstone["predicate"]["sequences"] == [1]
    assert tombstone["predicate"]["removedBy"].startswith("the retention of canary")
    assert tombstone["predicate"]["reason"] == "the folder holds at most 3 packages and 200000000 bytes"
    assert tombstone["predicate"]["link"]["written_at"] == "2026-11-22T15:00:00.250000Z"


def opened_payload(path: Path) -> bytes:
    return wire.encode(opened(path.read_bytes()).entry)


def test_a_tombstone_that_is_missing_leaves_a_gap(tmp_path: Path) -> None:
    write(tmp_path / "evidence", count=5, most_packages=3)
    next((tmp_path / "evidence/chain").glob("00000005.*")).unlink()
    found = check(tmp_path / "evidence").faults
    assert "entry 5 is missing" in found
    assert "the package of entry 1 is missing, and no tombstone tells of it" in found


def test_hours_without_a_package_are_named(tmp_path: Path) -> None:
    store = write(tmp_path / "evidence", count=2)
    store.write(draft(), NOW + timedelta(hours=6))
    store.write(draft(), NOW + timedelta(hours=5))
    notes = check(tmp_path / "evidence").notes
    assert "no package from 2026-11-22T13:00:00Z to 2026-11-22T18:00:00Z: 5 hours missed" in notes
    assert "entry 4 is earlier than entry 3: the clock was set back" in notes


def test_packages_of_earlier_versions_stay_listed_and_are_said_to_be_outside_the_chain(tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    folder.mkdir()
    (folder / "canary_0.0.9_20261101T120000Z.zip").write_bytes(zip_of(files()))
    store = write(folder, count=1)
    assert [(one.name, one.sequence) for one in store.packages()] == [
        ("canary_0.1.0_20261122T120000Z.zip", 1),
        ("canary_0.0.9_20261101T120000Z.zip", None),
    ]
    found = check(folder)
    assert found.faults == ()
    assert [note for note in found.notes if note.startswith("canary_0.0.9_20261101T120000Z.zip is not in the chain")]


def test_a_package_of_an_earlier_version_that_retention_removes_is_in_the_tombstone_without_a_sequence(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "evidence"
    folder.mkdir()
    (folder / "canary_0.0.9_20261101T120000Z.zip").write_bytes(zip_of(files()))
    write(folder, count=2, most_packages=2)
    told = json.loads(opened_payload(next((folder / "chain").glob("*.tombstone.json"))))
    assert (told["predicate"]["sequences"], told["subject"][0]["name"]) == ([None], "canary_0.0.9_20261101T120000Z.zip")
    assert check(folder).faults == ()


def test_a_folder_of_any_rubbish_is_a_fault_and_never_a_crash(tmp_path: Path) -> None:
    assert check(tmp_path / "none").faults
    (tmp_path / "chain").write_bytes(b"no folder")
    assert check(tmp_path).faults
