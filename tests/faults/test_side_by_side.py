"""Faults run side by side, and one that breaks off is a row that falls short."""

from __future__ import annotations

import os

from tests.faults.audit import Audit
from tests.faults.fault import Fault, once
from tests.faults.run import Outcome
from tests.faults.side_by_side import outcomes

NOTHING = once(lambda _ground: None)
CLEAN = Audit(orders=1, lost=(), doubled=(), odd=(), verify="clean", agree=True)


def faults(*names: str) -> list[Fault]:
    return [Fault(name, name, NOTHING, None, 1) for name in names]


def run(fault: Fault) -> Outcome:
    if fault.name == "raises":
        raise AssertionError("not within 240 s: a calm stack")
    if fault.name == "dies":
        os._exit(3)
    return Outcome(fault, None, None, (), (), 0.0, (), (), 0.1, False, None, CLEAN, (), os.getpid())


def test_each_fault_has_one_outcome_from_a_process_of_its_own() -> None:
    found = list(outcomes(faults("a", "b", "c"), 2, run))
    assert sorted(each.fault.name for each in found) == ["a", "b", "c"]
    assert len({os.getpid(), *(each.took for each in found)}) == 4


def test_a_fault_that_breaks_off_falls_short_with_its_reason_and_the_others_go_on() -> None:
    found = {each.fault.name: each.short for each in outcomes(faults("raises", "a", "dies", "b"), 2, run)}
    assert found["a"] == found["b"] == ()
    assert found["raises"] == ("broken off: AssertionError: not within 240 s: a calm stack",)
    assert found["dies"] == ("broken off: its process ended without an outcome",)
