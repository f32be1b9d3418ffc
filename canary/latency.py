"""Judges two sides that were measured side by side: is the candidate slower than the baseline (pure).

Each side is a sequence of durations in seconds, in the order in which they were taken. Take both sides in turns, in
the order baseline, candidate, candidate, baseline (ABBA), so that a host that drifts slows both alike:

    >>> wanted = blocks_wanted(baseline, candidate) * BLOCK  # samples of each side
    >>> compare(baseline, candidate).outcome
    'alike'

Give each comparison one kind of request: two kinds of different length would count as spread.

The unit is a block of 20 samples in a row. Its value is the mean of the middle ten, on logarithms, so that a shift is
a ratio. Samples that follow each other are alike and would count as more than they are; blocks do so much less. The
middle mean ignores a slow tail as a median does, and still moves when a coarse clock rounds all medians to one value.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, exp, inf, log, pi, sqrt
from statistics import NormalDist, fmean, median, median_high, variance
from typing import Literal

import msgspec

from canary.ranks import Shift, shift
from common import wire

BLOCK = 20
"""Samples in a row that make one block."""
FEWEST_BLOCKS = 12
"""Blocks of each side without which nothing is judged: fewer don't tell their own spread."""
CLEAR_BLOCKS = 6
"""Blocks of each side that suffice for a candidate whose fastest one takes `FOUND_RATIO` times the baseline's slowest.

At most one pair of equal sides in 924 comes out so by chance, and one in 650 in any look before `FEWEST_BLOCKS`.
"""
CONFIDENCE = 0.98
"""Confidence of the ratio's interval, two-sided: 1 % of equal candidates have an interval above 1."""
ALLOWED_RATIO = 1.25
"""A candidate with a smaller ratio is never slower, however clear the difference is."""
FOUND_RATIO = 1.5
"""A comparison that could not have found this ratio is unclear."""
FOUND_IN = 0.998
"""Share of comparisons that find a ratio which they could have found. The spread is an estimate, so it is high."""

_MIDDLE = slice(BLOCK // 4, BLOCK - BLOCK // 4)
_REACH = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
_MARGIN = NormalDist().inv_cdf(FOUND_IN)
_RANK_LOSS = sqrt(pi / 3)
"""The standard error of the Hodges-Lehmann estimate of normal values, in those of the difference of their means."""
_ROUNDING = 1e-9
_LARGEST_RATIO = 1e300

LatencyOutcome = Literal["slower", "alike", "unclear"]


class LatencyComparison(wire.Message, frozen=True, kw_only=True):
    """The outcome of a comparison of two sides' durations.

    outcome: `slower`; `alike` when the candidate is not slower (it may be faster); `unclear` when nothing can be said.
    reason: a sentence with the numbers behind the outcome.
    baseline_samples, candidate_samples: the samples of each side.
    baseline_blocks, candidate_blocks: the whole blocks of each side.
    baseline_median, candidate_median: the median of each side in seconds; None without samples.
    ratio: how many times the baseline's duration the candidate takes; None when there are too few blocks.
    lower, upper: the interval of the ratio at `confidence`; None when there are too few blocks.
    confidence: the confidence of the interval, 0 to 1.
    smallest_found: the smallest ratio that would have been found; None when there are too few blocks.
    blocks_wanted: the blocks of each side that `FOUND_RATIO` needs at this spread; None when there are too few blocks.
    """

    outcome: LatencyOutcome
    reason: str
    baseline_samples: int
    candidate_samples: int
    baseline_blocks: int
    candidate_blocks: int
    baseline_median: float | None
    candidate_median: float | None
    ratio: float | None = None
    lower: float | None = None
    upper: float | None = None
    confidence: float = CONFIDENCE
    smallest_found: float | None = None
    blocks_wanted: int | None = None


def blocks_wanted(*sides: Sequence[float]) -> int:
    """Returns how many blocks of each side are needed to find `FOUND_RATIO`, at the spread of the samples so far.

    Only the spread within each side counts, never the difference between the sides, so asking again while the samples
    come makes no more false alarms. The least is `FEWEST_BLOCKS`, which is also the answer for fewer samples than that.
    Raises ValueError for a duration that is not above 0 or not finite.
    """
    for number, side in enumerate(sides, 1):
        _check(f"side {number}", side)
    known = [blocks for blocks in map(_blocks, sides) if len(blocks) >= FEWEST_BLOCKS]
    return _wanted(_spread(known)) if known else FEWEST_BLOCKS


def clearly_slower(baseline: Sequence[float], candidate: Sequence[float]) -> bool:
    """Returns true when the candidate is slower beyond doubt, so that no further block is needed to say so.

    It may be asked at each block. Raises ValueError for a duration that is not above 0 or not finite.
    """
    _check("baseline", baseline)
    _check("candidate", candidate)
    return _clearly(_blocks(baseline), _blocks(candidate))


def compare(baseline: Sequence[float], candidate: Sequence[float]) -> LatencyComparison:
    """Compares two sides, each as durations in seconds in the order in which they were taken.

    The candidate is slower when the interval of its ratio lies above 1 and the ratio is at least `ALLOWED_RATIO`. The
    outcome is unclear when a side has fewer than `FEWEST_BLOCKS` blocks and is not clearly slower, when a duration is
    not above 0 or not finite, or when a slowdown of `FOUND_RATIO` could have been missed. Numbers never make it raise.
    """
    try:
        _check("baseline", baseline)
        _check("candidate", candidate)
    except ValueError as error:
        return _unclear(str(error), baseline, candidate)
    sides = [_blocks(baseline), _blocks(candidate)]
    have = min(map(len, sides))
    if have < FEWEST_BLOCKS and not _clearly(*sides):
        needed = f"at least {FEWEST_BLOCKS} blocks of {BLOCK} samples of each side are needed, there are {have}"
        return _unclear(needed, baseline, candidate)
    spread = _spread(sides)
    error_of_ratio = spread * _RANK_LOSS * sqrt(sum(1 / len(side) for side in sides))
    smallest = max(
        ratio_of((_REACH + _MARGIN) * error_of_ratio),
        ratio_of(log(ALLOWED_RATIO) + _MARGIN * error_of_ratio),
        _step_of_clock(baseline, candidate),
    )
    found = shift(sides[1], sides[0], CONFIDENCE)
    outcome, reason = _judged(found, smallest)
    return msgspec.structs.replace(
        _unclear(reason, baseline, candidate),
        outcome=outcome,
        ratio=ratio_of(found.estimate),
        lower=ratio_of(found.lower),
        upper=ratio_of(found.upper),
        smallest_found=smallest,
        blocks_wanted=_wanted(spread),
    )


def ratio_of(logarithm: float) -> float:
    """Returns the ratio of a difference of logarithms, at most 1e300: a number that JSON can hold."""
    return exp(logarithm) if logarithm < log(_LARGEST_RATIO) else _LARGEST_RATIO


def _judged(found: Shift, smallest: float) -> tuple[LatencyOutcome, str]:
    ratio, lower, upper = ratio_of(found.estimate), ratio_of(found.lower), ratio_of(found.upper)
    measured = f"the candidate takes {ratio:.2f} times the baseline's duration ({lower:.2f} to {upper:.2f})"
    if lower > 1 and ratio >= ALLOWED_RATIO:
        return "slower", f"{measured}; {ALLOWED_RATIO:g} times is the limit"
    would = f"{smallest:.2f} times would have been found"
    if smallest > FOUND_RATIO + _ROUNDING:
        return "unclear", f"{measured}, but only {would}, and {FOUND_RATIO:g} must be"
    return "alike", f"{measured}; {would}"


def _unclear(reason: str, baseline: Sequence[float], candidate: Sequence[float]) -> LatencyComparison:
    return LatencyComparison(
        outcome="unclear",
        reason=reason,
        baseline_samples=len(baseline),
        candidate_samples=len(candidate),
        baseline_blocks=len(baseline) // BLOCK,
        candidate_blocks=len(candidate) // BLOCK,
        baseline_median=median(baseline) if baseline else None,
        candidate_median=median(candidate) if candidate else None,
    )


def _check(name: str, seconds: Sequence[float]) -> None:
    wrong = next((value for value in seconds if not 0 < value < inf), None)
    if wrong is not None:
        raise ValueError(f"the {name} has a duration of {wrong:g} s: each must be above 0 and finite")


def _blocks(seconds: Sequence[float]) -> list[float]:
    """Returns the middle mean of each whole block, as a logarithm."""
    whole = range(0, len(seconds) - BLOCK + 1, BLOCK)
    return [fmean(map(log, sorted(seconds[start : start + BLOCK])[_MIDDLE])) for start in whole]


def _clearly(baseline: Sequence[float], candidate: Sequence[float]) -> bool:
    enough = min(len(baseline), len(candidate)) >= CLEAR_BLOCKS
    return enough and min(candidate) >= max(baseline) + log(FOUND_RATIO)


def _spread(sides: Sequence[Sequence[float]]) -> float:
    """Returns the standard deviation of the blocks within their sides."""
    return sqrt(fmean([variance(side) for side in sides], weights=[len(side) - 1 for side in sides]))


def _wanted(spread: float) -> int:
    """Returns the blocks of each side at which `FOUND_RATIO` is the smallest ratio that is found."""
    largest_error = min(log(FOUND_RATIO) / (_REACH + _MARGIN), log(FOUND_RATIO / ALLOWED_RATIO) / _MARGIN)
    return max(FEWEST_BLOCKS, ceil(2 * (spread * _RANK_LOSS / largest_error) ** 2))


def _step_of_clock(baseline: Sequence[float], candidate: Sequence[float]) -> float:
    """Returns the ratio of the next larger duration to the baseline's median: no smaller one can be seen."""
    middle = median_high(baseline)
    above = min((value for side in (baseline, candidate) for value in side if value > middle), default=middle)
    return min(above / middle, _LARGEST_RATIO)
