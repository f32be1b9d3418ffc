"""A timestamp token is accepted for what it says alone; each fault has its own name."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.x509 import ObjectIdentifier
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st
from rfc3161_client import TimestampRequestBuilder
from rfc3161_client.base import HashAlgorithm

from canary.stamping import query
from canary.timestamp import MOST_TOKEN_BYTES, Authority, TokenError, checked
from tests.canary.authority import DAY, NOW, POLICY, Issued, LocalAuthority, issued

DATA = b"the bytes of an envelope"
LAST_YEAR = (NOW - 400 * DAY, NOW - 300 * DAY)
NO_TOKEN = bytes.fromhex("30053003020100")

Fault = tuple[str, str]


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> LocalAuthority:
    return LocalAuthority(tmp_path_factory.mktemp("authority") / "tsa")


@pytest.fixture(scope="module")
def token(local: LocalAuthority) -> bytes:
    return local.reply(query(DATA).der)


def trusted(*certificates: Issued) -> Authority:
    return Authority.read("".join(one.pem for one in certificates))


def fault_of(check: Callable[[], object]) -> Fault:
    with pytest.raises(TokenError) as told:
        check()
    sentence = str(told.value)
    assert sentence.isprintable()
    assert len(sentence) < 500
    return told.value.fault, sentence


def test_a_token_tells_when_the_authority_saw_the_data(local: LocalAuthority) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    asked = query(DATA)
    at = checked(local.reply(asked.der), DATA, trusted(local.root), nonce=asked.nonce, policy=POLICY)
    assert before <= at <= datetime.now(UTC)
    assert at.utcoffset() == timedelta(0)


def test_a_token_of_other_data_is_refused(local: LocalAuthority, token: bytes) -> None:
    fault, sentence = fault_of(lambda: checked(token, DATA + b".", trusted(local.root)))
    assert fault == "other_data"
    assert "other data" in sentence


def test_a_token_of_another_request_is_refused(local: LocalAuthority, token: bytes) -> None:
    assert fault_of(lambda: checked(token, DATA, trusted(local.root), nonce=1))[0] == "other_nonce"


def test_a_token_by_another_policy_is_refused_with_both(local: LocalAuthority, token: bytes) -> None:
    fault, sentence = fault_of(lambda: checked(token, DATA, trusted(local.root), policy="1.2.3"))
    assert fault == "other_policy"
    assert POLICY in sentence
    assert "1.2.3" in sentence


def test_a_token_about_another_kind_of_hash_is_refused(local: LocalAuthority) -> None:
    sha512 = local.reply(TimestampRequestBuilder().data(DATA).build().as_bytes())
    assert fault_of(lambda: checked(sha512, DATA, trusted(local.root)))[0] == "other_hash"


def test_a_token_of_another_authority_of_the_same_name_is_refused(token: bytes) -> None:
    other = issued("Root", ca=True)
    assert fault_of(lambda: checked(token, DATA, trusted(other)))[0] == "other_authority"


def test_a_token_without_its_signers_certificate_is_refused(local: LocalAuthority) -> None:
    bare = TimestampRequestBuilder().data(DATA).cert_request(cert_request=False)
    sha256 = local.reply(bare.hash_algorithm(HashAlgorithm.SHA256).build().as_bytes())
    assert fault_of(lambda: checked(sha256, DATA, trusted(local.root)))[0] == "no_certificate"


def test_a_chain_is_followed_through_an_intermediate_of_the_file_or_of_the_token(tmp_path: Path) -> None:
    between = issued("Between", root := issued("Root", ca=True), ca=True)
    local = LocalAuthority(tmp_path / "tsa", root, signer := issued("Timestamps", between))
    token = local.reply(query(DATA).der)
    assert fault_of(lambda: checked(token, DATA, trusted(root)))[0] == "other_authority"
    at = checked(token, DATA, trusted(between, root))
    assert checked(local.signed(token, signer, between), DATA, trusted(root)) == at
    other = issued("Other", ca=True)
    assert fault_of(lambda: checked(token, DATA, trusted(between, other)))[0] == "other_authority"


def test_a_certificate_that_may_not_sign_certificates_makes_no_authority(local: LocalAuthority, token: bytes) -> None:
    """Without this rule the holder of any certificate under the root could make an authority of it."""
    anybody = issued("Anybody", local.root)
    forged = local.signed(token, issued("Forger", anybody), anybody)
    fault, sentence = fault_of(lambda: checked(forged, DATA, trusted(local.root)))
    assert fault == "chain"
    assert "invalid CA certificate" in sentence


def test_a_second_certificate_with_the_signers_name_and_number_is_refused(local: LocalAuthority, token: bytes) -> None:
    """The one would have the right purpose, and the key of the other, which has none, would have signed."""
    web = issued("Web", local.root, usages=())
    shown = issued("Timestamps", issued("Root", ca=True), serial=web.certificate.serial_number)
    fault, sentence = fault_of(lambda: checked(local.signed(token, web, shown), DATA, trusted(local.root)))
    assert fault == "malformed"
    assert "2 certificates" in sentence


@pytest.mark.parametrize(
    ("usages", "critical"),
    [
        ((), True),
        ((ExtendedKeyUsageOID.TIME_STAMPING,), False),
        ((ExtendedKeyUsageOID.SERVER_AUTH,), True),
        ((ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.SERVER_AUTH), True),
    ],
)
def test_a_certificate_that_is_not_for_timestamps_alone_makes_no_token(
    local: LocalAuthority, token: bytes, usages: tuple[ObjectIdentifier, ...], critical: bool
) -> None:
    web = issued("Web", local.root, usages=usages, critical=critical)
    assert fault_of(lambda: checked(local.signed(token, web), DATA, trusted(local.root)))[0] == "wrong_usage"


def test_a_token_outlives_the_certificates_that_it_was_made_with(tmp_path: Path) -> None:
    root = issued("Root", ca=True, period=LAST_YEAR)
    local = LocalAuthority(tmp_path / "tsa", root, signer := issued("Timestamps", root, period=LAST_YEAR))
    then = NOW - 350 * DAY
    token = local.signed(local.reply(query(DATA).der), signer, at=then)
    assert checked(token, DATA, trusted(root)) == then


@pytest.mark.parametrize("lasting", ["root", "signer", "neither"])
def test_a_token_made_after_the_end_of_a_certificate_is_refused(tmp_path: Path, lasting: str) -> None:
    long = (NOW - 400 * DAY, NOW + DAY)
    root = issued("Root", ca=True, period=long if lasting == "root" else LAST_YEAR)
    signer = issued("Timestamps", root, period=long if lasting == "signer" else LAST_YEAR)
    token = LocalAuthority(tmp_path / "tsa", root, signer).reply(query(DATA).der)
    fault, sentence = fault_of(lambda: checked(token, DATA, trusted(root)))
    assert fault == "expired"
    assert f"{NOW:%Y}" in sentence


def test_a_token_made_before_its_certificate_began_is_refused(local: LocalAuthority, token: bytes) -> None:
    early = local.signed(token, local.signer or local.root, at=NOW - 2000 * DAY)
    assert fault_of(lambda: checked(early, DATA, trusted(local.root)))[0] == "expired"


def test_a_changed_time_breaks_the_signature(local: LocalAuthority, token: bytes) -> None:
    at = checked(token, DATA, trusted(local.root))
    earlier = f"{at - DAY:%Y%m%d%H%M%SZ}".encode()
    changed = token.replace(f"{at:%Y%m%d%H%M%SZ}".encode(), earlier)
    assert earlier in changed
    assert fault_of(lambda: checked(changed, DATA, trusted(local.root)))[0] == "signature"


def test_a_refusal_is_told_in_the_authoritys_words(tmp_path: Path) -> None:
    local = LocalAuthority(tmp_path / "tsa", digests="sha512")
    fault, sentence = fault_of(lambda: checked(local.reply(query(DATA).der), DATA, trusted(local.root)))
    assert fault == "refused"
    assert "rejection" in sentence
    assert "algorithm is not supported" in sentence


def test_an_answer_that_is_granted_without_a_token_is_refused(local: LocalAuthority) -> None:
    assert fault_of(lambda: checked(NO_TOKEN, DATA, trusted(local.root)))[0] == "no_token"


@pytest.mark.parametrize("odd", [b"", b"\x00", b"<!doctype html>", NO_TOKEN + b"\x00", b"\x30\x84\xff\xff\xff\xff"])
def test_what_is_no_answer_is_refused(local: LocalAuthority, odd: bytes) -> None:
    assert fault_of(lambda: checked(odd, DATA, trusted(local.root)))[0] == "malformed"


def test_a_token_cut_off_anywhere_or_continued_is_refused(local: LocalAuthority, token: bytes) -> None:
    authority = trusted(local.root)
    for wrong in [*(token[:end] for end in range(len(token))), token + b"\x00"]:
        with pytest.raises(TokenError) as told:
            checked(wrong, DATA, authority)
        assert told.value.fault == "malformed"


def test_a_token_above_the_bound_is_not_read(local: LocalAuthority) -> None:
    assert fault_of(lambda: checked(bytes(MOST_TOKEN_BYTES + 1), DATA, trusted(local.root)))[0] == "too_large"


@given(data=st.data())
@settings(deadline=None, max_examples=300)
def test_no_change_of_several_bytes_raises_anything_but_a_fault(
    local: LocalAuthority, token: bytes, data: st.DataObject
) -> None:
    changed = bytearray(token)
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(token) - 1))] = data.draw(st.integers(0, 255))
    with suppress(TokenError):
        checked(bytes(changed), DATA, trusted(local.root))


def test_a_file_of_certificates_is_read_with_text_around_them() -> None:
    between = issued("Between", root := issued("Root", ca=True), ca=True)
    found = Authority.read(f"The authority's chain\n{between.pem}\nand its root\n{root.pem}")
    assert found == Authority((root.certificate,), (between.certificate,))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "must hold certificates in PEM"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "must hold certificates in PEM"),
        ("x" * 300_000, "more than 262144 characters"),
        (issued("Root", ca=True).pem * 21, "has 21 certificates"),
        (issued("Leaf").pem, "CN=Leaf must not sign certificates"),
        (issued("Between", issued("Root", ca=True), ca=True).pem, "has no root"),
    ],
)
def test_a_file_that_names_no_authority_is_told_why(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Authority.read(text)
