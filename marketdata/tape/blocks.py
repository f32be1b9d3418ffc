"""Packs the blocks of a tape."""

from __future__ import annotations

from isal import igzip

LEVEL = 1
"""The compression's level, of 0 to 3: as quick as 0, and as small as the higher ones by a hundredth."""


def packed(content: bytes) -> bytes:
    """Returns a block: whole records as one member of a gzip file, with its length and checksum."""
    member: bytes = igzip.compress(content, LEVEL, mtime=0)
    return member
