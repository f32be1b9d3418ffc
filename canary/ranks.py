"""Tests by rank and by count: Mann-Whitney U, the interval of a shift, Fisher's exact test (pure).

Each function takes plain sequences of numbers, the canary's first and the baseline's second:

    >>> mann_whitney([1.15, 0.88, 0.90], [0.74, 1.21]).p_two_sided
    1.0
    >>> shift([10, 20, 30, 40], [1, 2, 3, 4], confidence=0.95)
    Shift(lower=6, estimate=22.5, upper=39, confidence=0.95, achieved=0.9714285714285714, exact=True)
    >>> round(fisher_greater(5, 100, 0, 100), 4)
    0.0297
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from math import comb, isfinite, sqrt
from statistics import NormalDist, median

EXACT_BELOW = 50
"""Both samples must have fewer values than this for the exact distribution of U, as in R's wilcox.test."""
_CONTINUITY = 0.5
_ROUNDING = 1e-14
"""Two chances that differ by less are equal: they differ by the rounding of their sums."""
_NORMAL = NormalDist()


@dataclass(frozen=True)
class RankTest:
    """The Mann-Whitney test of a canary's values against a baseline's.

    u: pairs in which the canary's value is the larger one; a pair of equal values counts half. R names it W.
    p_greater: chance of such a `u` or a larger one when both come from the same distribution.
    p_less: chance of such a `u` or a smaller one.
    p_two_sided: twice the smaller of both, at most 1.
    exact: true when the chances come from the exact distribution of U, false when from the normal one.
    """

    u: float
    p_greater: float
    p_less: float
    p_two_sided: float
    exact: bool


@dataclass(frozen=True)
class Shift:
    """The interval of the shift from the baseline to the canary, in the unit of the values.

    lower: the lower end; a difference of two of the values.
    estimate: the Hodges-Lehmann estimate: the median of all differences canary - baseline.
    upper: the upper end; a difference of two of the values.
    confidence: the confidence that was asked for.
    achieved: the confidence that the interval has. It is below `confidence` when the samples are too small for that.
    exact: true when the ends come from the exact distribution of U, false when from the normal one.
    """

    lower: float
    estimate: float
    upper: float
    confidence: float
    achieved: float
    exact: bool


def mann_whitney(canary: Sequence[float], baseline: Sequence[float]) -> RankTest:
    """Returns the Mann-Whitney test. Raises ValueError for an empty sample and for values that are not finite.

    The distribution of U is exact when both samples have fewer than 50 values and no two values are equal. Else it is
    normal, with the correction for ties and a continuity correction of 0.5, as in R's wilcox.test. Samples whose values
    are all equal give chances of 1: they show no difference.
    """
    _check(canary, baseline)
    m, n = len(canary), len(baseline)
    ordered = sorted(baseline)
    u = sum(bisect_left(ordered, value) + bisect_right(ordered, value) for value in canary) / 2
    exact = _is_exact(canary, baseline)
    if exact:
        chances = _chances_up_to(m, n)
        greater, less = chances[m * n - int(u)], chances[int(u)]
    else:
        spread = _standard_deviation(m, n, _ties((*canary, *baseline)))
        greater = _upper_tail(u - m * n / 2 - _CONTINUITY, spread)
        less = _upper_tail(m * n / 2 - u - _CONTINUITY, spread)
    return RankTest(u=u, p_greater=greater, p_less=less, p_two_sided=min(1.0, 2 * min(greater, less)), exact=exact)


def shift(canary: Sequence[float], baseline: Sequence[float], confidence: float = 0.98) -> Shift:
    """Returns the two-sided interval of the shift that Mann-Whitney's test does not reject, and its estimate.

    The ends are order statistics of the differences canary - baseline (Hollander and Wolfe, 1999, section 4.3), with
    the exact critical value when both samples have fewer than 50 values and no two values are equal, as in R's
    wilcox.test with conf.int. Else the critical value is normal. Its correction for ties counts those within each
    sample, because a shift parts those across the samples. Samples that are too small for the confidence give the
    smallest and the largest difference, and `achieved` tells their confidence. Raises ValueError for an empty sample,
    for values that are not finite, and for a confidence that is not between 0 and 1.
    """
    _check(canary, baseline)
    if not 0 < confidence < 1:
        raise ValueError(f"confidence={confidence}: must be between 0 and 1")
    m, n = len(canary), len(baseline)
    differences = sorted(value - base for value in canary for base in baseline)
    exact = _is_exact(canary, baseline)
    tail = (1 - confidence) / 2
    if exact:
        chances = _chances_up_to(m, n)
        rank = max(1, bisect_left(chances, tail - _ROUNDING))
        outside = 2 * chances[rank - 1]
    else:
        spread = _standard_deviation(m, n, _ties(canary) + _ties(baseline))
        rank = max(1, int(m * n / 2 + _CONTINUITY - _NORMAL.inv_cdf(1 - tail) * spread))
        outside = 2 * _upper_tail(m * n / 2 - rank + 1 - _CONTINUITY, spread)
    return Shift(
        lower=differences[rank - 1],
        estimate=median(differences),
        upper=differences[m * n - rank],
        confidence=confidence,
        achieved=max(0.0, 1 - outside),
        exact=exact,
    )


def fisher_greater(failed: int, total: int, baseline_failed: int, baseline_total: int) -> float:
    """Returns the one-sided p of Fisher's exact test: the chance of so many failures of the canary, or more.

    `failed` of the canary's `total` failed, and `baseline_failed` of the baseline's `baseline_total`. The chance holds
    when both sides fail equally often and as many fail in all. It is 1 when one side has a total of 0. Raises
    ValueError for counts below 0 or above their total.
    """
    for count, of in ((failed, total), (baseline_failed, baseline_total)):
        if not 0 <= count <= of:
            raise ValueError(f"{count} failed of {of}: must be at least 0 and at most the total")
    both = failed + baseline_failed
    ways = sum(comb(total, k) * comb(baseline_total, both - k) for k in range(failed, min(total, both) + 1))
    return ways / comb(total + baseline_total, both)


def _check(canary: Sequence[float], baseline: Sequence[float]) -> None:
    for name, values in (("canary", canary), ("baseline", baseline)):
        if not values:
            raise ValueError(f"{name}: must have at least one value")
        if not all(map(isfinite, values)):
            raise ValueError(f"{name}: must have finite values only")


def _is_exact(canary: Sequence[float], baseline: Sequence[float]) -> bool:
    small = max(len(canary), len(baseline)) < EXACT_BELOW
    return small and len({*canary, *baseline}) == len(canary) + len(baseline)


def _ties(values: Sequence[float]) -> int:
    """Returns the sum of t³ - t over the groups of t equal values."""
    return sum(count**3 - count for count in Counter(values).values())


def _standard_deviation(m: int, n: int, ties: int) -> float:
    """Returns the standard deviation of U for samples of `m` and `n` values."""
    both = m + n
    return sqrt(m * n / 12 * (both + 1 - ties / (both * (both - 1))))


def _upper_tail(distance: float, spread: float) -> float:
    """Returns the normal chance of at least `distance` above the mean; 1 when all values are equal."""
    return _NORMAL.cdf(-distance / spread) if spread > 0 else 1.0


@lru_cache(maxsize=64)
def _chances_up_to(m: int, n: int) -> tuple[float, ...]:
    """Returns the chance of U <= u for each u from 0 to m·n, when no two values are equal.

    The number of orders with each U are the coefficients of the Gaussian binomial: the product over i = 1…m of
    (1 - q^(n+i)) / (1 - q^i).
    """
    ways = [1] + [0] * (m * n)
    for i in range(1, m + 1):
        for place in range(m * n, n + i - 1, -1):
            ways[place] -= ways[place - n - i]
        for place in range(i, m * n + 1):
            ways[place] += ways[place - i]
    every = comb(m + n, m)
    return tuple(count / every for count in accumulate(ways))
