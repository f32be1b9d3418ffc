"""Begins and ends to follow symbols while the service runs, as an operator's calls ask for."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from common.errors import InvalidRequest, NotFound, ServiceError, Unavailable
from marketdata.followed.file import FollowedFile
from marketdata.keeping.keeper import BarKeeper
from marketdata.messages import FollowedSymbols, FollowedVenue
from marketdata.state.candlestore import CandleStore
from marketdata.state.store import Store
from marketdata.venues.venue import Venue

log = logging.getLogger(__name__)

END_SECONDS = 5.0
LONGEST_SHOWN = 64


class CannotFollow(ServiceError):
    """The symbol can't be added to those that are followed now, or removed from them. Nothing has changed."""

    status = 409
    code = "CANNOT_FOLLOW"


class Following:
    """The symbols that are followed. Any thread may call it; calls wait for each other.

    A change is on the disk before anything is done, so that it outlives any end of the process.
    """

    def __init__(
        self, store: Store, candles: CandleStore, keeper: BarKeeper, venues: Sequence[Venue], file: FollowedFile
    ) -> None:
        self._store, self._candles, self._keeper, self._file = store, candles, keeper, file
        self._venues = {venue.name: venue for venue in venues}
        self._lock = threading.Lock()
        self._ending: set[str] = set()

    def now(self) -> FollowedSymbols:
        """Returns what is followed of each venue."""
        return FollowedSymbols(market=self._store.market, venues=tuple(map(self._row, self._venues.values())))

    def follow(self, symbol: str) -> FollowedVenue:
        """Begins to follow a symbol, and returns what is followed of its venue. One that is followed stays so.

        Raises `NotFound` for a venue that is not followed, `InvalidRequest` for a name that it does not list,
        `CannotFollow` when it is one too many, `Unavailable` when that can't be known or kept now.
        """
        venue, pair = self._place(symbol)
        with self._lock:
            if symbol in self._ending:
                raise Unavailable(f"{symbol} is still being removed", symbol=symbol)
            if symbol not in self._store.symbols:
                venue.membership.check(pair)
                followed, most = self._staying(venue), venue.membership.most
                if len(followed) >= most:
                    raise CannotFollow(f"{most} symbols of {venue.name} are followed, which is the most", symbol=symbol)
                self._keep([*self._staying(), symbol], symbol)
                self._begin(venue, pair)
                log.info("an operator added a symbol", extra={"symbol": symbol})
            return self._row(venue)

    def unfollow(self, symbol: str) -> FollowedVenue:
        """Ends to follow a symbol, and returns what is followed of its venue. What is kept of its bars stays kept.

        Raises `NotFound` for one that is not followed, `CannotFollow` for the last one of its venue, `Unavailable` when
        that can't be kept, or takes longer than it should: it is then done as soon as the feed's worker can.
        """
        venue, pair = self._place(symbol)
        with self._lock:
            if symbol not in self._store.symbols:
                raise NotFound(f"{symbol} is not followed: GET /v1/followed lists what is", symbol=symbol)
            if self._staying(venue) == [symbol]:
                raise CannotFollow(f"{symbol} is the last symbol of {venue.name}, and one has to stay", symbol=symbol)
            if symbol not in self._ending:
                self._keep([other for other in self._staying() if other != symbol], symbol)
                log.info("an operator removed a symbol", extra={"symbol": symbol})
            self._end(venue, symbol, pair)
            return self._row(venue)

    def _place(self, symbol: str) -> tuple[Venue, str]:
        name, _, pair = symbol.partition(":")
        shown = symbol[:LONGEST_SHOWN]
        if not pair or len(symbol) > LONGEST_SHOWN:
            raise InvalidRequest("symbol", f"must be a venue and the name there, as BTCTURK:BTCTRY is, not {shown!r}")
        if name not in self._venues:
            known = ", ".join(self._venues)
            raise NotFound(f"no venue {name!r} is followed: {known} are; another one needs a restart", symbol=shown)
        return self._venues[name], pair

    def _staying(self, venue: Venue | None = None) -> list[str]:
        """Returns the symbols, of one venue or of all, without those that are still being removed."""
        symbols = self._store.symbols if venue is None else self._store.of_source(venue.name)
        return [symbol for symbol in symbols if symbol not in self._ending]

    def _keep(self, symbols: Sequence[str], changed: str) -> None:
        try:
            self._file.save(symbols)
        except OSError as error:
            log.warning("the followed symbols could not be kept", extra={"symbol": changed, "reason": str(error)})
            raise Unavailable(f"nothing was done, as it can't be kept: {error}", symbol=changed) from error

    def _begin(self, venue: Venue, pair: str) -> None:
        """The venue's worker hears of it last: it finds everything that it writes to."""
        listing = venue.membership.listing(pair)
        self._store.follow(listing)
        if self._candles.follow(listing):
            self._keeper.recall(self._store, listing.symbol)
        venue.membership.begin(pair)

    def _end(self, venue: Venue, symbol: str, pair: str) -> None:
        """The venue's worker, which alone writes the symbol's state, drops it; so no frame of it can come too late."""
        done = threading.Event()

        def left() -> None:
            self._store.unfollow(symbol)
            self._candles.unfollow(symbol)
            self._ending.discard(symbol)
            done.set()

        if symbol not in self._ending:
            self._ending.add(symbol)
            venue.membership.end(pair, left)
            done.wait(END_SECONDS)
        if symbol in self._ending:
            raise Unavailable(f"{symbol} is removed as soon as the feed's worker can", symbol=symbol)

    def _row(self, venue: Venue) -> FollowedVenue:
        symbols = self._store.of_source(venue.name)
        base = [symbol for symbol in self._file.base if symbol.partition(":")[0] == venue.name]
        return FollowedVenue(
            venue=venue.name,
            most=venue.membership.most,
            symbols=tuple(symbols),
            added=tuple(symbol for symbol in symbols if symbol not in base),
            removed=tuple(symbol for symbol in base if symbol not in symbols),
        )
