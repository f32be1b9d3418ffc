"""The base of the contents of events."""

from __future__ import annotations

from common import wire


class Payload(wire.Message, frozen=True, kw_only=True, tag_field="kind"):
    """Base of the contents of events."""
