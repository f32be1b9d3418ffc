"""The place in a list that a page ends at, as an opaque text. Pure."""

from __future__ import annotations

import base64
import binascii

from common.errors import InvalidRequest

LAST = 2**63 - 1
_LONGEST = 40


def cursor_of(place: int) -> str:
    """Returns the text for a place, which is a number from 0 to `LAST`."""
    return base64.urlsafe_b64encode(f"v1.{place}".encode()).decode().rstrip("=")


def place_of(cursor: str | None, field: str) -> int:
    """Returns the place of a cursor; the end of the list for None. Raises `InvalidRequest` for any other text."""
    if cursor is None:
        return LAST
    try:
        text = base64.urlsafe_b64decode(cursor[:_LONGEST] + "=" * (-len(cursor) % 4)).decode("ascii")
        place = int(text.removeprefix("v1."))
    except (binascii.Error, ValueError):
        place = -1
    if not 0 <= place <= LAST or cursor_of(place) != cursor:
        raise InvalidRequest(field, "must be the `next` of an answer of this call, as it came")
    return place
