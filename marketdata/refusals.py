"""Reads a venue's refusals: of credentials, of a caller who is to keep away, and of one who is too fast. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime

DEFAULT_WAIT_SECONDS = 60.0
LONGEST_WAIT_SECONDS = 3_600.0
UNAUTHORIZED, THROTTLED = frozenset({401, 403}), frozenset({429, 503})
OF_CALLERS = frozenset({401, 403, 407, 451})
"""Statuses that refuse the caller, whatever was asked for: by the venue, or by a proxy or a firewall on the way."""
PASSING = frozenset({408, 425})
"""Statuses below 500 that pass by themselves, as a broken server does."""
PAGES = ("text/html", "application/xhtml")
GUARDS = ("cloudflare", "cloudfront", "akamai", "awselb", "imperva", "sucuri", "bigip", "squid", "zscaler", "varnish")
MARKS = ("cf-ray", "cf-mitigated", "x-squid-error", "x-sucuri-id", "x-iinfo", "x-amzn-waf-action", "proxy-status")
"""Beginnings of `Server`, and headers, that firewalls and proxies write."""
_HTTP_DATES = ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y")


def of_credentials(status: int, headers: Mapping[str, str]) -> bool:
    """Returns true when an answer refuses the credentials that were shown to the venue. `headers` are found by names in
    small letters.

    401 always does. 403 does unless it is a page for people, or bears the marks of a proxy or a firewall and is not
    written in the language of the venue's programs: those on the way do not know the credentials.
    """
    kind, server = ((headers.get(name) or "").strip().lower() for name in ("content-type", "server"))
    if status != 403:
        return status == 401
    marked = server.startswith(GUARDS) or any(headers.get(name) is not None for name in MARKS)
    return not kind.startswith(PAGES) and (not marked or "json" in kind)


def wait_seconds(retry_after: str | None, now: float) -> float:
    """Returns the seconds to keep away after 429 or 503: as the header says, a minute without it, at most an hour."""
    return asked_wait(retry_after, now, DEFAULT_WAIT_SECONDS)


def asked_wait(retry_after: str | None, now: float, otherwise: float = 0.0) -> float:
    """Returns the seconds that the header asks for, at most an hour; `otherwise` without a header that can be read."""
    wanted = retry_after_seconds(retry_after, now)
    return otherwise if wanted is None else min(wanted, LONGEST_WAIT_SECONDS)


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
