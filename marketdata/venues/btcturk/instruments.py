"""Loads the venue's instruments again and again, and at once when something hints at a change."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from common.clock import Clock
from common.errors import InvalidRequest, Unavailable
from common.loop import Loop
from common.wire import Instrument
from marketdata.counters import Counters
from marketdata.link.dial_limits import Backoff
from marketdata.nets import SafetyNet
from marketdata.rest.replies import RestError, UnusableAnswer
from marketdata.venues.btcturk.endpoints import EXCHANGE_INFO_PATH, Rest
from marketdata.venues.btcturk.instrument_file import InstrumentFile, utc
from marketdata.venues.btcturk.known_pairs import PHASES, InstrumentChange, KnownPairs
from marketdata.venues.btcturk.notes import ChangedInstrument, Notes
from marketdata.venues.btcturk.pair_answers import ListedPair, listed_pairs

log = logging.getLogger(__name__)

SILENT_SECONDS = 60.0
JOINED_STATES = ("trading", "halted")


@dataclass(frozen=True)
class InstrumentTimings:
    """The times of loading the instruments, in seconds.

    refresh: between two calls.
    again: before the next call when this one failed, lacked a pair, or brought no change though one was hinted at: the
        answer may come from a cache that keeps it for 30 s.
    calm: at least so long between two calls, however many hints come.
    confirm: a pair that is missing in two answers so far apart is delisted.
    """

    refresh: float = 60.0
    again: float = 31.0
    calm: float = 10.0
    confirm: float = 30.0


@dataclass(frozen=True)
class InstrumentOutlets:
    """The places where the loader tells what it found.

    file: keeps the instruments over restarts.
    notes: tells the worker of changes.
    counters: counts them.
    """

    file: InstrumentFile
    notes: Notes
    counters: Counters


class InstrumentLoader:
    """Knows the configured pairs that the venue ever listed. Its public functions may be called by any thread.

    instruments: those pairs, by the venue's name; empty until loaded. One that trades no longer stays, with its state.
    net: the safety net against changes that nobody tells.
    loop: loads them.
    """

    def __init__(
        self,
        client: Rest,
        pairs: Collection[str],
        outlets: InstrumentOutlets,
        *,
        timings: InstrumentTimings,
        backoff: Backoff,
        clock: Clock,
    ) -> None:
        self.instruments: Mapping[str, Instrument] = {}
        self._joined: Mapping[str, Instrument] = {}
        self.net = SafetyNet("instruments")
        self._client, self._outlets, self._timings, self._backoff = client, outlets, timings, backoff
        self._monotonic = clock.monotonic
        self._pairs, self._lock = KnownPairs(pairs, confirm=timings.confirm), threading.Lock()
        self._listed: Mapping[str, ListedPair] = {}
        self._error, self._answered, self._recalled_from = "not asked for yet", False, ""
        self._hinted, self._unusable = False, frozenset[str]()
        self.loop = Loop("btcturk-instruments", self.load, silent_after=SILENT_SECONDS, least=timings.calm)
        self._recall()

    def by_symbol(self) -> Mapping[str, Instrument]:
        """Returns the instruments by the symbol that the rest of the stack uses."""
        return {instrument.symbol: instrument for instrument in self.instruments.values()}

    def tradable(self) -> Mapping[str, Instrument]:
        """Returns the pairs that the venue lists, those that it halted too, with the rules of each."""
        return self._joined

    def resting(self) -> Collection[str]:
        """Returns the pairs that are listed and halted."""
        return {pair for pair, instrument in self.instruments.items() if instrument.state == "halted"}

    def not_trading(self) -> Mapping[str, str]:
        """Returns the symbols that were listed and do not trade now, each with the reason."""
        known = self.instruments.values()
        return {one.symbol: f"{one.state}: {one.reason}" for one in known if one.state != "trading"}

    def hint(self, reason: str) -> None:
        """Notes that the instruments may have changed: they are asked for at once, but not too often."""
        if not self._hinted:
            self._hinted = True
            log.info("the instruments may have changed", extra={"reason": reason})
            self.loop.wake()

    def trouble(self) -> str | None:
        """Returns why not every configured pair is known for certain, or None."""
        if not self._answered:
            return f"{self._recalled_from}{self._error}"
        return self.missing()

    def missing(self) -> str | None:
        """Returns why not every configured pair can be joined, or None."""
        if not (self.instruments or self._answered):
            return self._error
        told = [
            f"{pair} (its rules can't be used)" if pair in self._unusable else pair for pair in self._pairs.unlisted()
        ]
        return f"the venue does not trade {', '.join(told)}" if told else None

    def check_listed(self, pair: str) -> None:
        """Raises `InvalidRequest` for a pair that the venue does not list, `Unavailable` while that is not known."""
        if not self._answered:
            raise Unavailable(f"the venue's pairs are not known for certain: {self._error}")
        listed = self._listed.get(pair)
        if listed is None or listed.instrument is None:
            raise InvalidRequest("symbol", f"the venue lists no pair {pair!r} with rules that can be read")

    def follow(self, pair: str) -> None:
        """Takes in a pair that is followed now, as the venue told it last."""
        with self._lock:
            changes = self._pairs.judge(self._listed, self._monotonic(), whole=False, only=(pair,))
            self._show()
        for change in changes:
            self._tell(change, count=True)
        self.hint(f"{pair} is followed now")

    def unfollow(self, pair: str) -> None:
        """Forgets a pair that is followed no longer."""
        with self._lock:
            self._pairs.forget(pair)
            self._show()

    def load(self) -> float:
        """Asks once. Returns the seconds to wait before asking again."""
        hinted, self._hinted = self._hinted, False
        try:
            listed = listed_pairs(self._client.get("exchangeinfo", EXCHANGE_INFO_PATH).body)
        except (RestError, UnusableAnswer) as error:
            self._error = str(error)
            self.net.failed(self._error)
            return self._timings.again if self._answered else self._backoff.delay()
        self._backoff.reset()
        self.net.worked()
        self._outlets.counters.leave_out(listed.left_out)
        self._unusable = frozenset(pair for pair, told in listed.pairs.items() if told.instrument is None)
        with self._lock:
            self._listed = listed.pairs
            changes = self._pairs.judge(listed.pairs, self._monotonic(), whole=listed.whole)
            first, self._answered = not self.instruments, True
            self._show()
            known = dict(self._pairs.known)
        for change in changes:
            self._tell(change, count=not first)
        self._outlets.file.save(known)
        early = self._pairs.doubtful() or (hinted and not changes)
        return self._timings.again if early else self._timings.refresh

    def _recall(self) -> None:
        stored = self._outlets.file.load()
        if stored is None:
            return
        self._pairs.recall(stored.pairs)
        self._recalled_from = f"those that the venue told at {utc(stored.told_at)} are used: "
        self._show()
        for pair, instrument in self.instruments.items():
            self._outlets.notes.put(ChangedInstrument(pair, PHASES[instrument.state]))
        log.info("instruments recalled", extra={"known": len(self.instruments), "told_at": utc(stored.told_at)})

    def _show(self) -> None:
        self.instruments = {pair: known.instrument for pair, known in self._pairs.known.items()}
        self._joined = {pair: one for pair, one in self.instruments.items() if one.state in JOINED_STATES}

    def _tell(self, change: InstrumentChange, *, count: bool) -> None:
        """Tells a change. The instruments are shown already, so whoever hears of it finds the new ones."""
        pair, names, instrument = change
        self._outlets.notes.put(ChangedInstrument(pair, PHASES[instrument.state], "tick_size" in names))
        for name in names if count else ():
            self._outlets.counters.instrument_changes[name] += 1
        rules = {name: str(getattr(instrument, name)) for name in ("tick_size", "lot_size", "min_notional")}
        level = logging.INFO if instrument.state == "trading" else logging.WARNING
        told = {"pair": pair, "changes": list(names), "state": instrument.state, "reason": instrument.reason, **rules}
        log.log(level, "an instrument changed", extra=told)
