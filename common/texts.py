"""Texts of others, made fit to be shown: bounded, and without characters that change how the rest is read. Pure."""

from __future__ import annotations

INVISIBLE = "\ufffd"
BLANKS = str.maketrans(dict.fromkeys("\t\n\r", " "))


def shown(text: str, most: int) -> str:
    """Returns at most `most` characters. Line ends become blanks; control, direction and half characters become `�`."""
    cut = text[:most]
    if cut.isprintable():
        return cut
    return "".join(each if each.isprintable() else INVISIBLE for each in cut.translate(BLANKS))
