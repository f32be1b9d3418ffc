"""Tells where one more value like a few earlier ones is expected: the prediction interval by Student's t (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import atan, cos, pi, sin, sqrt
from statistics import NormalDist, fmean, stdev


@dataclass(frozen=True)
class Prediction:
    """The place at which one more value is expected.

    mean: the mean of the earlier values.
    reach: the distance above and below the mean within which one more value lies with the chance that was asked for.
    noise: the standard error of the distance of one more value from the mean.
    freedom: the degrees of freedom of `noise`.
    """

    mean: float
    reach: float
    noise: float
    freedom: int


def predicted(values: Sequence[float], beyond: float) -> Prediction:
    """Returns the prediction from two or more values; one more value lies above it with the chance `beyond` (0 to 0.5).

    The values are taken as normal and as independent of each other (Hahn and Meeker, 1991, section 4.7). Raises
    StatisticsError for fewer than two values.
    """
    return predicted_from(fmean(values), stdev(values), len(values), beyond)


def predicted_from(mean: float, deviation: float, count: int, beyond: float) -> Prediction:
    """Returns the prediction from the mean and the standard deviation of `count` values."""
    noise = deviation * sqrt(1 + 1 / count)
    return Prediction(mean=mean, reach=t_quantile(1 - beyond, count - 1) * noise, noise=noise, freedom=count - 1)


def t_chance(distance: float, freedom: int) -> float:
    """Returns the chance that Student's t with `freedom` (1 or more) degrees of freedom is at most `distance`.

    The series for whole degrees of freedom are 26.7.3 and 26.7.4 of Abramowitz and Stegun.
    """
    angle = atan(distance / sqrt(freedom))
    odd = freedom % 2
    term = cos(angle) if odd else 1.0
    total = 0.0
    for step in range(1 + odd, freedom, 2):
        total += term
        term *= step / (step + 1) * cos(angle) ** 2
    within = 2 / pi * (angle + sin(angle) * total) if odd else sin(angle) * total
    return (1 + within) / 2


@lru_cache(maxsize=4096)
def t_quantile(chance: float, freedom: int) -> float:
    """Returns the distance below which t lies with `chance`, which is above 0.5 and below 1. Raises ValueError."""
    if not 0.5 < chance < 1 or freedom < 1:
        raise ValueError(f"chance={chance}, freedom={freedom}: must be above 0.5 and below 1, and at least 1")
    low, high = 0.0, NormalDist().inv_cdf(chance)
    while t_chance(high, freedom) < chance:
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if t_chance(middle, freedom) < chance else (low, middle)
    return high
