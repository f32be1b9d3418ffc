"""Messages of a package about its timestamp, each in one spelling; whether two times agree (pure)."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeVar

from canary.timestamp import MOST_TOKEN_BYTES, TokenError
from common import wire
from common.errors import InvalidRequest

TIMESTAMP = "timestamp.json"
BOUND_TYPE = "application/vnd.spark.timestamp-binding+json"
"""The payload type of the envelope around a `TimestampBinding`."""
TOLERANCE = timedelta(minutes=5)
"""The statement's time and the authority's may differ by so much. A package is signed and stamped within seconds of its
round; the rest is the clock of a machine that nobody keeps. Kerberos allows its clocks as much, for the same reason."""
_MOST_BYTES = 2 * MOST_TOKEN_BYTES
_DIGEST = re.compile("[0-9a-f]{64}")

Missing = Literal["no_authority", "unavailable", "refused", "untrusted"]
"""no_authority: none is set. unavailable: it gave no whole answer in time. refused: it answered that it gives no
timestamp. untrusted: its answer proves nothing, by a fault of `canary.timestamp`."""
T = TypeVar("T", bound=wire.Message)


class Timestamp(wire.Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The content of `timestamp.json`: a token, or the reason why there is none.

    authority: the address that was asked; empty when no authority is set.
    missing: the kind of reason; None with a token.
    problem: a sentence about the reason; None with a token.
    token: the authority's whole answer in DER, in JSON as base64; None without one.
    """

    authority: str
    missing: Missing | None
    problem: str | None
    token: bytes | None


class TimestampBinding(wire.Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The content of the second envelope. It holds the timestamp to the statement: a token alone has bytes that nothing
    signs, and a reason has nothing else.

    statement_sha256: the digest of the bytes of the statement's envelope, in small hexadecimal digits.
    timestamp_sha256: the digest of the bytes of `timestamp.json`, in small hexadecimal digits.
    """

    statement_sha256: str
    timestamp_sha256: str


NO_AUTHORITY = Timestamp(
    authority="", missing="no_authority", problem="no timestamp authority is set: SPARK_TIMESTAMP_URL", token=None
)


def written(timestamp: Timestamp) -> bytes:
    """Returns the bytes of `timestamp.json`."""
    return wire.encode(timestamp, order="deterministic")


def read_timestamp(content: bytes) -> Timestamp:
    """Returns the message in `timestamp.json`. Raises TokenError for any bytes that `written` does not give."""
    found = _read(Timestamp, content, TIMESTAMP)
    reason = (found.missing, found.problem)
    if (found.token is None) is (reason == (None, None)) or (None in reason and reason != (None, None)):
        raise TokenError("malformed", f"{TIMESTAMP} must have a token, or a kind of reason and a sentence about it")
    return found


def bound(statement_digest: str, timestamp: bytes) -> bytes:
    """Returns the content of the second envelope.

    statement_digest: the SHA-256, in hexadecimal, of the statement's envelope, whose bytes the token is about.
    timestamp: the bytes of `timestamp.json`.
    """
    sha256 = hashlib.sha256(timestamp).hexdigest()
    binding = TimestampBinding(statement_sha256=statement_digest, timestamp_sha256=sha256)
    return wire.encode(binding, order="deterministic")


def read_bound(content: bytes) -> TimestampBinding:
    """Returns the message of the second envelope. Raises TokenError for any bytes that `bound` does not give."""
    found = _read(TimestampBinding, content, "the binding of the timestamp")
    if not all(_DIGEST.fullmatch(one) for one in (found.statement_sha256, found.timestamp_sha256)):
        raise TokenError("malformed", "the binding of the timestamp must have two SHA-256 in 64 small hex digits")
    return found


def disagreement(stated: datetime, told: datetime, tolerance: timedelta = TOLERANCE) -> str | None:
    """Returns a sentence when the times of a statement and of its token differ by more than `tolerance`; else None."""
    apart = abs(told - stated)
    if apart <= tolerance:
        return None
    times = f"the statement says {_text(stated)}, the authority says {_text(told)}"
    return f"{times}: they are {_length(apart)} apart, {_length(tolerance)} are allowed"


def _read(kind: type[T], content: bytes, name: str) -> T:
    if len(content) > _MOST_BYTES:
        raise TokenError("too_large", f"{name} has {len(content)} bytes; {_MOST_BYTES} at most are read")
    try:
        found = wire.decode(kind, content)
    except InvalidRequest as error:
        raise TokenError("malformed", f"{name} can't be read: {error.message}"[:300]) from error
    if wire.encode(found, order="deterministic") != content:
        raise TokenError("malformed", f"{name} is not in the one spelling that its content has")
    return found


def _text(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _length(apart: timedelta) -> str:
    """Returns a length in its largest whole unit: days, minutes or seconds."""
    seconds = round(apart.total_seconds())
    if seconds >= 2 * 86_400:
        return f"{seconds // 86_400} days"
    return f"{seconds // 60} minutes" if seconds >= 120 else f"{seconds} seconds"
