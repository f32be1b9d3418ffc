"""The bytes of a package: a zip that the same files always give, and that is read in this one form alone (pure)."""

from __future__ import annotations

import binascii
import re
import struct
from collections.abc import Mapping
from typing import NamedTuple

MOST_FILES = 200
MOST_BYTES = 200 * 2**20
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_DATE = 1 << 5 | 1
_READ_ONLY_FILE = 0o100444
_VERSION, _UNIX, _STORED = 20, 3, 0
_END = struct.Struct("<4sHHHHIIH")
_ENTRY = struct.Struct("<4sBBHHHHHIIIHHHHHII")
_HEAD = struct.Struct("<4sHHHHHIIIHH")
_HEAD_FIELDS = (
    (0, "signature"),
    (4, "version"),
    (6, "flags"),
    (8, "method"),
    (10, "time"),
    (14, "checksum"),
    (18, "sizes"),
    (26, "lengths"),
)
_ENTRY_FIELDS = (
    (0, "signature"),
    (4, "version"),
    (5, "system"),
    (6, "version"),
    (8, "flags"),
    (10, "method"),
    (12, "time"),
    (16, "checksum"),
    (20, "sizes"),
    (28, "lengths"),
    (34, "disk"),
    (36, "attributes"),
    (42, "offset"),
)
_END_FIELDS = ((0, "signature"), (4, "disk"), (8, "counts"), (12, "sizes"), (20, "comment"))
"""The fields at their bytes, of a file's head, of its entry in the directory, and of the directory's end."""


class NotCanonicalError(ValueError):
    """The bytes are no package: they are not in the one form that the same files always give."""


class OlderFormError(NotCanonicalError):
    """The bytes are a zip whose files are compressed, as packages of earlier versions are."""


class _Part(NamedTuple):
    """A stretch of a package: where it begins, its name, and what begins at which of its bytes."""

    start: int
    name: str
    fields: tuple[tuple[int, str], ...]


def zip_of(files: Mapping[str, bytes]) -> bytes:
    """Returns a zip whose bytes depend on names and content alone: sorted, stored, one fixed date, read-only, of Unix.

    Nothing is compressed, and no library writes it: they differ in what they make of the same content.
    """
    heads, entries = bytearray(), bytearray()
    for path, content in sorted(files.items()):
        name = path.encode("ascii")
        sums = (_VERSION, 0, _STORED, 0, _DATE, binascii.crc32(content), len(content), len(content), len(name), 0)
        entries += _ENTRY.pack(b"PK\x01\x02", _VERSION, _UNIX, *sums, 0, 0, 0, _READ_ONLY_FILE << 16, len(heads)) + name
        heads += _HEAD.pack(b"PK\x03\x04", *sums) + name + content
    return bytes(heads + entries) + _END.pack(b"PK\x05\x06", 0, 0, len(files), len(files), len(entries), len(heads), 0)


def files_of(content: bytes) -> dict[str, bytes]:
    """Returns the files of a package. Raises NotCanonicalError for anything but the very bytes that `zip_of` gives.

    It takes no more memory than a few times the size of `content`, whatever that says about itself.
    """
    files = unpacked(content)
    again = zip_of(files)
    if again != content:
        raise NotCanonicalError(_difference(files, content, again))
    return files


def unpacked(content: bytes) -> dict[str, bytes]:
    """Returns the files as the directory at the end tells them: enough for a list, no proof of any other byte.

    Raises NotCanonicalError for what no package can have.
    """
    if len(content) > MOST_BYTES:
        raise NotCanonicalError(f"it is larger than any package: {MOST_BYTES} bytes at most")
    if content[:4] not in (b"PK\x03\x04", b"PK\x05\x06"):
        raise NotCanonicalError("it does not begin with a file of a zip: it is none, or bytes stand before it")
    end = len(content) - _END.size
    if end < 0 or content[end : end + 4] != b"PK\x05\x06":
        raise NotCanonicalError("it does not end with the end of a zip: it was cut off, or bytes or a comment follow")
    *_, count, _, place, _ = _END.unpack_from(content, end)
    if count > MOST_FILES:
        raise NotCanonicalError(f"it has {count} files; a package has {MOST_FILES} at most")
    files: dict[str, bytes] = {}
    left = len(content)
    for _ in range(count):
        if place + _ENTRY.size > end or content[place : place + 4] != b"PK\x01\x02":
            raise NotCanonicalError(f"its directory is cut off, or has no {count} files")
        *_, method, _, _, _, packed, size, name_size, extra_size, comment_size, _, _, _, offset = _ENTRY.unpack_from(
            content, place
        )
        name = _name(content[place + _ENTRY.size : place + _ENTRY.size + name_size], files)
        if method != _STORED:
            raise OlderFormError(f"{name} is compressed; the files of a package are not")
        left -= size
        if left < 0 or packed != size:
            raise NotCanonicalError(f"{name} says that it has {size} bytes, more than the package has for it")
        start = offset + _HEAD.size + name_size
        files[name] = content[start : start + size]
        place += _ENTRY.size + name_size + extra_size + comment_size
    return files


def _name(raw: bytes, known: Mapping[str, bytes]) -> str:
    name = raw.decode("ascii", "replace")
    if not NAME.fullmatch(name):
        raise NotCanonicalError(f"{name!r:.120} is no name of a file in a package")
    if name in known:
        raise NotCanonicalError(f"{name} comes twice")
    return name


def _difference(files: Mapping[str, bytes], content: bytes, again: bytes) -> str:
    """Tells the place at which the bytes differ first from those of the same files."""
    pairs = zip(content, again, strict=False)
    place = next((at for at, (one, other) in enumerate(pairs) if one != other), min(len(content), len(again)))
    part = [part for part in _parts(files) if part.start <= place][-1]
    field = [name for start, name in part.fields if part.start + start <= place][-1]
    return f"in {part.name} the {field} is another than in every package of these files (byte {place})"


def _parts(files: Mapping[str, bytes]) -> list[_Part]:
    """The stretches that a package of these files has, in order."""
    parts, place = [], 0
    for name, content in sorted(files.items()):
        parts.append(_Part(place, f"the head of {name}", (*_HEAD_FIELDS, (_HEAD.size, "name or content"))))
        place += _HEAD.size + len(name) + len(content)
    for name in sorted(files):
        parts.append(_Part(place, f"the directory's entry of {name}", (*_ENTRY_FIELDS, (_ENTRY.size, "name"))))
        place += _ENTRY.size + len(name)
    return [*parts, _Part(place, "the directory's end", _END_FIELDS)]
