"""The journal of changes in memory: undoes them, newest first, when they can't become durable."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from functools import partial
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")

Undo = Callable[[], object]


class Journal:
    """Makes changes, and remembers how to undo each one."""

    def __init__(self) -> None:
        self._undo: list[Undo] = []

    def put(self, mapping: MutableMapping[K, V], key: K, value: V) -> None:
        """Sets a key of a mapping."""
        if key in mapping:
            self._undo.append(partial(mapping.__setitem__, key, mapping[key]))
        else:
            self._undo.append(partial(mapping.__delitem__, key))
        mapping[key] = value

    def drop(self, mapping: MutableMapping[K, V], key: K) -> None:
        """Removes a key of a mapping. Raises `KeyError` when it has none such."""
        self._undo.append(partial(mapping.__setitem__, key, mapping.pop(key)))

    def assign(self, owner: object, name: str, value: object) -> None:
        """Sets an attribute."""
        self._undo.append(partial(setattr, owner, name, getattr(owner, name)))
        setattr(owner, name, value)

    def did(self, undo: Undo) -> None:
        """Notes that something was done that `undo` takes back."""
        self._undo.append(undo)

    def mark(self) -> int:
        """Returns the present point, to roll back to."""
        return len(self._undo)

    def roll_back(self, mark: int = 0) -> None:
        """Undoes everything since the point."""
        while len(self._undo) > mark:
            self._undo.pop()()

    def take(self) -> Journal:
        """Returns a journal of everything so far; this one begins anew."""
        taken = Journal()
        taken._undo, self._undo = self._undo, []
        return taken
