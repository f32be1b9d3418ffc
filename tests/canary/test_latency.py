"""The judge of latencies finds a slowdown of one and a half, and leaves equal sides alone, in worlds of many kinds."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from math import exp, inf, isfinite, log, nan, sqrt

import pytest

from canary.latency import (
    BLOCK,
    CLEAR_BLOCKS,
    FEWEST_BLOCKS,
    FOUND_RATIO,
    LatencyComparison,
    blocks_wanted,
    clearly_slower,
    compare,
)

RUNS = 500
MOST_BLOCKS = 600
ABBA = (0, 1, 1, 0)


@dataclass(frozen=True)
class World:
    """A host on which both sides are measured in turns. Durations are log-normal around 20 ms.

    spread: the standard deviation of the logarithms.
    correlated: the correlation of each sample with the one before it on its side.
    tick: the clock's resolution in seconds; 0 for a fine one.
    drift: the host's slowness as a logarithm, by the number of samples taken before.
    tail: share of the samples that take ten times as long.
    """

    spread: float
    correlated: float = 0.0
    tick: float = 0.0
    drift: Callable[[int], float] = lambda _: 0.0
    tail: float = 0.0


WORLDS = {
    "steady": World(0.3),
    "usual": World(0.5),
    "wide": World(0.7),
    "widest": World(1.0),
    "correlated": World(0.5, correlated=0.8),
    "coarse clock": World(0.5, tick=0.01),
    "drifting a quarter slower": World(0.5, drift=lambda taken: log(1.25) * min(1.0, taken / 700)),
    "slower from one moment on": World(0.4, drift=lambda taken: log(1.5) * (taken > 300)),
    "slow tail": World(0.4, tail=0.1),
}


class Bench:
    """Measures two sides of a world in ABBA order. The same measurement is told for each ratio of the candidate."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._exact: tuple[list[float], list[float]] = ([], [])
        self._dice = random.Random(seed)
        self._last = [self._dice.gauss(0, 1), self._dice.gauss(0, 1)]
        self._taken = 0

    def sides(self, blocks: int, ratio: float) -> tuple[list[float], list[float]]:
        """The first blocks of both sides in seconds, by the clock; the candidate takes `ratio` times as much."""
        while len(self._exact[0]) < blocks * BLOCK:
            for side in ABBA:
                self._exact[side].append(self._sample(side))
                self._taken += 1
        baseline, candidate = (exact[: blocks * BLOCK] for exact in self._exact)
        return self._told(baseline), self._told([seconds * ratio for seconds in candidate])

    def _sample(self, side: int) -> float:
        world, kept = self._world, self._world.correlated
        self._last[side] = kept * self._last[side] + sqrt(1 - kept**2) * self._dice.gauss(0, 1)
        seconds = 0.02 * exp(world.spread * self._last[side] + world.drift(self._taken))
        return seconds * 10 if world.tail and self._dice.random() < world.tail else seconds

    def _told(self, exact: list[float]) -> list[float]:
        tick = self._world.tick
        return [max(tick, round(seconds / tick) * tick) for seconds in exact] if tick else exact


def judged(bench: Bench, ratio: float) -> LatencyComparison:
    """Measures as many blocks as are wanted, asking again while the samples come, and compares."""
    for blocks in range(CLEAR_BLOCKS, FEWEST_BLOCKS):
        if clearly_slower(*bench.sides(blocks, ratio)):
            return compare(*bench.sides(blocks, ratio))
    have, wanted = 0, FEWEST_BLOCKS
    while have < wanted <= MOST_BLOCKS:
        sides = bench.sides(wanted, ratio)
        have, wanted = wanted, blocks_wanted(*sides)
    return compare(*sides)


@pytest.mark.slow
@pytest.mark.parametrize("name", WORLDS)
def test_a_slowdown_of_one_and_a_half_is_found_and_equal_sides_are_left_alone(name: str) -> None:
    outcomes = []
    for seed in range(RUNS):
        bench = Bench(WORLDS[name], seed)
        outcomes.append((judged(bench, FOUND_RATIO).outcome, judged(bench, 1.0).outcome))
    slowed, equal = zip(*outcomes, strict=True)
    found, alarms = slowed.count("slower"), equal.count("slower")
    print(f"{name}: found {found / RUNS:.1%}, false alarms {alarms / RUNS:.1%}")
    assert found > 0.95 * RUNS
    assert alarms < 0.05 * RUNS
    assert equal[:50].count("unclear") == 0


def log_normal(count: int, spread: float, seed: int, ratio: float = 1.0) -> list[float]:
    dice = random.Random(seed)
    return [0.02 * ratio * exp(dice.gauss(0, spread)) for _ in range(count)]


def test_a_clear_rise_of_one_percent_is_alike() -> None:
    found = compare(log_normal(2000, 0.02, 1), log_normal(2000, 0.02, 2, ratio=1.01))
    assert found.outcome == "alike"
    assert found.lower is not None
    assert found.lower > 1
    assert found.reason.startswith("the candidate takes 1.01 times the baseline's duration (1.01 to 1.01); 1.2")


def test_a_slower_candidate_is_told_with_its_ratio_its_interval_and_the_limit() -> None:
    found = compare(log_normal(400, 0.3, 1), log_normal(400, 0.3, 2, ratio=2.0))
    assert found.outcome == "slower"
    assert found.ratio == pytest.approx(2.0, rel=0.1)
    assert found.reason == (
        f"the candidate takes {found.ratio:.2f} times the baseline's duration "
        f"({found.lower:.2f} to {found.upper:.2f}); 1.25 times is the limit"
    )
    assert (found.baseline_samples, found.baseline_blocks, found.candidate_blocks) == (400, 20, 20)


def test_a_faster_candidate_is_alike() -> None:
    found = compare(log_normal(400, 0.3, 1), log_normal(400, 0.3, 2, ratio=0.5))
    assert (found.outcome, found.upper is not None and found.upper < 1) == ("alike", True)


def test_eleven_blocks_are_unclear_and_twelve_are_judged() -> None:
    side = log_normal(FEWEST_BLOCKS * BLOCK, 0.3, 1)
    few = compare(side, side[:-1])
    assert (few.outcome, few.ratio, few.candidate_blocks) == ("unclear", None, 11)
    assert few.reason == "at least 12 blocks of 20 samples of each side are needed, there are 11"
    assert few.candidate_median is not None
    assert compare(side, side).outcome == "alike"
    assert compare([], []).outcome == "unclear"


def test_six_blocks_suffice_where_the_fastest_of_the_candidate_takes_half_as_long_again_as_the_slowest() -> None:
    quick, slow = [0.02] * CLEAR_BLOCKS * BLOCK, [0.0301] * CLEAR_BLOCKS * BLOCK
    assert clearly_slower(quick, slow)
    found = compare(quick, slow)
    assert (found.outcome, found.candidate_blocks) == ("slower", 6)
    assert (
        found.reason == "the candidate takes 1.50 times the baseline's duration (1.50 to 1.50); 1.25 times is the limit"
    )
    for baseline, candidate in (
        (quick, slow[BLOCK:]),
        (quick, [*slow[BLOCK:], *[0.029] * BLOCK]),
        ([*quick[BLOCK:], *[0.021] * BLOCK], slow),
        (slow, quick),
    ):
        assert not clearly_slower(baseline, candidate)
        assert compare(baseline, candidate).outcome == "unclear"


def test_a_spread_that_would_hide_the_slowdown_is_unclear_and_says_how_many_blocks_are_wanted() -> None:
    found = compare(log_normal(260, 1.0, 1), log_normal(260, 1.0, 2))
    assert found.outcome == "unclear"
    assert found.smallest_found is not None
    assert found.blocks_wanted is not None
    assert found.smallest_found > FOUND_RATIO
    assert found.blocks_wanted > 13
    assert found.reason.endswith(f", but only {found.smallest_found:.2f} times would have been found, and 1.5 must be")


def test_a_slowdown_that_is_larger_than_a_wide_spread_is_found_all_the_same() -> None:
    assert compare(log_normal(260, 1.0, 1), log_normal(260, 1.0, 2, ratio=4.0)).outcome == "slower"


def test_sides_whose_samples_are_all_equal_are_judged_by_their_difference() -> None:
    assert compare([0.02] * 300, [0.02] * 300).outcome == "alike"
    assert compare([0.02] * 300, [0.024] * 300).outcome == "alike"
    assert compare([0.02] * 300, [0.03] * 300).outcome == "slower"


def test_a_clock_whose_next_step_is_twice_the_median_is_unclear() -> None:
    coarse = [0.01, 0.01, 0.01, 0.01, 0.02] * 80
    found = compare(coarse, coarse)
    assert (found.outcome, found.smallest_found) == ("unclear", 2.0)


@pytest.mark.parametrize(("wrong", "shown"), [(0.0, "0"), (-0.5, "-0.5"), (inf, "inf"), (nan, "nan")])
def test_a_duration_that_no_clock_gives_is_unclear_and_told_with_its_side(wrong: float, shown: str) -> None:
    side = log_normal(300, 0.3, 1)
    found = compare(side, [*side[:-1], wrong])
    assert found.outcome == "unclear"
    assert found.reason == f"the candidate has a duration of {shown} s: each must be above 0 and finite"
    with pytest.raises(ValueError, match="side 2 has a duration"):
        blocks_wanted(side, [wrong])


def test_the_blocks_that_are_wanted_depend_on_the_spread_and_not_on_the_difference() -> None:
    one, other = log_normal(400, 0.8, 1), log_normal(400, 0.8, 2)
    wanted = blocks_wanted(one, other)
    assert FEWEST_BLOCKS < wanted < 100
    assert blocks_wanted(one, [3 * seconds for seconds in other]) == wanted
    assert blocks_wanted(log_normal(400, 0.05, 1), log_normal(400, 0.05, 2)) == FEWEST_BLOCKS
    assert blocks_wanted() == blocks_wanted([], [0.1]) == FEWEST_BLOCKS
    assert blocks_wanted(one, []) > FEWEST_BLOCKS


@pytest.mark.parametrize("seconds", [5e-324, 1e-300, 1e308])
def test_durations_at_the_ends_of_what_a_number_can_hold_are_judged_too(seconds: float) -> None:
    found = compare([0.02] * 150 + [seconds] * 150, [seconds] * 300)
    assert found.smallest_found is not None
    assert isfinite(found.smallest_found)
    assert found.outcome in ("slower", "unclear")
