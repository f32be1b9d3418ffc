"""The timestamp in a package: bound to its statement, and proved by an authority that the reader trusts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from canary.package import BINDING, STATEMENT
from canary.seal import Opened, SealError, payload_of
from canary.timestamp import Authority, TokenError, checked
from canary.timestamped import BOUND_TYPE, TIMESTAMP, Timestamp, bound, disagreement, read_bound, read_timestamp


class DateCheck(NamedTuple):
    """The findings about a timestamp.

    faults: one sentence for each fault.
    notes: who dated it, or why nobody but the canary did.
    seen_at: when the authority saw the statement, UTC; None when that is not proved.
    """

    faults: tuple[str, ...]
    notes: tuple[str, ...] = ()
    seen_at: datetime | None = None


def check_date(
    files: Mapping[str, bytes], envelope: Opened, checked_at: datetime, authority: Authority | None
) -> DateCheck:
    """Returns what is wrong with the timestamp of a package.

    checked_at: the time of the round, by the package itself.
    authority: the certificates that the reader trusts; None leaves a token unproved, which a note tells.
    """
    try:
        timestamp = read_timestamp(files[TIMESTAMP])
        binding = payload_of(files[BINDING], BOUND_TYPE, envelope.entry.link.key)
        read_bound(binding)
    except TokenError as error:
        return DateCheck((str(error),))
    except SealError as error:
        return DateCheck((f"{BINDING}: {error}",))
    if binding != bound(envelope.digest, files[TIMESTAMP]):
        return DateCheck((f"{BINDING} binds another {STATEMENT} or another {TIMESTAMP}",))
    if timestamp.token is None:
        told = f"the time is the canary's own word ({timestamp.missing}: {timestamp.problem})"
        return DateCheck((f"{told}, and a timestamp was asked for",) if authority else (), (told,))
    return _proved(timestamp, timestamp.token, envelope, checked_at, authority)


def _proved(
    timestamp: Timestamp, token: bytes, envelope: Opened, checked_at: datetime, authority: Authority | None
) -> DateCheck:
    if authority is None:
        return DateCheck((), (f"it has a timestamp of {timestamp.authority}, which --timestamp-roots would prove",))
    try:
        told = checked(token, envelope.content, authority)
    except TokenError as error:
        return DateCheck((f"{TIMESTAMP}: {error}",))
    fault = disagreement(checked_at, told)
    if fault is not None:
        return DateCheck((fault,))
    return DateCheck((), (f"dated by {timestamp.authority}, as the certificates that were given prove",), told)
