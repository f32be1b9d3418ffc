"""The list of the pairs that are followed, which an operator's call may change."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator


class PairList(Collection[str]):
    """Pairs as the venue spells them, in order. One thread at a time may change it, any thread may read it."""

    def __init__(self, pairs: Iterable[str]) -> None:
        self._pairs = tuple(pairs)

    def add(self, pair: str) -> None:
        """Adds a pair at the end."""
        self._pairs = (*self._pairs, pair)

    def remove(self, pair: str) -> None:
        """Removes a pair, if it is there."""
        self._pairs = tuple(other for other in self._pairs if other != pair)

    def __contains__(self, pair: object) -> bool:
        return pair in self._pairs

    def __iter__(self) -> Iterator[str]:
        return iter(self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)
