"""Reads a venue's refusals: 401 and 403 mean stop, 429 and 503 mean keep away as long as Retry-After says. Pure."""

from __future__ import annotations

import math
from datetime import UTC, datetime

DEFAULT_WAIT_SECONDS = 60.0
LONGEST_WAIT_SECONDS = 3_600.0
UNAUTHORIZED, THROTTLED = frozenset({401, 403}), frozenset({429, 503})
_HTTP_DATES = ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y")


def wait_seconds(retry_after: str | None, now: float) -> float:
    """Returns the seconds to keep away after 429 or 503: as the header says, a minute without it, at most an hour."""
    wanted = retry_after_seconds(retry_after, now)
    return DEFAULT_WAIT_SECONDS if wanted is None else min(wanted, LONGEST_WAIT_SECONDS)


def retry_after_seconds(value: str | None, now: float) -> float | None:
    """Returns the seconds in a Retry-After header of either form; None when it is missing or malformed.

    Source: RFC 9110, section 10.2.3.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    for form in _HTTP_DATES:
        try:
            date = datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
        return float(max(0, math.ceil(date.timestamp() - now)))
    return None
