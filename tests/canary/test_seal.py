"""An envelope is accepted in one spelling, with exactly the signatures that its statement needs."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope

from canary.attestation import package_statement
from canary.seal import MOST_BYTES, PAYLOAD_TYPE, SealError, opened, sealed
from canary.statement import PackageStatement
from common import wire
from tests.canary.keys import signer
from tests.canary.packages import LINK, draft

DRAFT = draft()
STATEMENT = package_statement(DRAFT.report, DRAFT.containers, b"{}", LINK)
SEALED = sealed(STATEMENT, [signer()])


def signed(payload: bytes, payload_type: str = PAYLOAD_TYPE, *names: str) -> bytes:
    """An envelope as somebody with the key could make it around any payload."""
    envelope = Envelope(payload, payload_type, {})
    for name in names or ("first",):
        envelope.sign(signer(name))
    return json.dumps(envelope.to_dict(), separators=(",", ":")).encode()


def payload(change: Callable[[dict[str, Any]], object]) -> bytes:
    """The statement's bytes after a change."""
    value = json.loads(wire.encode(STATEMENT))
    change(value)
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def reshaped(change: Callable[[dict[str, Any]], object]) -> bytes:
    value = json.loads(SEALED)
    change(value)
    return json.dumps(value, separators=(",", ":")).encode()


def low_bits(text: str) -> str:
    """The same bytes in base64, with other bits that no byte takes."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    bare = text.rstrip("=")
    other = bare[:-1] + alphabet[alphabet.index(bare[-1]) ^ 1]
    assert base64.b64decode(other + "=" * (len(text) - len(bare))) == base64.b64decode(text)
    return other + "=" * (len(text) - len(bare))


def test_what_is_sealed_is_opened_with_the_id_of_its_key() -> None:
    one = opened(SEALED)
    assert (one.entry, one.keyids) == (STATEMENT, (signer().public_key.keyid,))
    assert sealed(STATEMENT, [signer()]) == SEALED, "the same statement and key give the same bytes"


def test_it_is_an_envelope_that_the_library_accepts_too() -> None:
    envelope = Envelope.from_dict(json.loads(SEALED))
    assert envelope.verify([signer().public_key], 1)
    told = json.loads(envelope.payload)
    assert (told["_type"], told["predicateType"]) == (
        "https://in-toto.io/Statement/v1",
        "https://in-toto.io/attestation/test-result/v0.1",
    )
    assert told["predicate"]["result"] == "FAILED"
    assert told["predicate"]["failedTests"] == ["venue metrics [ANSWER] == whole"]
    assert [one["name"] for one in told["subject"]] == [
        "manifest.json",
        "image of spark-web-1",
        "image of spark-venue-1",
    ]


def test_a_statement_is_signed_by_the_key_that_it_names_alone() -> None:
    for signers in ([], [signer("second")], [signer(), signer("second")]):
        with pytest.raises(SealError, match="names other keys"):
            sealed(STATEMENT, signers)


FIRST_SIG = json.loads(SEALED)["signatures"][0]
OTHER = {
    "a space": (SEALED.replace(b",", b", ", 1), "spelled in another way"),
    "a line end": (SEALED + b"\n", "spelled in another way"),
    "an unknown field": (reshaped(lambda one: one.update(more=1)), "unknown field `more`"),
    "an unknown field of a signature": (reshaped(lambda one: one["signatures"][0].update(more=1)), "unknown field"),
    "a field that comes twice": (SEALED.replace(b'{"payload"', b'{"payloadType":"x","payload"', 1), "another way"),
    "another order of fields": (reshaped(lambda one: one.update(payload=one.pop("payload"))), "another way"),
    "an escaped letter": (SEALED.replace(b"vnd.in-toto", b"vnd.in\\u002dtoto"), "spelled in another way"),
    "another payload type": (signed(wire.encode(STATEMENT), "text/plain"), "the payload's type is 'text/plain'"),
    "no signature": (reshaped(lambda one: one.update(signatures=[])), "0 signatures, and needs 1"),
    "a further signature": (signed(wire.encode(STATEMENT), PAYLOAD_TYPE, "first", "second"), "2 signatures"),
    "the signature twice": (reshaped(lambda one: one["signatures"].append(FIRST_SIG)), "2 signatures"),
    "another key": (signed(wire.encode(STATEMENT), PAYLOAD_TYPE, "second"), "but names key"),
    "another key id": (reshaped(lambda one: one["signatures"][0].update(keyid="0" * 64)), "but names key"),
    "another signature": (
        reshaped(lambda one: one["signatures"][0].update(sig=base64.b64encode(bytes(64)).decode())),
        "does not hold",
    ),
    "a short signature": (reshaped(lambda one: one["signatures"][0].update(sig="AAAA")), "does not hold"),
    "low bits of a signature": (
        reshaped(lambda one: one["signatures"][0].update(sig=low_bits(FIRST_SIG["sig"]))),
        "another base64",
    ),
    "base64 for addresses": (
        reshaped(lambda one: one["signatures"][0].update(sig=FIRST_SIG["sig"][:-3] + "_==")),
        "not in base64",
    ),
    "no base64": (reshaped(lambda one: one.update(payload="%")), "the payload is not in base64"),
    "an unknown field of the statement": (signed(payload(lambda one: one.update(more=1))), "unknown field `more`"),
    "spaces in the statement": (signed(wire.encode(STATEMENT) + b" "), "spelled in another way"),
    "another kind of statement": (signed(payload(lambda one: one.update(predicateType="x"))), "Invalid value 'x'"),
    "a time without a zone": (
        signed(payload(lambda one: one["predicate"]["spark"]["link"].update(written_at="2026-11-22T12:00:00"))),
        "a time without a zone",
    ),
    "a sequence below 0": (
        signed(payload(lambda one: one["predicate"]["spark"]["link"].update(sequence=-1))),
        "a sequence below 0",
    ),
    "a key that is none": (
        signed(payload(lambda one: one["predicate"]["spark"]["link"].update(key="zz"))),
        "'zz' is no Ed25519 public key",
    ),
    "a list": (b"[]", "can't be read"),
    "nothing": (b"", "can't be read"),
    "deep JSON": (b"[" * 100_000, "can't be read"),
    "too many bytes": (b" " * (MOST_BYTES + 1), "more than"),
}


@pytest.mark.parametrize("name", OTHER)
def test_any_other_spelling_or_signature_is_refused_by_name(name: str) -> None:
    content, problem = OTHER[name]
    with pytest.raises(SealError, match=problem):
        opened(content)


@given(st.integers(0, len(SEALED) * 8 - 1))
def test_no_bit_can_be_flipped(bit: int) -> None:
    mutant = bytearray(SEALED)
    mutant[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SealError):
        opened(bytes(mutant))


@pytest.mark.parametrize(("verdict", "result"), [("PASS", "PASSED"), ("INCONCLUSIVE", "WARNED"), ("FAIL", "FAILED")])
def test_an_inconclusive_verdict_is_a_warning_and_never_a_pass(verdict: Any, result: str) -> None:
    report = msgspec.structs.replace(DRAFT.report, verdict=verdict)
    statement = package_statement(report, DRAFT.containers, b"{}", LINK)
    assert isinstance(statement, PackageStatement)
    assert statement.predicate.result == result
