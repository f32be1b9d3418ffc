"""Blanks secrets before anything is recorded: by the name of their key, and wherever their value stands. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

BLANK = b"***"
SHORTEST = 8
"""A shorter value is blanked by its key alone: it may be part of any price."""
_WORD = rb"(?:token|key|secret|password|authorization|checker|user_?name|hash|cookie)"
_KEY = rb"[\w-]*" + _WORD
_TEXT = re.compile(rb'("' + _KEY + rb'"\s*:\s*)"(?:[^"\\]|\\.)*"?', re.IGNORECASE)
_QUERY = re.compile(rb"([?&]" + _KEY + rb"=)[^&\s]*", re.IGNORECASE)
_USER = re.compile(rb"(://)[^/@\s]+@")
_NAMED = re.compile(_WORD, re.IGNORECASE)


class Secrets:
    """The secrets of one venue. `values` returns those that are known now."""

    def __init__(self, values: Callable[[], Iterable[str]]) -> None:
        self._values = values

    def blanked(self, text: bytes) -> bytes:
        """Returns the text without a secret in it."""
        if _NAMED.search(text):
            text = _QUERY.sub(rb"\1" + BLANK, _TEXT.sub(rb'\1"' + BLANK + b'"', text))
        text = _USER.sub(rb"\1" + BLANK + b"@", text) if b"://" in text else text
        for value in self._values():
            if len(value) >= SHORTEST:
                text = text.replace(value.encode(), BLANK)
        return text

    def blanked_text(self, text: str) -> str:
        """Does the same with a sentence of ours or an address. What UTF-8 can't write is replaced."""
        return self.blanked(text.encode(errors="replace")).decode(errors="replace")
