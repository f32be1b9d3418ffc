"""The secret address of the outside heartbeat. Anybody who knows it can keep the outside alarm quiet."""

from __future__ import annotations

from pathlib import Path

from common.settings import is_address

SCHEMES = ("http", "https")


class AddressFault(Exception):
    """The address is missing or wrong. The text says which, and shows no part of it."""


def read_address(file: Path) -> str:
    """Returns the address in the file, without a slash at its end. Raises `AddressFault`."""
    try:
        address = file.read_text(encoding="utf-8").strip().rstrip("/")
    except (OSError, UnicodeDecodeError):
        address = ""
    if not address:
        raise AddressFault("there is no secret address")
    if "@" in address or not is_address(address, SCHEMES):
        raise AddressFault("the secret address must begin with http:// or https:// and have no login, ? or #")
    return address
