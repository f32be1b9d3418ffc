"""What a venue means that answers 401, 403, 429 or 503: stop, or keep away for as long as Retry-After says. Pure."""

from __future__ import annotations

import math
from datetime import UTC, datetime

DEFAULT_WAIT_SECONDS = 60.0
LONGEST_WAIT_SECONDS = 3_600.0
UNAUTHORIZED, THROTTLED = frozenset({401, 403}), frozenset({429, 503})
_HTTP_DATES = ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y")


def wait_seconds(retry_after: str | None, now: float) -> float:
    """Seconds to keep away after 429 or 503: what the header says, a minute when it says nothing, at most an hour."""
    told = retry_after_seconds(retry_after, now)
    return DEFAULT_WAIT_SECONDS if told is None else min(told, LONGEST_WAIT_SECONDS)


def retry_after_seconds(value: str | None, now: float) -> float | None:
    """Seconds from a Retry-After header, either form; None when it is missing or can't be meant. Source: RFC 9110."""
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
