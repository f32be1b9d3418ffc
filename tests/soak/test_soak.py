"""The one-minute form of `make soak`."""

from __future__ import annotations

from tests.soak.run import soak


def test_a_minute_of_faults_shows_no_wrong_book_heals_and_leaves_nothing_behind() -> None:
    outcome = soak(1.0, seed=7)
    assert outcome.wrong[:3] == ()
    assert outcome.late == ()
    assert outcome.lacking == ()
    assert outcome.faults >= 8
    assert outcome.passed, outcome.line()
