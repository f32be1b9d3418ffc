"""The standing of each share that follows from the exchange's phase and day: its status, and the step of its prices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from common.wire import Instrument, Phase
from marketdata.state.store import Store
from marketdata.venues.algolab.books import ShareBooks
from marketdata.venues.algolab.hours import Hours
from marketdata.venues.algolab.instruments import instrument
from marketdata.venues.algolab.share import Share


class Standing:
    """Follows the exchange's hours. Only the worker's thread may change it.

    Times called `at` are monotonic seconds, `received` unix seconds.

    hours: the exchange's hours.
    phase: the exchange's phase.
    day: the day in Istanbul.
    instruments: the shares whose step of prices is known, by the venue's name.
    """

    def __init__(self, shares: Mapping[str, Share], books: ShareBooks, store: Store, hours: Hours) -> None:
        self.hours = hours
        self.phase: Phase = "closed"
        self.day = hours.now().date()
        self.instruments: Mapping[str, Instrument] = {}
        self._shares, self._books, self._store = shares, books, store
        self._changed: set[str] = set()

    def pass_time(self, received: float) -> bool:
        """Follows phase and day. Returns true when an auction or continuous trading begins."""
        moment = self.hours.local(received)
        before, self.phase, self.day = (self.phase, self.day), self.hours.phase_at(moment), moment.date()
        self._books.phase = self.phase
        if (self.phase, self.day) != before:
            self.change(self._shares)
        return self.phase != before[0] and self.phase in ("opening_auction", "continuous")

    def change(self, pairs: Iterable[str]) -> None:
        """Notes that something has changed of some shares that their status or step of prices depends on."""
        self._changed.update(pairs)

    def forget(self, pair: str) -> None:
        """Forgets a share that is followed no longer."""
        self._changed.discard(pair)
        self.instruments = {name: one for name, one in self.instruments.items() if name != pair}

    def tell_changes(self, at: float, received: float) -> None:
        """Tells status and step of prices of the shares that have changed."""
        if not self._changed:
            return
        changed = [share for share in self._shares.values() if share.pair in self._changed]
        self._changed.clear()
        for share in changed:
            self.tell(share, at, received)
        found = ((share.pair, share.tick_size(self.day)) for share in changed)
        sizes = {pair: size for pair, size in found if size is not None}
        different = [share for share in changed if sizes.get(share.pair) not in (None, self._size(share.pair))]
        if different:
            known = {pair: sizes.get(pair) or self._size(pair) for pair in self._shares}
            self.instruments = {pair: instrument(pair, size) for pair, size in known.items() if size is not None}
        for share in different:
            self._store.instrument_changed(share.symbol, received)

    def tell(self, share: Share, at: float, received: float) -> None:
        """Tells a share's status."""
        self._store.set_status(share.symbol, share.status(self.phase, self.day), received)
        self._books.follow_phase(share, at, received)

    def _size(self, pair: str) -> Decimal | None:
        return self.instruments[pair].tick_size if pair in self.instruments else None
