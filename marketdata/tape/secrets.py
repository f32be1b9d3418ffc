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
_NAMED = re.compile(_WORD, re.IGNORECASE)


class Secrets:
    """The secrets of one venue. `values` returns those that are known now."""

    def __init__(self, values: Callable[[], Iterable[str]]) -> None:
        self._values = values

    def blanked(self, text: bytes) -> bytes:
        """Returns the text without a secret in it."""
        if _NAMED.search(text):
            text = _QUERY.sub(rb"\1" + BLANK, _TEXT.sub(rb'\1"' + BLANK + b'"', text))
        for value in self._values():
            if len(value) >= SHORTEST:
                text = text.replace(value.encode(), BLANK)
        return text
