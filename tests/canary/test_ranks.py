"""The tests by rank and by count give the published values, and those that counting every order gives."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import comb, inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.ranks import fisher_greater, mann_whitney, shift

PERMEABILITY = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
PERMEABILITY_EARLIER = [1.15, 0.88, 0.90, 0.74, 1.21]
"""The example of R's help page of wilcox.test, from Hollander and Wolfe."""

VALUES = st.lists(st.integers(0, 8), min_size=1, max_size=12)
APART = st.lists(st.integers(0, 10_000), min_size=2, max_size=9, unique=True)


def pairs_above(canary: Sequence[float], baseline: Sequence[float]) -> float:
    return sum((a > b) + (a == b) / 2 for a in canary for b in baseline)


def test_the_example_of_wilcox_test_gives_the_values_of_its_help_page() -> None:
    test = mann_whitney(PERMEABILITY, PERMEABILITY_EARLIER)
    assert (test.u, test.exact) == (35, True)
    assert test.p_greater == pytest.approx(0.1272, abs=5e-5)
    assert test.p_two_sided == pytest.approx(0.2544, abs=5e-5)
    found = shift(PERMEABILITY, PERMEABILITY_EARLIER, confidence=0.95)
    assert (found.lower, found.estimate, found.upper) == pytest.approx((-0.15, 0.305, 0.76))
    assert found.achieved == pytest.approx(0.96, abs=5e-4)


def test_ten_to_forty_against_one_to_four_is_six_to_thirty_nine() -> None:
    found = shift([10, 20, 30, 40], [1, 2, 3, 4], confidence=0.95)
    assert (found.lower, found.estimate, found.upper) == (6, 22.5, 39)


@pytest.mark.parametrize(("hundreds", "lower"), [(0, 0), (5, 0), (7, 0), (8, 99), (10, 99)])
def test_heavy_ties_are_judged_as_published(hundreds: int, lower: float) -> None:
    found = shift([100] * hundreds + [1] * (10 - hundreds), [1] * 10, confidence=0.98)
    assert (found.lower, found.upper, found.exact) == (lower, 99 if hundreds else 0, False)


@pytest.mark.parametrize(
    ("counts", "p"),
    [
        ((3, 4, 1, 4), 0.2429),
        ((5, 60, 0, 60), 0.0287),
        ((5, 100, 0, 100), 0.0297),
        ((3, 100, 0, 100), 0.1231),
        ((0, 100, 5, 100), 1.0),
        ((0, 0, 5, 100), 1.0),
        ((5, 5, 0, 0), 1.0),
        ((1, 1, 0, 1), 0.5),
        ((20, 20, 0, 20), 1 / comb(40, 20)),
    ],
)
def test_fishers_test_gives_the_published_values(counts: tuple[int, int, int, int], p: float) -> None:
    assert fisher_greater(*counts) == pytest.approx(p, abs=5e-5)


@given(st.integers(0, 12), st.integers(0, 12), st.data())
def test_fishers_test_counts_every_way_to_share_the_failures(total: int, other: int, data: st.DataObject) -> None:
    failed, other_failed = data.draw(st.integers(0, total)), data.draw(st.integers(0, other))
    both = failed + other_failed
    ways = [comb(total, k) * comb(other, both - k) for k in range(both + 1)]
    assert fisher_greater(failed, total, other_failed, other) == pytest.approx(sum(ways[failed:]) / sum(ways))


@given(APART, st.data())
def test_small_samples_without_ties_have_the_chance_that_counting_every_order_gives(
    values: list[int], data: st.DataObject
) -> None:
    size = data.draw(st.integers(1, len(values) - 1))
    test = mann_whitney(values[:size], values[size:])
    ranks = range(len(values))
    orders = [pairs_above(some, [one for one in ranks if one not in some]) for some in combinations(ranks, size)]
    assert test.exact
    assert test.u == pairs_above(values[:size], values[size:])
    assert test.p_greater == pytest.approx(sum(u >= test.u for u in orders) / len(orders))
    assert test.p_less == pytest.approx(sum(u <= test.u for u in orders) / len(orders))


@given(APART, st.data())
def test_the_interval_of_small_samples_is_the_narrowest_that_has_the_confidence(
    values: list[int], data: st.DataObject
) -> None:
    size = data.draw(st.integers(1, len(values) - 1))
    canary, baseline = values[:size], values[size:]
    differences = sorted(a - b for a in canary for b in baseline)
    found = shift(canary, baseline, confidence=0.9)
    inner = mann_whitney([one - found.lower - 0.5 for one in canary], baseline).p_greater
    if found.achieved >= 0.9:
        assert inner > 0.05
    else:
        assert (found.lower, found.upper) == (differences[0], differences[-1])
    assert found.lower <= found.estimate <= found.upper


def test_exact_chances_end_at_fifty_values_and_at_the_first_tie() -> None:
    low, high = [float(one) for one in range(49)], [one + 0.5 for one in range(49)]
    assert mann_whitney(high, low).exact
    assert not mann_whitney([*high, 99.0], low).exact
    assert not mann_whitney(high, [*low[1:], 0.5]).exact


def test_the_normal_chances_are_those_that_scipy_gives_for_the_same_ties() -> None:
    """As `mannwhitneyu(…, method="asymptotic")` of scipy 1.17 gives them."""
    test = mann_whitney([1, 2, 2, 3, 5, 5, 8], [1, 1, 2, 4, 5])
    assert (test.u, test.exact) == (23, False)
    assert test.p_greater == pytest.approx(0.2033857722995222)
    assert test.p_two_sided == pytest.approx(0.4067715445990444)


@given(VALUES, VALUES)
def test_swapping_the_sides_swaps_the_chances_and_turns_the_shift(canary: list[int], baseline: list[int]) -> None:
    one, other = mann_whitney(canary, baseline), mann_whitney(baseline, canary)
    assert (one.p_greater, one.p_less) == pytest.approx((other.p_less, other.p_greater))
    assert one.p_two_sided == pytest.approx(other.p_two_sided)
    there, back = shift(canary, baseline), shift(baseline, canary)
    assert (there.lower, there.estimate, there.upper) == (-back.upper, -back.estimate, -back.lower)


@given(VALUES, VALUES, st.integers(-50, 50))
def test_a_shifted_sample_has_its_interval_shifted(canary: list[int], baseline: list[int], by: int) -> None:
    moved, found = shift([one + by for one in canary], baseline), shift(canary, baseline)
    if moved.exact == found.exact:
        assert (moved.lower, moved.estimate, moved.upper) == (found.lower + by, found.estimate + by, found.upper + by)


@given(VALUES, VALUES)
def test_a_higher_confidence_never_narrows_the_interval(canary: list[int], baseline: list[int]) -> None:
    wide, narrow = shift(canary, baseline, confidence=0.99), shift(canary, baseline, confidence=0.8)
    assert wide.lower <= narrow.lower <= narrow.upper <= wide.upper
    assert 0 <= narrow.achieved <= wide.achieved <= 1


def test_one_value_on_each_side_reaches_no_confidence() -> None:
    for canary in (1, 5):
        found = shift([canary], [1])
        assert (found.lower, found.estimate, found.upper, found.achieved) == (canary - 1, canary - 1, canary - 1, 0)


def test_constant_samples_show_no_difference_when_equal_and_their_difference_when_not() -> None:
    assert mann_whitney([5] * 30, [5] * 20).p_two_sided == 1
    assert (shift([5] * 30, [5] * 20).lower, shift([5] * 30, [5] * 20).upper) == (0, 0)
    assert mann_whitney([6] * 30, [5] * 20).p_greater < 1e-9
    assert (shift([6] * 30, [5] * 20).lower, shift([6] * 30, [5] * 20).upper) == (1, 1)


@pytest.mark.parametrize("wrong", [[], [nan], [1, inf]])
def test_samples_that_cannot_be_ranked_are_refused_by_name(wrong: list[float]) -> None:
    with pytest.raises(ValueError, match="canary: must have"):
        mann_whitney(wrong, [1])
    with pytest.raises(ValueError, match="baseline: must have"):
        shift([1], wrong)


@pytest.mark.parametrize("confidence", [0, 1, -1, 98, nan])
def test_a_confidence_outside_of_zero_to_one_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match="confidence"):
        shift([1], [2], confidence)


@pytest.mark.parametrize("counts", [(2, 1, 0, 1), (-1, 1, 0, 1), (0, 1, 3, 2)])
def test_counts_that_no_sample_has_are_refused(counts: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="at least 0 and at most the total"):
        fisher_greater(*counts)
