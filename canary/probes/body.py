"""An answer with its body in the forms that conditions ask for (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from canary.observation import ProbeAnswer
from canary.probes.declared import DeclaredProbe
from canary.probes.exposition import Exposition, read_exposition
from canary.probes.sentences import Missing, Noted, Value

Found = Value | Noted | Missing
Path = tuple[str | int, ...]
NONE = "none"
"""The text of a list that has nothing in it."""
_JSON = msgspec.json.Decoder(float_hook=Decimal)
_MOST_LISTED = 5


class Body:
    """An answer, with its body read once in each form, and the probe that it is the answer to."""

    def __init__(self, answer: ProbeAnswer, declared: DeclaredProbe) -> None:
        self.answer = answer
        self.declared = declared

    def json(self) -> Any:
        """Returns the body as JSON, numbers with a point as Decimal. Raises ValueError when it is none."""
        try:
            return _JSON.decode(self.answer.body)
        except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
            raise ValueError("the body is no JSON") from error

    def object(self) -> Mapping[str, Any]:
        """Returns the body as an object of JSON; an empty one when it is something else."""
        try:
            found = self.json()
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def metrics(self) -> Exposition:
        """Returns the body as metrics. Raises ValueError when it can't be read."""
        return read_exposition(self.answer.body)

    def rows(self, *names: str) -> list[Mapping[str, Any]] | None:
        """Returns the objects of the list at these names, one inside the other; None when there is no list."""
        found: Any = self.object()
        for name in names:
            found = found.get(name) if isinstance(found, dict) else None
        return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else None


def listed(parts: list[str]) -> str:
    """Returns the parts in one line, not all when they are many; `none` when there are none."""
    more = len(parts) - _MOST_LISTED
    return "; ".join(parts[:_MOST_LISTED]) + (f"; and {more} more" if more > 0 else "") if parts else NONE
