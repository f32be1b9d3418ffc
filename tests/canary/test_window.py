"""The window of samples is bounded by number and by age."""

from __future__ import annotations

from datetime import timedelta

from canary.window import MOST_PER_TARGET, SampleWindow
from tests.canary.build import NOW, answer


def test_only_the_latest_samples_of_each_target_are_kept() -> None:
    window = SampleWindow(60)
    window.add(answer("web", seconds=float(number)) for number in range(MOST_PER_TARGET + 3))
    window.add([answer("venue")])
    kept = window.latest(NOW)
    assert min(one.seconds for one in kept if one.target == "web") == 3.0
    assert len(kept) == MOST_PER_TARGET + 1


def test_a_sample_counts_until_the_window_has_passed() -> None:
    window = SampleWindow(60)
    window.add([answer()])
    assert len(window.latest(NOW + timedelta(seconds=60))) == 1
    assert window.latest(NOW + timedelta(seconds=60, microseconds=1)) == ()


def test_a_probe_that_was_not_sent_is_no_sample() -> None:
    window = SampleWindow(60)
    window.add([answer(outcome="not_asked")])
    assert window.latest(NOW) == ()
