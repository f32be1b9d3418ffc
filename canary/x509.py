"""Reads the end of a certificate's validity out of its bytes: X.509 in DER, RFC 5280, sections 4.1 and 4.1.2.5."""

from __future__ import annotations

from datetime import UTC, datetime

_SEQUENCE, _UTC_TIME, _GENERALIZED_TIME, _VERSION = 0x30, 0x17, 0x18, 0xA0


def end_of(certificate: bytes) -> datetime:
    """Returns the time until which a certificate is valid, in UTC. Raises `ValueError` for what is no certificate."""
    try:
        [(tag, whole), *_] = _elements(certificate)
        [(_, to_be_signed), *_] = _elements(_expected(tag, whole))
        fields = [one for one in _elements(to_be_signed) if one[0] != _VERSION]
        # serial number, algorithm, issuer, validity
        [_, (tag, latest)] = _elements(_expected(*fields[3]))
        return _time(tag, latest.decode("ascii"))
    except IndexError as error:
        raise ValueError("it ends too early") from error


def _expected(tag: int, content: bytes) -> bytes:
    if tag != _SEQUENCE:
        raise ValueError(f"a sequence is expected, there is {tag:#x}")
    return content


def _elements(content: bytes) -> list[tuple[int, bytes]]:
    """Returns the tag and the content of each element. Raises `ValueError` and `IndexError`."""
    found, at = [], 0
    while at < len(content):
        tag, length, at = content[at], content[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(content[at : at + size], "big"), at + size
        if at + length > len(content):
            raise ValueError("an element is longer than what it is in")
        found.append((tag, content[at : at + length]))
        at += length
    return found


def _time(tag: int, text: str) -> datetime:
    if tag == _UTC_TIME:
        text = ("20" if text < "5" else "19") + text
    elif tag != _GENERALIZED_TIME:
        raise ValueError(f"a time is expected, there is {tag:#x}")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
