"""A timestamp is bound to its statement in one spelling, and its time is compared with the statement's."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from canary.stamping import query
from canary.timestamp import MOST_TOKEN_BYTES, Authority, TokenError, checked
from canary.timestamped import (
    NO_AUTHORITY,
    TOLERANCE,
    Timestamp,
    bound,
    disagreement,
    read_bound,
    read_timestamp,
    written,
)
from tests.canary.authority import DAY, NOW, LocalAuthority

ENVELOPE = b'{"payload":"..."}'
DIGEST = hashlib.sha256(ENVELOPE).hexdigest()
AT = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
STAMPED = Timestamp(authority="http://timestamp.example/tsr", missing=None, problem=None, token=b"\x30\x02\x01\x00")


def with_token(token: bytes) -> bytes:
    return written(Timestamp(authority=STAMPED.authority, missing=None, problem=None, token=token))


def test_every_single_bit_of_a_token_is_held_by_the_token_or_by_the_binding(tmp_path: Path) -> None:
    local = LocalAuthority(tmp_path / "tsa")
    authority = Authority.read(local.root.pem)
    token = local.reply(query(ENVELOPE).der)
    binding = bound(DIGEST, with_token(token))
    refused = 0
    for bit in range(8 * len(token)):
        changed = bytearray(token)
        changed[bit // 8] ^= 1 << bit % 8
        try:
            checked(bytes(changed), ENVELOPE, authority)
        except TokenError:
            refused += 1
        else:
            assert bound(DIGEST, with_token(bytes(changed))) != binding
    assert 0.95 * 8 * len(token) < refused < 8 * len(token), "some bits of a token are held by nothing else"


def test_a_token_that_is_replaced_by_a_reason_breaks_the_binding() -> None:
    assert bound(DIGEST, written(NO_AUTHORITY)) != bound(DIGEST, written(STAMPED))


def test_a_token_of_another_statement_breaks_the_binding() -> None:
    other = hashlib.sha256(b"another").hexdigest()
    assert bound(other, written(STAMPED)) != bound(DIGEST, written(STAMPED))


@pytest.mark.parametrize("timestamp", [STAMPED, NO_AUTHORITY])
def test_what_is_written_is_read(timestamp: Timestamp) -> None:
    assert read_timestamp(written(timestamp)) == timestamp
    read = read_bound(bound(DIGEST, written(timestamp)))
    assert read.statement_sha256 == DIGEST
    assert read.timestamp_sha256 == hashlib.sha256(written(timestamp)).hexdigest()


def test_a_package_without_an_authority_says_so() -> None:
    told = json.loads(written(NO_AUTHORITY))
    assert told["missing"] == "no_authority"
    assert "SPARK_TIMESTAMP_URL" in told["problem"]
    assert told["token"] is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b" " + written(STAMPED),
        written(STAMPED) + b"\n",
        written(STAMPED).replace(b'"token":"MAIBAA=="', b'"token":"MAIBAB=="'),
        written(STAMPED).replace(b'"token":"MAIBAA=="', b'"token":"MAIBAA==","token":"MAIBAA=="'),
        written(STAMPED).replace(b'"token":"MAIBAA=="', b'"token":"\\u004dAIBAA=="'),
        written(STAMPED).replace(b'"token":"MAIBAA=="', b'"token":"MAIBAA"'),
        written(STAMPED).replace(b'"token":"MAIBAA=="', b'"token":"MAIBAA==","more":1'),
        written(STAMPED).replace(b'"token":"MAIBAA=="', b'"token":null'),
        written(STAMPED).replace(b'"missing":null', b'"missing":"refused"'),
        written(NO_AUTHORITY).replace(b'"token":null', b'"token":"MAIBAA=="'),
        written(NO_AUTHORITY).replace(b"no_authority", b"forgotten"),
        b'{"authority":"","missing":"refused","problem":null,"token":null}',
        b'{"authority":"","missing":null,"problem":"no","token":null}',
    ],
)
def test_a_timestamp_file_has_one_spelling(content: bytes) -> None:
    with pytest.raises(TokenError, match=r"timestamp\.json") as told:
        read_timestamp(content)
    assert told.value.fault == "malformed"


@pytest.mark.parametrize(
    "content",
    [
        bound(DIGEST, b"x") + b" ",
        bound(DIGEST.upper(), b"x"),
        bound(DIGEST[:-1], b"x"),
        bound("", b"x"),
        bound(DIGEST, b"x").replace(b"}", b',"more":1}'),
        bound(DIGEST, b"x").replace(b"{", b'{"statement_sha256":"",'),
    ],
)
def test_a_binding_has_one_spelling(content: bytes) -> None:
    with pytest.raises(TokenError, match="the binding of the timestamp"):
        read_bound(content)


def test_a_file_above_the_bound_is_not_read() -> None:
    with pytest.raises(TokenError, match="at most are read") as told:
        read_timestamp(b" " * (2 * MOST_TOKEN_BYTES + 1))
    assert told.value.fault == "too_large"


def test_the_largest_token_can_be_read() -> None:
    assert read_timestamp(with_token(bytes(MOST_TOKEN_BYTES))).token == bytes(MOST_TOKEN_BYTES)


@pytest.mark.parametrize("sign", [1, -1])
def test_times_agree_up_to_the_tolerance(sign: int) -> None:
    assert disagreement(AT, AT + sign * TOLERANCE) is None
    assert disagreement(AT, AT + sign * (TOLERANCE + timedelta(microseconds=1))) is not None


def test_times_of_different_zones_are_compared_as_moments() -> None:
    assert disagreement(AT, AT.astimezone(timezone(timedelta(hours=3)))) is None


@pytest.mark.parametrize(
    ("apart", "words"),
    [(timedelta(seconds=61), "61 seconds"), (timedelta(hours=3), "180 minutes"), (DAY * 365, "365 days")],
)
def test_times_that_disagree_are_told_with_their_distance(apart: timedelta, words: str) -> None:
    told = disagreement(AT, AT + apart, timedelta(seconds=60))
    assert told is not None
    assert told.startswith(
        f"the statement says 2026-11-30T12:00:00Z, the authority says {AT + apart:%Y-%m-%dT%H:%M:%SZ}"
    )
    assert f"they are {words} apart, 60 seconds are allowed" in told


def test_a_statement_of_another_year_than_its_token_is_told(tmp_path: Path) -> None:
    local = LocalAuthority(tmp_path / "tsa")
    at = checked(local.reply(query(ENVELOPE).der), ENVELOPE, Authority.read(local.root.pem))
    assert disagreement(datetime.now(UTC), at) is None
    told = disagreement(NOW - 365 * DAY, at)
    assert told is not None
    assert f"the statement says {NOW - 365 * DAY:%Y}" in told
    assert f"the authority says {at:%Y}" in told
