"""The judgement of what bystanders saw during an abuse."""

from __future__ import annotations

import pytest

from tests.stack.abuse.bystanders import ENOUGH_LOOKS, LEAST_LOOKS, Looks, Memory, Witness
from tests.stack.abuse.raw import Door

LIMIT = 0.25
BESIDE, WEB = Door("a server beside the stack", 1, "/"), Door("web", 2, "/")


def witness(beside: float, web: float, *, looks: int = LEAST_LOOKS, memory: int = 0) -> Witness:
    held = Memory({"web": 0}, {"web": memory})
    return Witness([Looks(WEB, [web] * looks)], Looks(BESIDE, [beside] * looks), held, seconds=2.0)


@pytest.mark.parametrize(
    ("seen", "complaint"),
    [
        (witness(0.01, 0.259), ""),
        (witness(0.01, 0.261), "web: p95 261 ms of 20 answers, beside the stack 10 ms"),
        (witness(0.2, 0.44), ""),
        (witness(0.2, 0.46), "web: p95 460 ms of 20 answers, beside the stack 200 ms"),
        (witness(0.9, 0.51), "web: p95 510 ms of 20 answers, beside the stack 900 ms"),
        (witness(0.01, 0.01, memory=2**20 + 1), "memory of web: 0 to 1 MiB"),
    ],
)
def test_what_the_machine_takes_by_itself_is_no_fault_of_the_stack(seen: Witness, complaint: str) -> None:
    assert seen.complaints(LIMIT, 2**20) == ([complaint] if complaint else [])


def test_too_few_answers_are_a_complaint_wherever_they_are_missing() -> None:
    found = witness(0.01, 9.0, looks=1).complaints(LIMIT, 2**20)
    assert found == ["a server beside the stack: only 1 answers in 2.0 s", "web: only 1 answers in 2.0 s"]


def test_an_answer_that_is_no_200_is_a_complaint() -> None:
    seen = witness(0.01, 0.01)
    seen.looks[0].faults.append("503: b''")
    assert seen.complaints(LIMIT, 2**20) == ["web: 503: b''"]


def test_whoever_looks_slow_is_watched_until_two_slow_answers_are_not_the_95th_percentile() -> None:
    seen = witness(0.01, 0.01, looks=LEAST_LOOKS - 2)
    assert seen.undecided(LIMIT)
    seen.beside.seconds += [0.01, 0.01]
    seen.looks[0].seconds += [0.5, 0.5]
    assert seen.undecided(LIMIT)
    seen.looks[0].seconds += [0.01] * (ENOUGH_LOOKS - LEAST_LOOKS)
    assert not seen.undecided(LIMIT)
    assert seen.complaints(LIMIT, 2**20) == []


def test_whoever_is_slow_in_a_hundred_answers_is_decided_and_told() -> None:
    seen = witness(0.01, 0.3, looks=ENOUGH_LOOKS)
    assert not seen.undecided(LIMIT)
    assert seen.complaints(LIMIT, 2**20) == ["web: p95 300 ms of 100 answers, beside the stack 10 ms"]
