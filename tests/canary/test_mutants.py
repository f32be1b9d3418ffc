"""No mutant of a package is accepted, whatever is made anew around it but the signature."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from canary.archive import zip_of
from canary.package import BINDING, STATEMENT, SUMS, with_manifest, with_sums
from canary.seal import public_of
from canary.sealing import dated, sealed_package, without_authority
from canary.timestamped import TIMESTAMP
from canary.trust import trust_of_key
from canary.verifying.package import check_package
from tests.canary.keys import PUBLIC, signer
from tests.canary.mutation import mutants
from tests.canary.packages import LINK, WELL, draft, signed

DRAFT = draft()
WHOLE, ENVELOPE = sealed_package(DRAFT, LINK, signer())
FILES = with_sums({**with_manifest(DRAFT.files), **dated(ENVELOPE, signer(), without_authority)})
NAMES = sorted(FILES)
TRUST = trust_of_key(PUBLIC)
JSON_FILES = sorted(name for name in DRAFT.files if name.endswith(".json"))
OTHER_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.floats(), st.text(max_size=5), st.just([]), st.just({"x": 1})
)


def is_accepted(content: bytes) -> bool:
    found = check_package(content, TRUST)
    return not found.faults and found.vouched


def summed(raw: dict[str, bytes]) -> bytes:
    """The package with manifest and sums made anew, as somebody without the key can make them."""
    return zip_of(with_sums({**with_manifest(raw), **{one: FILES[one] for one in (STATEMENT, TIMESTAMP, BINDING)}}))


def test_the_package_itself_is_accepted() -> None:
    assert is_accepted(WHOLE)
    assert zip_of(FILES) == WHOLE


@given(mutants(WHOLE, longest=300))
def test_no_change_of_its_bytes_is_accepted(content: bytes) -> None:
    assert content == WHOLE or not is_accepted(content)


@given(st.data())
def test_no_change_of_its_files_is_accepted_with_sums_and_manifest_made_anew(data: st.DataObject) -> None:
    """Files changed, emptied, removed, added, renamed or swapped, then zipped again."""
    files = dict(DRAFT.files)
    names = st.sampled_from(sorted(files))
    one, other = data.draw(names), data.draw(names)
    how = data.draw(st.sampled_from(["change", "empty", "remove", "add", "rename", "swap"]))
    if how == "change":
        at = data.draw(st.integers(0, max(0, len(files[one]) - 1)))
        files[one] = (
            files[one][:at] + data.draw(st.binary(max_size=6)) + files[one][at + data.draw(st.integers(0, 6)) :]
        )
    if how == "empty":
        files[one] = b""
    if how in ("remove", "rename"):
        content = files.pop(one)
        files |= {"other.txt": content} if how == "rename" else {}
    if how == "add":
        files["prom_metrics_other.txt"] = b"up 1\n"
    if how == "swap":
        files[one], files[other] = files[other], files[one]
    assert files == DRAFT.files or not is_accepted(summed(files))


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value in a JSON document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for name, part in inner for found in leaves(part, (*path, name)))]


LEAVES = [(name, path) for name in JSON_FILES for path in leaves(json.loads(DRAFT.files[name])) if path]


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(leaf=st.sampled_from(LEAVES), value=OTHER_VALUES, with_key=st.booleans())
@example(leaf=("report.json", ("own", "loop")), value="", with_key=True)
def test_no_other_value_in_a_json_file_is_accepted_even_with_the_key(
    leaf: tuple[str, tuple[Any, ...]], value: object, *, with_key: bool
) -> None:
    """With the key a consistent package can be made of other facts; a single changed value makes none."""
    name, path = leaf
    document = json.loads(DRAFT.files[name])
    inner = document
    for step in path[:-1]:
        inner = inner[step]
    if type(inner[path[-1]]) is type(value) and inner[path[-1]] == value:
        return
    inner[path[-1]] = value
    files = {**DRAFT.files, name: json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"}
    assert not is_accepted(summed(files))
    if with_key and name == "report.json":
        assert not is_accepted(zip_of(signed(files)))


@given(st.sampled_from(NAMES), st.data())
def test_no_file_can_be_left_out_or_put_in_beside_the_sums(name: str, data: st.DataObject) -> None:
    less = {one: content for one, content in FILES.items() if one != name}
    assert not is_accepted(zip_of(less))
    added = data.draw(st.sampled_from(["more.txt", "timestamp.tsr", "statement.dsse.json.bak"]))
    assert not is_accepted(zip_of(FILES | {added: b"x"}))
    assert not is_accepted(zip_of(with_sums({**{one: FILES[one] for one in NAMES if one != SUMS}, added: b"x"})))


def test_a_forged_verdict_with_everything_made_anew_but_the_signature_is_refused() -> None:
    forged = draft(WELL)
    assert (DRAFT.report.verdict, forged.report.verdict) == ("FAIL", "PASS")
    found = check_package(summed(dict(forged.files)), TRUST).faults
    assert "statement.dsse.json is about another manifest.json than the package has" in found
    assert "statement.dsse.json has another verdict than report.json" in found
    link = msgspec.structs.replace(LINK, key=public_of(signer("stranger")))
    (fault,) = check_package(sealed_package(forged, link, signer("stranger"))[0], TRUST).faults
    assert fault.endswith("which is not one of the keys that were given")
