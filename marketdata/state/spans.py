"""Spans of time that do not touch each other, such as the times of which nothing is known. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

MOST_SPANS = 200

Span = tuple[float, float]
"""Begin and end in unix seconds; the end is not part of it. Either may be infinite."""


class Spans:
    """Spans in the order of time. When there are too many, the oldest two become one that holds both."""

    def __init__(self, spans: Iterable[Span] = ()) -> None:
        self._spans: list[Span] = []
        self.replace(spans)

    def __iter__(self) -> Iterator[Span]:
        return iter(self._spans)

    def __bool__(self) -> bool:
        return bool(self._spans)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Spans) and self._spans == other._spans

    __hash__ = None  # type: ignore[assignment]  # it changes

    def add(self, since: float, until: float) -> None:
        """Adds a span; an empty one is ignored."""
        if since >= until:
            return
        apart = [(begin, end) for begin, end in self._spans if end < since or begin > until]
        joined = [(begin, end) for begin, end in self._spans if not (end < since or begin > until)]
        whole = (min([since, *(begin for begin, _ in joined)]), max([until, *(end for _, end in joined)]))
        self._spans = sorted([*apart, whole])
        if len(self._spans) > MOST_SPANS:
            self._spans[:2] = [(self._spans[0][0], self._spans[1][1])]

    def remove(self, since: float, until: float) -> None:
        """Takes a span out of those that hold a part of it."""
        left = [(begin, min(end, since)) for begin, end in self._spans]
        right = [(max(begin, until), end) for begin, end in self._spans]
        self._spans = sorted({(begin, end) for begin, end in left + right if begin < end})

    @property
    def open(self) -> bool:
        """True when the last span has no end."""
        return bool(self._spans) and self._spans[-1][1] == math.inf

    def replace(self, spans: Iterable[Span]) -> None:
        """Forgets the spans and takes others."""
        self._spans = []
        for since, until in spans:
            self.add(since, until)

    def pop_open(self) -> float | None:
        """Takes the span without an end out. Returns its begin, or None when there is no such span."""
        return self._spans.pop()[0] if self.open else None

    def touches(self, since: float, until: float) -> bool:
        """Returns true when some part of a span is known to lie between the two times."""
        return any(begin < until and end > since for begin, end in self._spans)

    def within(self, since: float, until: float) -> list[Span]:
        """Returns the parts that lie between the two times."""
        cut = ((max(begin, since), min(end, until)) for begin, end in self._spans)
        return [(begin, end) for begin, end in cut if begin < end]

    def common(self, other: Spans) -> Spans:
        """Returns the times that are part of both."""
        return Spans(part for begin, end in other for part in self.within(begin, end))
