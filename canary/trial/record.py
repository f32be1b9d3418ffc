"""The record of a trial: what both sides were asked, how long it took, and what was wrong (pure)."""

from __future__ import annotations

from dataclasses import dataclass, field

from canary.trial.plan import TIMED, StepKind
from canary.trial.results import Meeting, Pair, SideAnswer, failed, failure, result_of

_MOST_EXAMPLES = 3
_MOST_FAILURES = 20
"""A baseline that fails so often is no measure for a candidate."""
SIDES = ("baseline", "candidate")
Both = tuple[list[float], list[float]]


@dataclass
class Record:
    """The events of a trial so far.

    steps: steps that both sides were asked.
    filled: orders that both sides filled equally, as takers.
    makers: orders that both sides filled equally after they had rested.
    other_market: steps whose orders met the market at two moments, so that they can't be compared.
    failures: steps that failed, of the baseline and of the candidate.
    examples: a sentence for the first failures of each side.
    different: a sentence for each step that came out differently, though both sides met the same market.
    wrong_books: a sentence for each fault in the books of each side.
    durations: the durations in seconds of each kind of step, of the baseline and of the candidate, in their order.
    trouble: a sentence about what kept the trial from its end; empty when it came to it.
    """

    steps: int = 0
    filled: int = 0
    makers: int = 0
    other_market: int = 0
    failures: list[int] = field(default_factory=lambda: [0, 0])
    examples: tuple[list[str], list[str]] = field(default_factory=lambda: ([], []))
    different: list[str] = field(default_factory=list)
    wrong_books: tuple[list[str], list[str]] = field(default_factory=lambda: ([], []))
    durations: dict[StepKind, Both] = field(default_factory=lambda: {kind: ([], []) for kind in TIMED})
    trouble: str = ""

    def add_failures(self, pair: Pair) -> bool:
        """Counts a step. Returns true when it failed on a side, so that there is nothing to compare."""
        self.steps += 1
        found = False
        for place, answer in enumerate((pair.baseline, pair.candidate)):
            if failed(answer, pair.step):
                found = True
                self.failures[place] += 1
                if len(self.examples[place]) < _MOST_EXAMPLES:
                    self.examples[place].append(
                        f"{pair.step.kind} {pair.step.client_order_id}: {failure(answer, pair.step)}"
                    )
        return found

    def add_failed_side(self, place: int, message: str) -> None:
        """Counts a question about its books that a side did not answer as it should: the trial can't go on then."""
        self.steps += 1
        self.failures[place] += 1
        self.examples[place].insert(0, message)

    def add_durations(self, pair: Pair) -> None:
        """Keeps the durations of a step whose kind is timed."""
        if pair.step.kind in self.durations:
            for place, answer in enumerate((pair.baseline, pair.candidate)):
                self.durations[pair.step.kind][place].append(answer.seconds)

    def add_meeting(self, pair: Pair, meeting: Meeting) -> None:
        """Counts how the results of a step agree."""
        if meeting == "other_market":
            self.other_market += 1
        elif meeting == "different":
            results = [result_of(one).told() for one in (pair.baseline, pair.candidate)]
            self.different.append(
                f"{pair.step.kind} {pair.step.client_order_id}: {results[0]}; candidate: {results[1]}"
            )
        elif pair.step.kind == "order" and result_of(pair.baseline).order[0] == "filled":
            self.filled += 1

    def settled(self) -> bool:
        """Returns true when nothing that still comes can change the outcome."""
        alone = self.failures[1] > 0 and self.failures[0] == 0
        return bool(self.different) or alone or self.failures[0] >= _MOST_FAILURES


Answers = tuple[dict[str, SideAnswer], dict[str, SideAnswer]]
"""The answers of each side to the orders that must be in its books."""
