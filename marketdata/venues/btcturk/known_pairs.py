"""The configured pairs as the venue last told them, and the changes that each new answer brings. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import NamedTuple

import msgspec

from common.wire import Instrument, InstrumentState, Phase
from marketdata.venues.btcturk.pair_answers import TRADING_STATUS, ListedPair

LONGEST_STATUS = 40
RULES = ("tick_size", "lot_size", "min_notional", "base_asset", "quote_currency")
CHANGES = ("listed", "trading", "halted", "delisted", "renamed", *RULES)
"""The names of all changes: a pair that appeared, a new state, or a new rule."""
PHASES: dict[InstrumentState, Phase] = {
    "trading": "continuous",
    "halted": "halted",
    "renamed": "halted",
    "delisted": "closed",
}


class KnownPair(msgspec.Struct, frozen=True):
    """A pair as the venue last told it.

    venue_id: the venue's number of the pair, which outlives its name; None where it gives none.
    instrument: its rules and its state.
    """

    venue_id: int | None
    instrument: Instrument


class InstrumentChange(NamedTuple):
    """A change of a pair.

    pair: the pair.
    names: what changed, some of `CHANGES`.
    instrument: its rules and its state now.
    """

    pair: str
    names: tuple[str, ...]
    instrument: Instrument


class KnownPairs:
    """Judges the venue's answers about some pairs.

    An answer that lacks a pair may be a mistake: the pair counts as delisted only when a second answer, at least
    `confirm` seconds later, lacks it too and none between them had it.

    known: the pairs that the venue ever told, by its name for them.
    """

    def __init__(self, pairs: Collection[str], *, confirm: float) -> None:
        """`pairs` may change between two answers."""
        self.known: dict[str, KnownPair] = {}
        self._pairs, self._confirm = pairs, confirm
        self._missing_since: dict[str, float] = {}

    def recall(self, known: Mapping[str, KnownPair]) -> None:
        """Takes over what an earlier process knew."""
        self.known = {pair: known[pair] for pair in self._pairs if pair in known}

    def unlisted(self) -> list[str]:
        """Returns the configured pairs that the venue never told."""
        return [pair for pair in self._pairs if pair not in self.known]

    def doubtful(self) -> bool:
        """Returns true while a pair was missing once and a second answer has to confirm it."""
        return any(self.known[pair].instrument.state != "delisted" for pair in self._missing_since)

    def forget(self, pair: str) -> None:
        """Forgets a pair that is followed no longer."""
        self.known.pop(pair, None)
        self._missing_since.pop(pair, None)

    def judge(
        self,
        listed: Mapping[str, ListedPair],
        now: float,
        *,
        whole: bool = True,
        only: Collection[str] | None = None,
    ) -> list[InstrumentChange]:
        """Applies an answer of the time `now` (monotonic seconds). Returns the pairs that changed.

        Where the answer is not `whole`, a pair may be in it under no name, so none counts as missing. `only` some pairs
        are looked at, all by default.
        """
        names = _names_by_id(listed)
        found: dict[str, KnownPair | None] = {}
        for pair in self._pairs if only is None else only:
            told, known = listed.get(pair), self.known.get(pair)
            if told is not None:
                self._missing_since.pop(pair, None)
                found[pair] = _told(told, known)
            elif known is not None:
                found[pair] = self._not_told(pair, known, names, now if whole else None)
        changes = []
        for pair, new in found.items():
            if new is None:
                continue
            before = self.known.get(pair)
            self.known[pair] = new
            changed = _differences(before.instrument, new.instrument) if before else ("listed",)
            if changed:
                changes.append(InstrumentChange(pair, changed, new.instrument))
        return changes

    def _not_told(self, pair: str, known: KnownPair, names: Mapping[int, str], now: float | None) -> KnownPair | None:
        """Returns a pair as it is after an answer without it; None when that says nothing. Without `now` it is not
        missing."""
        name = names.get(known.venue_id) if known.venue_id is not None else None
        if name is not None:
            self._missing_since.pop(pair, None)
            renamed = _in_state(known.instrument, "renamed", f"the venue calls it {name} now")
            return KnownPair(known.venue_id, renamed)
        if now is None or now - self._missing_since.setdefault(pair, now) < self._confirm:
            return None
        return KnownPair(known.venue_id, _in_state(known.instrument, "delisted", "the venue lists it no longer"))


def _told(listed: ListedPair, known: KnownPair | None) -> KnownPair | None:
    """Returns a pair that is listed. What can't be read of it stays as it was; None when nothing of it is known."""
    rules = listed.instrument or (known.instrument if known else None)
    if rules is None:
        return None
    state = (rules.state, rules.reason) if listed.status is None else _state_of(listed.status)
    venue_id = known.venue_id if known and listed.venue_id is None else listed.venue_id
    return KnownPair(venue_id, _in_state(rules, *state))


def _state_of(status: str) -> tuple[InstrumentState, str]:
    if status.upper() == TRADING_STATUS:
        return "trading", ""
    return "halted", f"the venue's status is {status[:LONGEST_STATUS]!r}"


def _in_state(instrument: Instrument, state: InstrumentState, reason: str) -> Instrument:
    return msgspec.structs.replace(instrument, state=state, reason=reason)


def _names_by_id(listed: Mapping[str, ListedPair]) -> dict[int, str]:
    """Returns the name of each number; a number that two pairs have names neither."""
    times = Counter(pair.venue_id for pair in listed.values())
    return {
        pair.venue_id: name for name, pair in listed.items() if pair.venue_id is not None and times[pair.venue_id] == 1
    }


def _differences(before: Instrument, after: Instrument) -> tuple[str, ...]:
    rules = tuple(name for name in RULES if getattr(before, name) != getattr(after, name))
    told = (before.state, before.reason) != (after.state, after.reason)
    return (after.state, *rules) if told else rules
