"""A trust file names every key of a chain; each version is signed by the key before and by its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from canary.attestation import package_statement
from canary.evidence import EvidenceStore
from canary.seal import Opened, opened, sealed
from canary.statement import ChainLink, RootStatement
from canary.trust import Trust, TrustError, first_root, next_root, root_fault, trust_bytes, trust_of_file, trust_of_key
from canary.verifying.folder import check_folder
from canary.verifying.package import check_file
from common import wire
from tests.canary.build import NOW
from tests.canary.keys import PUBLIC, key_file, signer
from tests.canary.packages import draft

ROOT = opened(sealed(first_root(PUBLIC, NOW), [signer()]))


@pytest.fixture
def store(tmp_path: Path) -> EvidenceStore:
    """Two packages, a rotation, and two more."""
    folder = tmp_path / "evidence"
    folder.mkdir()
    store = EvidenceStore(folder, key_file(folder))
    for hour in range(2):
        store.write(draft(), NOW + timedelta(hours=hour))
    store.chain.rotate(NOW + timedelta(hours=1, minutes=30))
    for hour in range(2, 4):
        store.write(draft(), NOW + timedelta(hours=hour))
    return store


def trust_of(store: EvidenceStore) -> Trust:
    return trust_of_file(store.chain.trust_file(NOW))


def packages(store: EvidenceStore) -> list[Path]:
    return sorted(store.folder.glob("canary_*.zip"))


def test_after_a_rotation_old_packages_hold_under_the_old_key_and_new_ones_under_the_new(store: EvidenceStore) -> None:
    trust = trust_of(store)
    assert [(key.first, key.last) for key in trust.keys] == [(0, 2), (3, None)]
    assert [check_file(path, trust).vouched for path in packages(store)] == [True] * 4
    found = check_folder(store.folder, trust, None)
    assert (found.faults, found.vouched) == ((), True)


def test_a_trust_file_from_before_the_rotation_leads_to_the_new_key_through_the_chain(store: EvidenceStore) -> None:
    before = trust_of_file(trust_bytes(store.chain.trust().roots[:1]))
    assert check_folder(store.folder, before, None).faults == ()
    (fault,) = check_file(packages(store)[-1], before).faults
    assert fault.endswith("which is not one of the keys that were given")


@pytest.mark.parametrize("number", [0, 1])
def test_either_key_alone_vouches_for_the_chain(store: EvidenceStore, number: int) -> None:
    key = trust_of(store).keys[number].public
    assert check_folder(store.folder, trust_of_key(key), None).faults == ()


def test_a_tail_that_was_cut_before_a_rotation_is_found_by_the_trust_file(store: EvidenceStore) -> None:
    trust = trust_of(store)
    for path in sorted((store.folder / "chain").iterdir())[3:]:
        path.unlink()
    for path in packages(store)[2:]:
        path.unlink()
    assert check_folder(store.folder, None, None).faults == ()
    assert (
        "the root 3 of the trust file is not in it: its tail was cut" in check_folder(store.folder, trust, None).faults
    )


def test_what_a_stolen_key_signed_counts_for_nothing_from_the_entry_on_that_is_told(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path, key_file(tmp_path))
    for hour in range(3):
        store.write(draft(), NOW + timedelta(hours=hour))
    store.chain.rotate(NOW + timedelta(hours=3), revoked_since=2)
    store.write(draft(), NOW + timedelta(hours=4))
    trust = trust_of(store)
    keyid = signer().public_key.keyid
    found = [check_file(path, trust).faults for path in packages(store)]
    assert found == [(), *[(f"statement.dsse.json: its key {keyid} is revoked since entry 2",)] * 2, ()]
    assert check_folder(store.folder, trust, None).faults == tuple(
        f"entry {number}: its key {keyid} is revoked since entry 2" for number in (2, 3)
    )


def test_an_old_key_signs_nothing_after_its_last_entry(store: EvidenceStore) -> None:
    trust = trust_of(store)
    link = ChainLink(sequence=9, previous="ab" * 32, written_at=NOW, key=PUBLIC)
    forged = next_root(trust.keys[:1], link, trust.keys[1].public, None)
    one = ROOT._replace(entry=forged, digest="f" * 64)
    assert trust.refusal(one) == "the root 9 is not one of those that were given"
    late = opened(sealed(statement_at(9), [signer()]))
    assert (trust.refusal(late) or "").endswith("signs entries 0 to 2, not 9")


def statement_at(sequence: int) -> Any:
    about = draft()
    link = ChainLink(sequence=sequence, previous="ab" * 32, written_at=NOW, key=PUBLIC)
    return package_statement(about.report, about.containers, b"{}", link)


def test_the_first_package_must_follow_on_the_root_that_is_trusted(store: EvidenceStore, tmp_path: Path) -> None:
    other = EvidenceStore(tmp_path, key_file(tmp_path))
    path = other.write(draft(), NOW + timedelta(days=1))
    (fault,) = check_file(path, trust_of(store)).faults
    assert "it does not follow on the root 0 of the trust file: it is of another chain" in fault


def test_the_trust_file_has_public_keys_alone(store: EvidenceStore) -> None:
    content = store.chain.trust_file(NOW)
    private = key_file(store.folder).read_text().split("\n")[1]
    assert private not in content.decode()
    assert b"PRIVATE" not in content
    assert json.loads(content)["version"] == 2


def changed(content: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    value = json.loads(content)
    change(value)
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "another version": lambda one: one.update(version=3),
    "no roots": lambda one: one.update(roots=[], version=0),
    "an unknown field": lambda one: one.update(more=1),
    "the first root removed": lambda one: (one["roots"].pop(0), one.update(version=1)),
    "the roots in another order": lambda one: one["roots"].reverse(),
    "a root without the old key's signature": lambda one: one["roots"][1]["signatures"].pop(0),
    "a root without the new key's signature": lambda one: one["roots"][1]["signatures"].pop(1),
    "a changed root": lambda one: one["roots"][1].update(payload=one["roots"][0]["payload"]),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_trust_file_that_was_touched_is_refused(store: EvidenceStore, name: str) -> None:
    content = store.chain.trust_file(NOW)
    for wrong in (changed(content, CHANGES[name]), content[:-1], content.replace(b",", b", ", 1)):
        with pytest.raises(TrustError):
            trust_of_file(wrong)


def test_a_root_follows_only_on_the_one_that_it_goes_on_with() -> None:
    first = first_root(PUBLIC, NOW)
    link = ChainLink(sequence=5, previous=ROOT.digest, written_at=NOW, key=PUBLIC)
    second = next_root(first.predicate.keys, link, public("second"), None)
    assert root_fault(None, first) is None
    assert root_fault(first, second) is None
    for wrong in (
        replaced(second, version=3),
        replaced(second, keys=second.predicate.keys[1:]),
        replaced(second, keys=()),
        replaced(second, link=msgspec.structs.replace(link, key=public("third"))),
        replaced(second, link=msgspec.structs.replace(link, sequence=6)),
        next_root(first.predicate.keys, link, PUBLIC, None),
        msgspec.structs.replace(second, subject=()),
    ):
        assert root_fault(first, wrong) is not None, wire.encode(wrong)


def public(name: str) -> str:
    return str(signer(name).public_key.keyval["public"])


def replaced(root: RootStatement, **changes: Any) -> RootStatement:
    return msgspec.structs.replace(root, predicate=msgspec.structs.replace(root.predicate, **changes))


def test_an_opened_root_has_the_ids_of_both_keys(store: EvidenceStore) -> None:
    root: Opened = store.chain.trust().roots[1]
    assert root.keyids == tuple(key.keyid for key in trust_of(store).keys)
