"""The restart baseline: the restarts of each container at the moment from which they are judged. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated

import msgspec

from common import wire

LONGEST_BY = 60
LONGEST_WHY = 200
MOST_CONTAINERS = 200

_Id = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**31)]


class CountedContainer(wire.Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The restarts of one container at the moment of the baseline.

    id: the container's id, 64 hexadecimal digits.
    name: the container's name.
    restart_count: restarts by the engine, in all.
    """

    id: _Id
    name: str
    restart_count: _Count


class RestartBaseline(wire.Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The moment from which restarts are judged. Making one that no report can show raises ValueError.

    by: the person who set it.
    at: when it was set, UTC.
    why: the reason that this person gave.
    counts: the restarts of each container at that moment. A container that is not in it has all its restarts judged.
    """

    by: str
    at: datetime
    why: str
    counts: tuple[CountedContainer, ...]

    def __post_init__(self) -> None:
        """Raises ValueError with the first thing that is wrong."""
        names = [("the name of a container", one.name, LONGEST_WHY) for one in self.counts]
        for what, text, most in [("by", self.by, LONGEST_BY), ("why", self.why, LONGEST_WHY), *names]:
            fault = text_fault(what, text, most)
            if fault:
                raise ValueError(fault)
        if self.at.tzinfo is None:
            raise ValueError("at must have a zone")
        if len(self.counts) > MOST_CONTAINERS:
            raise ValueError(f"counts has {len(self.counts)} containers, at most {MOST_CONTAINERS} are read")
        if len({one.id for one in self.counts}) < len(self.counts):
            raise ValueError("counts names a container twice")


def text_fault(what: str, text: str, most: int) -> str | None:
    """Returns why `text` can't be a name or a reason, as a sentence about `what`; None when it can."""
    if not text.strip() or text != text.strip():
        return f"{what} must be a text that neither begins nor ends with a blank"
    if len(text) > most:
        return f"{what} must have at most {most} letters, not {len(text)}"
    if not text.isprintable():
        return f"{what} must be on one line, without control characters"
    return None


def restarts_since(baseline: RestartBaseline | None, container_id: str, restart_count: int) -> int:
    """Returns the restarts of a container since the baseline: all of them when it does not count this container.

    A count below that of the baseline has begun anew at 0, as after `docker compose restart`. It is then judged in all.
    """
    counts = baseline.counts if baseline else ()
    before = next((one.restart_count for one in counts if one.id == container_id), 0)
    return restart_count - before if before <= restart_count else restart_count


def without_outdated(baseline: RestartBaseline, restart_counts: Mapping[str, int]) -> RestartBaseline:
    """Returns the baseline without the containers whose count of now, by id, is below that of the baseline."""
    return msgspec.structs.replace(baseline, counts=tuple(_still_valid(baseline.counts, restart_counts)))


def _still_valid(counts: Iterable[CountedContainer], restart_counts: Mapping[str, int]) -> Iterable[CountedContainer]:
    return (one for one in counts if restart_counts.get(one.id, one.restart_count) >= one.restart_count)
