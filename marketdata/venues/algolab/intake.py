"""Applies AlgoLab's frames to the store: ticks, trades and rows. It sets aside those that come out of order."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from marketdata.events import BookRow, Equilibrium, Event, Ticker, Trades, Unreadable
from marketdata.listed import LeftOut
from marketdata.state.candlestore import CandleStore
from marketdata.state.listing import Listing
from marketdata.state.rowbook import Rows
from marketdata.state.store import Store
from marketdata.state.trades import MOST_TRADES
from marketdata.venues.algolab import frames, steps
from marketdata.venues.algolab.books import ShareBooks
from marketdata.venues.algolab.counters import AlgolabCounters
from marketdata.venues.algolab.equity_requests import EquityAnswer, EquityRequests
from marketdata.venues.algolab.hours import Hours
from marketdata.venues.algolab.settings import INDEX_PREFIX
from marketdata.venues.algolab.share import AUCTIONS, Share
from marketdata.venues.algolab.standing import Standing
from marketdata.venues.algolab.ticks import Delay, time_of

log = logging.getLogger(__name__)

FIRST_ROWS_SECONDS = 5.0
"""Rows of a new socket repeat old times for so long: they are no evidence of a delay."""
LATEST_SECONDS = 5.0
"""A trade that comes now was made at most so long ago, unless the feed is late by contract."""


class AlgolabIntake:
    """Applies the frames of one socket after the other. Only the worker's thread may call it.

    Times called `at` are monotonic seconds, `received` unix seconds.

    delay: says how late the feed is.
    heard_at: when anything was last heard.
    share_heard_at: when a share that is followed was last heard of.
    shares: everything that is followed, by the venue's name.
    books: the books of those that are followed by rows.
    standing: the exchange's phase and day, and what follows from them.
    """

    def __init__(
        self,
        listings: Sequence[Listing],
        liveness_symbol: str,
        *,
        store: Store,
        candles: CandleStore,
        limits: EquityRequests,
        counters: AlgolabCounters,
        hours: Hours,
    ) -> None:
        """`liveness_symbol` is a symbol outside the store whose ticks only prove that the feed is alive."""
        self._store, self._candles, self._limits, self._counters = store, candles, limits, counters
        self._liveness_symbol = liveness_symbol
        self.delay = Delay()
        self._opened_at = 0.0
        self.heard_at = self.share_heard_at = 0.0
        self.shares: dict[str, Share] = {}
        self._left: set[str] = set()
        self.books = ShareBooks(self.shares, store, counters)
        self.standing = Standing(self.shares, self.books, store, hours)
        for listing in listings:
            self._take_in(listing)

    def follow(self, listing: Listing) -> None:
        """Begins to apply the frames of one more instrument."""
        self._left.discard(listing.pair)
        self._take_in(listing)
        self._limits.ask(listing.pair)

    def unfollow(self, pair: str) -> None:
        """Applies no frame of an instrument any more. Those that still come mean nothing."""
        self._left.add(pair)
        self.shares.pop(pair, None)
        self.books.forget(pair)
        self.standing.forget(pair)
        self._limits.forget(pair)

    def opened(self, at: float) -> None:
        """Notes that a socket has opened."""
        self._opened_at = self.heard_at = self.share_heard_at = at
        self.books.begin(at)

    def lose_all(self, reason: str, received: float) -> None:
        """Marks everything as no longer certain, because the socket is gone."""
        self._store.lose_all(frames.SOURCE, reason, received)
        self.books.clear()
        for share in self.shares.values():
            share.closed()
            self._store.doubt(share.symbol, "", received)
            self._candles.pause(share.symbol)
        self.standing.change(self.shares)

    def begin_repair(self, reason: str, received: float) -> None:
        """Counts a socket that is replaced, and marks everything as no longer certain."""
        self._counters.repairs += 1
        self._counters.resyncs[reason] += 1
        self.lose_all(reason, received)

    def miss_trades(self) -> None:
        """Notes that frames were dropped: trades are missing before the next ones."""
        for share in self.shares.values():
            self._miss_trades_of(share)

    def read(self, payload: bytes, at: float, received: float) -> bool:
        """Applies one frame. Returns true when it proves that the feed is alive."""
        frame = frames.parse(payload)
        self._counters.frames[frame.kind] += 1
        self._counters.oddities.update(frame.oddities)
        for event in frame.events:
            if isinstance(event, Unreadable):
                self._counters.decode_errors[event.reason] += 1
                self._lose(event, at, received)
        usable = [event for event in frame.events if isinstance(event, Ticker | Trades | Equilibrium | BookRow)]
        if not usable:
            return False
        share = self.shares.get(usable[0].pair)
        if share is None and usable[0].pair != self._liveness_symbol:
            self._counters.decode_errors["pair"] += usable[0].pair not in self._left
            return False
        self.heard_at = at
        if share is None:
            return True
        self.share_heard_at = at
        if isinstance(usable[0], BookRow):
            self._apply_row(share, steps.row(usable[0], self.standing.day), at, received)
        elif self._apply_tick(share, self._settle(share, usable, received), at, received):
            self._store.prove_trades(share.symbol, at)
        return True

    def pass_time(self, at: float, received: float) -> None:
        """Follows the exchange's phase and day, and applies the broker's answers about limits."""
        for pair in self.shares if self.standing.pass_time(received) else ():
            self._limits.ask(pair)
        self._limits.auditing = self.standing.phase == "continuous"
        for answer in self._limits.pop_answers():
            if answer.symbol in self.shares:
                self._apply_answer(self.shares[answer.symbol], answer, at, received)
        self.standing.tell_changes(at, received)

    def _take_in(self, listing: Listing) -> None:
        has_ticks = not listing.pair.startswith(INDEX_PREFIX)
        share = self.shares[listing.pair] = Share(listing.pair, listing.symbol, None, has_ticks=has_ticks)
        share.names.go_on(trade.trade_id for trade in self._store.trades(listing.symbol, MOST_TRADES).trades)
        if listing.book == "rows":
            share.rows = Rows(share.check(lambda: self.standing.day))
        self.standing.change((listing.pair,))

    def _settle(self, share: Share, usable: Sequence[Event], received: float) -> Sequence[Event]:
        """Returns the events of a tick with their prices on their tick, as far as they can be used."""
        if not share.has_ticks:
            return usable
        reference = next((event.reference for event in usable if isinstance(event, Ticker)), None)
        settled, left_out = steps.tick(usable, self.standing.day, share.told_limits(reference))
        self._counters.leave_out(left_out)
        if not any(isinstance(event, Trades) for event in settled):
            for event in usable:
                for trade in event.trades if isinstance(event, Trades) else ():
                    self._miss_trade(share, trade.venue_time, received)
        return settled

    def _apply_tick(self, share: Share, usable: Sequence[Event], at: float, received: float) -> bool:
        """Applies a tick. Returns false for one that tells nothing, or that is of the future."""
        venue_time, moment, aside = time_of(usable), datetime.fromtimestamp(received, UTC), None
        if venue_time is not None:
            if share.previous is not None and venue_time > share.previous:
                self._weigh(venue_time, moment)
            share.previous = venue_time
            aside = share.order.set_aside(venue_time, moment)
            self.delay.note(aside)
        if aside is not None:
            self._counters.ticks_set_aside[aside] += 1
            if aside == "from_future":
                if any(isinstance(event, Trades) for event in usable):
                    self._miss_trade(share, None, received)
                return False
        if not share.heard and venue_time is not None:
            self._candles.begin(share.symbol, venue_time)
        for event in usable:
            if isinstance(event, Trades):
                self._apply_trade(share, event, at, received)
            elif isinstance(event, Ticker) and aside is None:
                self._apply_price(share, event, at, received)
            elif isinstance(event, Equilibrium) and aside is None:
                self._apply_equilibrium(share, event, at, received)
        share.heard = share.heard or venue_time is not None
        return bool(usable)

    def _lose(self, event: Unreadable, at: float, received: float) -> None:
        """Marks what may be missing because something could not be read: of its share, else of all."""
        share = self.shares.get(event.pair)
        if not event.loses or (event.pair and share is None):
            return
        if event.loses == "row":
            self.books.spoil(share, at, received)
            return
        for each in self.shares.values() if share is None else (share,):
            self._miss_trade(each, event.venue_time, received)

    def _miss_trade(self, share: Share, venue_time: datetime | None, received: float) -> None:
        """Notes that a trade can't be used. The venue's times are those of whole seconds. Without one the trade came
        just now; of a feed that is late nothing is known until the next tick."""
        if venue_time is not None:
            since = venue_time.timestamp()
            self._candles.miss(share.symbol, since, since + 1.0)
        elif self.delay.delayed:
            self._miss_trades_of(share)
        else:
            self._candles.miss(share.symbol, received - LATEST_SECONDS, received)

    def _miss_trades_of(self, share: Share) -> None:
        share.heard = False
        self._candles.pause(share.symbol)

    def _apply_price(self, share: Share, ticker: Ticker, at: float, received: float) -> None:
        last = share.last if ticker.last is None else ticker.last
        if last != share.last:
            share.last = last
            self.standing.change((share.pair,))
        self._store.apply_ticker(share.symbol, ticker, received)
        if ticker.reference is not None and share.set_reference(ticker.reference):
            self._limits.ask(share.pair)
            self.books.judge_again(share, at)
            self.standing.tell(share, at, received)
        best = ticker.best
        if best is None:
            return
        if share.rows is None:
            crossed = best.bid is not None and best.ask is not None and best.bid >= best.ask
            if crossed and share.phase(self.standing.phase) not in AUCTIONS:
                self._counters.books_lost["crossed"] += 1
                self._store.lose(share.symbol, "crossed", received)
            else:
                self._store.prove_book(share.symbol, at)
            return
        self.books.hear_top(share, best, at, received)

    def _apply_trade(self, share: Share, trades: Trades, at: float, received: float) -> None:
        """Applies a trade. The first one of a socket begins a new stream: trades between the sockets are not known."""
        numbered = [share.names.name(trade) for trade in trades.trades]
        self._counters.equal_trades += sum(each.equal for each in numbered)
        first = not share.heard
        event = msgspec.structs.replace(trades, trades=tuple(each.trade for each in numbered), replay=first)
        self._store.apply_trades(share.symbol, event, received)
        for trade in event.trades:
            self.books.hear_trade(share, trade.price, at, received)
        self._candles.add(share.symbol, event.trades)

    def _apply_equilibrium(self, share: Share, equilibrium: Equilibrium, at: float, received: float) -> None:
        """Applies an equilibrium price.

        Outside of the exchange's auctions it means that the share's trading is halted.
        """
        matched = equilibrium.price is not None
        if matched or share.in_auction:
            share.in_auction = matched
            self._store.apply_equilibrium(share.symbol, equilibrium, received)
        if matched != share.halted:
            share.halted = matched
            self._counters.halts += matched and self.standing.phase == "continuous"
            self.standing.tell(share, at, received)

    def _apply_row(self, share: Share, row: BookRow, at: float, received: float) -> None:
        if share.rows is None:
            return
        at_venue, before = row.venue_time, share.row_time
        moves_on = at_venue is not None and before is not None and at_venue > before
        if moves_on and at_venue is not None and at - self._opened_at > FIRST_ROWS_SECONDS:
            self._weigh(at_venue, datetime.fromtimestamp(received, UTC))
        self.books.apply_row(share, row, at, received)

    def _apply_answer(self, share: Share, answer: EquityAnswer, at: float, received: float) -> None:
        """Applies the broker's own limits and best prices of a share."""
        info, off = steps.equity(answer.info, self.standing.day) if share.has_ticks else (answer.info, ())
        faults = [*(f"{name} can't be read" for name in info.unread), *(f"{name} is off its tick" for name in off)]
        self._counters.leave_out(LeftOut("GetEquityInfo", share.pair, fault) for fault in faults)
        if share.set_limits(info):
            self.standing.change((share.pair,))
            self.books.judge_again(share, at)
        else:
            log.warning("limits that do not fit the reference price", extra={"symbol": share.symbol})
        self.books.hear_answer(share, info, answer.asked, received)

    def _weigh(self, venue_time: datetime, moment: datetime) -> None:
        """Weighs how late the feed is. When the verdict changes, the times of earlier ticks no longer compare."""
        if self.standing.phase != "closed" and self.delay.observe(venue_time, moment):
            self._counters.delay_changes += 1
            self._store.set_delayed(frames.SOURCE, bool(self.delay.delayed))
            log.warning("the feed's delay has changed", extra={"delayed": self.delay.delayed})
            for share in self.shares.values():
                share.order.newest = None
                self._candles.set_delayed(share.symbol, bool(self.delay.delayed))
