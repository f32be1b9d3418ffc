"""All faults, in the order in which they are run."""

from __future__ import annotations

from tests.faults import away, clocks, database, killed, market, misuse
from tests.faults.fault import Fault

FAULTS: tuple[Fault, ...] = (
    *killed.FAULTS,
    *away.FAULTS,
    *market.FAULTS,
    *database.FAULTS,
    *clocks.FAULTS,
    *misuse.FAULTS,
)


def named(names: str) -> list[Fault]:
    """The faults of a list of names with commas between them; all of them for an empty one. Raises `ValueError`."""
    if not names:
        return list(FAULTS)
    known = {fault.name: fault for fault in FAULTS}
    wanted = [name.strip() for name in names.split(",")]
    if unknown := [name for name in wanted if name not in known]:
        raise ValueError(f"no fault is called {', '.join(unknown)}: there are {', '.join(known)}")
    return [known[name] for name in wanted]


def longest_first(faults: list[Fault]) -> list[Fault]:
    """Those with rules at full length come first, so that none of them runs alone in the end."""
    return sorted(faults, key=lambda fault: -fault.within)
