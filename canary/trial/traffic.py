"""Gives both sides of a trial equal orders, in turns, and records what comes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from canary.latency import BLOCK, FEWEST_BLOCKS, blocks_wanted, clearly_slower
from canary.trial.books import faults
from canary.trial.offers import Offer, offers
from canary.trial.plan import ORDERS_PER_ROUND, TIMED, TrialStep, makers, round_of
from canary.trial.record import SIDES, Answers, Record
from canary.trial.results import Pair, SideAnswer, met, result_of
from canary.trial.side import MarketDataClient, Side, SideFailed
from common.answers import AccountStatus
from common.clock import Clock
from common.errors import Unavailable

WARM_UP_ROUNDS = 10
"""Rounds whose durations are dropped: a fresh process takes longer for what it does the first time."""
LONGEST_SECONDS = 300.0
FEWEST_ROUNDS = BLOCK * FEWEST_BLOCKS
"""Each round has one step of each kind that is timed, at the least."""
_SHARE_OF_LIMITS = 0.8
_READY_SECONDS = 30.0
_TELL_SECONDS = 5.0
_QUOTE_ROUNDS = 5
_MAKER_ROUNDS = 20
_MAKER_SECONDS = 10.0

Tell = Callable[[str], None]
"""Is called with a line of progress."""
Pause = Callable[[float], None]
"""Waits for so many seconds."""


@dataclass
class Trial:
    """A trial of two sides.

    baseline, candidate: the two sides.
    market: market data, which both follow.
    clock, pause: the clocks, and how to wait.
    tell: takes lines of progress.
    record: what came of it so far.
    """

    baseline: Side
    candidate: Side
    market: MarketDataClient
    clock: Clock
    pause: Pause
    tell: Tell
    record: Record = field(default_factory=Record)
    _turns: Counter[str] = field(default_factory=Counter)
    _answers: Answers = field(default_factory=lambda: ({}, {}))
    _resting: list[TrialStep] = field(default_factory=list)

    def run(self) -> Record:
        """Returns the record. It ends early when the outcome is certain. A failure is recorded, never raised."""
        try:
            self._run()
        except SideFailed as error:
            self.record.add_failed_side(SIDES.index(error.side), error.message)
        except Unavailable as error:
            self.record.trouble = error.message
        return self.record

    def _run(self) -> None:
        before = [one.account() for one in self._sides()]
        found = self._first_offers(before[0])
        if not found:
            self.record.trouble = (
                "no symbol has prices on both sides that are fresh, in a currency that the account has"
            )
            return
        apart = self._seconds_per_round(len(found))
        if apart * FEWEST_ROUNDS > LONGEST_SECONDS:
            self.record.trouble = (
                f"the limits on orders allow fewer than {FEWEST_ROUNDS} rounds in {LONGEST_SECONDS:g} s"
            )
            return
        self._rounds(found, apart)
        if not self.record.settled():
            self._end_makers()
            self._check_books(before)

    def _sides(self) -> tuple[Side, Side]:
        return self.baseline, self.candidate

    def _first_offers(self, account: AccountStatus) -> tuple[Offer, ...]:
        """Waits for prices: a trial may begin just after a start."""
        end = self.clock.monotonic() + _READY_SECONDS
        while not (found := self._offers(account)) and self.clock.monotonic() < end:
            self.pause(0.5)
        return found

    def _offers(self, account: AccountStatus) -> tuple[Offer, ...]:
        return offers(self.market.instruments(), self.market.quotes(), frozenset(account.cash))

    def _seconds_per_round(self, symbols: int) -> float:
        limits = self.baseline.limits()
        by_orders = ORDERS_PER_ROUND / (limits.max_orders_per_second * _SHARE_OF_LIMITS)
        by_executions = 60 / (limits.max_executions * _SHARE_OF_LIMITS * max(1, symbols - 1))
        return max(by_orders, by_executions)

    def _rounds(self, found: Sequence[Offer], apart: float) -> None:
        account = self.baseline.account()
        begin = told = self.clock.monotonic()
        number = 0
        while not self.record.settled() and self.clock.monotonic() - begin < LONGEST_SECONDS:
            if number % _QUOTE_ROUNDS == 0:
                # What is not fresh for a moment is asked for again, at its last prices.
                now = {one.symbol: one for one in self._offers(account)}
                found = [now.get(one.symbol, one) for one in found]
            # The last symbol is for orders that wait for the market: a sale would meet them.
            traded, waited = (found[:-1], found[-1:]) if len(found) > 1 else (found, ())
            if number % _MAKER_ROUNDS == 0:
                self._place_makers(waited, number // _MAKER_ROUNDS)
            next_at = self.clock.monotonic() + apart
            self._round(round_of(number, traded), timed=number >= WARM_UP_ROUNDS)
            number += 1
            if self._enough():
                return
            if self.clock.monotonic() - told > _TELL_SECONDS:
                told = self.clock.monotonic()
                self.tell(
                    f"{number} rounds, {self.record.filled} equal fills, {self.record.other_market} not comparable"
                )
            self.pause(max(0.0, next_at - self.clock.monotonic()))

    def _enough(self) -> bool:
        """The spread decides how many samples are needed, and it is asked at the end of each block."""
        kinds = [self.record.durations[kind] for kind in TIMED]
        counts = [len(baseline) for baseline, _ in kinds]
        if min(counts) % BLOCK:
            return False
        if any(clearly_slower(*sides) for sides in kinds):
            return True
        if min(counts) < FEWEST_ROUNDS:
            return False
        return all(count >= blocks_wanted(*sides) * BLOCK for count, sides in zip(counts, kinds, strict=True))

    def _round(self, steps: Iterable[TrialStep], *, timed: bool) -> None:
        for step in steps:
            pair = self._ask(step)
            if self.record.add_failures(pair):
                if self.record.settled():
                    return
                continue
            if timed:
                self.record.add_durations(pair)
            self._compare(pair)

    def _ask(self, step: TrialStep) -> Pair:
        """Asks both sides, the baseline first and second in turns: what drifts meets both alike."""
        self._turns[step.kind] += 1
        if self._turns[step.kind] % 2:
            baseline = self.baseline.send(step)
            candidate = self.candidate.send(step)
        else:
            candidate = self.candidate.send(step)
            baseline = self.baseline.send(step)
        pair = Pair(step, baseline, candidate)
        if step.body is not None and step.kind != "repeat":
            self._keep(step, (baseline, candidate))
        return pair

    def _keep(self, step: TrialStep, answers: tuple[SideAnswer, SideAnswer]) -> None:
        for known, answer in zip(self._answers, answers, strict=True):
            if answer.status == 201:
                known[step.client_order_id] = answer

    def _compare(self, pair: Pair) -> None:
        meeting = met(pair)
        if meeting == "different" and pair.step.body is not None:
            markets = [one.arrival(pair.step.client_order_id) for one in self._sides()]
            meeting = met(pair, markets, FEWEST_ROUNDS)
        self.record.add_meeting(pair, meeting)

    def _place_makers(self, waited: Sequence[Offer], turn: int) -> None:
        for step in makers(waited, turn):
            pair = self._ask(step)
            if not self.record.add_failures(pair):
                self._resting.append(step)

    def _end_makers(self) -> None:
        """Compares the orders that both sides filled after they had rested; the others are cancelled."""
        end = self.clock.monotonic() + _MAKER_SECONDS
        while self._resting:
            for step in list(self._resting):
                self._compare_maker(step)
            if self.record.makers or self.clock.monotonic() > end:
                break
            self.pause(0.5)
        for step in self._resting:
            # One that is filled by now can't be cancelled any more.
            for side in self._sides():
                side.send(TrialStep("cancel", step.client_order_id, 200))

    def _compare_maker(self, step: TrialStep) -> None:
        pair = Pair(step, *(one.send(TrialStep("read", step.client_order_id, 200)) for one in self._sides()))
        results = [result_of(pair.baseline), result_of(pair.candidate)]
        if all(one.order[0] == "filled" for one in results):
            self._resting.remove(step)
            if results[0] == results[1]:
                self.record.makers += 1
            elif len(results[0].fills) == len(results[1].fills) == 1:
                self.record.add_meeting(pair, "different")

    def _check_books(self, before: Sequence[AccountStatus]) -> None:
        for place, side in enumerate(self._sides()):
            self.tell(f"checking the books of the {SIDES[place]}")
            self.record.wrong_books[place].extend(faults(side.books(before[place]), self._answers[place]))
