"""A round: every question to every target, side by side, ended by a deadline."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import cycle, islice

from canary.observation import Answer
from canary.probes.fetch import Clock, Fetched, fetch, unanswered
from canary.probes.pool import run_all
from canary.probes.questions import Question, quick_questions

WORKERS = 8


class Prober:
    """Asks `questions`; no single answer may take longer than `timeout` seconds."""

    def __init__(
        self, questions: Sequence[Question], timeout: float, clock: Clock, heard: Callable[[Answer], None]
    ) -> None:
        self._questions = tuple(questions)
        self._timeout = timeout
        self._clock = clock
        self._heard = heard

    def round(self) -> list[Fetched]:
        """One answer to each question, in order, after at most three timeouts."""
        asked_at, limit = self._clock.now(), 3 * self._timeout
        jobs = [partial(self._ask, question) for question in self._questions]
        slots = run_all(jobs, workers=WORKERS, seconds=limit, monotonic=self._clock.monotonic)
        return [
            slot.result or unanswered(question, asked_at, limit, asked=slot.started)
            for question, slot in zip(self._questions, slots, strict=True)
        ]

    def burst(self, wanted: Mapping[str, int]) -> list[Answer]:
        """Up to `wanted` more quick answers of each target, so that a percentile has its samples within seconds.

        A target that fails once is left alone. Ends after at most three timeouts.
        """
        end = self._clock.monotonic() + 2 * self._timeout
        jobs = [partial(self._ask_often, target, count, end) for target, count in wanted.items()]
        slots = run_all(jobs, workers=WORKERS, seconds=3 * self._timeout, monotonic=self._clock.monotonic)
        return [answer for slot in slots for answer in slot.result or ()]

    def _ask(self, question: Question) -> Fetched:
        fetched = fetch(question, self._timeout, self._clock)
        self._heard(fetched.answer)
        return fetched

    def _ask_often(self, target: str, count: int, end: float) -> list[Answer]:
        answers: list[Answer] = []
        for question in islice(cycle(quick_questions(self._questions, target)), count):
            if self._clock.monotonic() >= end or (answers and answers[-1].outcome != "answered"):
                break
            answers.append(self._ask(question).answer)
        return answers
