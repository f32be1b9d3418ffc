"""Keeps over restarts which symbols an operator's calls added to those of the settings, and which they removed."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import msgspec

from common import wire
from common.files import replace_durably

log = logging.getLogger(__name__)

VERSION = 1
FILE = "followed.json"


class StoredChanges(msgspec.Struct):
    """The content of the file.

    version: the version of the format.
    added: the symbols that are followed and not in the settings, in the order in which they were added.
    removed: the symbols of the settings that are not followed.
    """

    version: int
    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True)
class FollowedFile:
    """The file of the changes. A later change of the settings stands beside them.

    folder: the folder of the file; None, or one that is not there, keeps nothing.
    base: the symbols of the settings, in order.
    """

    folder: Path | None
    base: tuple[str, ...]

    @property
    def on(self) -> bool:
        """True when there is a folder to keep changes in."""
        return self.folder is not None and self.folder.is_dir()

    def symbols(self) -> tuple[str, ...]:
        """Returns the symbols to follow. A file that can't be used is logged, and changes nothing."""
        path = self._path()
        try:
            stored = _decoded(path.read_bytes()) if path else None
        except FileNotFoundError:
            return self.base
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError) as error:
            log.warning("the added and removed symbols can't be used", extra={"reason": str(error)[:200]})
            return self.base
        if stored is None:
            return self.base
        kept = (symbol for symbol in self.base if symbol not in stored.removed)
        return tuple(dict.fromkeys((*kept, *stored.added)))

    def save(self, symbols: Collection[str]) -> None:
        """Keeps the symbols that are followed. Raises `OSError`; the file is then as it was."""
        path = self._path()
        if path is None:
            raise FileNotFoundError("there is no folder to keep it in")
        added = tuple(symbol for symbol in symbols if symbol not in self.base)
        removed = tuple(symbol for symbol in self.base if symbol not in symbols)
        replace_durably(path, wire.encode(StoredChanges(VERSION, added, removed)), mode=0o644)

    def _path(self) -> Path | None:
        return self.folder / FILE if self.folder is not None and self.on else None


def _decoded(content: bytes) -> StoredChanges:
    """Raises `ValueError`, or what msgspec raises, for content that can't be used."""
    stored = msgspec.json.decode(content, type=StoredChanges)
    if stored.version != VERSION:
        raise ValueError(f"they have the format {stored.version}, not {VERSION}")
    return stored
