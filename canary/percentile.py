"""The percentile by nearest rank, and the durations that it is computed from (pure)."""

from __future__ import annotations

from collections.abc import Sequence

from canary.observation import Sample

MINIMUM_SAMPLES = 20
PERCENT = 95


def nearest_rank(values: Sequence[float], percent: int) -> float:
    """Returns the smallest value that at least `percent` (1 to 100) of all values do not exceed. Raises ValueError."""
    if not values:
        raise ValueError("a percentile needs at least one value")
    rank = -(-percent * len(values) // 100)
    return sorted(values)[rank - 1]


def timed_seconds(samples: Sequence[Sample], target: str | None = None) -> list[float]:
    """Returns the durations that the percentile is computed from, in seconds; `target` None stands for all targets.

    A probe without a whole answer is left out: it fails its own check.
    """
    return [one.seconds for one in samples if one.outcome == "answered" and target in (None, one.target)]
