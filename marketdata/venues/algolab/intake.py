"""What AlgoLab's frames mean for the store: which ticks, trades and rows are taken in, and what is set aside."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from common.bist import rules
from common.wire import Instrument, Phase
from marketdata.venues.algolab.counters import Counts
from marketdata.venues.algolab.limits import Limits, Told
from marketdata.venues.algolab.share import AUCTIONS, Share
from marketdata.venues.algolab.ticks import Delay
from marketdata.state.candlestore import CandleStore
from marketdata.state.listing import Listing
from marketdata.state.rowbook import Lost, Rows, Shown
from marketdata.state.store import Store
from marketdata.counters import Tally
from marketdata.venues.algolab import frames
from marketdata.venues.algolab.answers import instrument
from marketdata.events import Balance, BookRow, Event, Ticker, Trades, Unreadable

log = logging.getLogger(__name__)

FIRST_ROWS_SECONDS = 5.0


class Intake:
    """For the worker's thread alone. `canary` is a symbol outside the store that only shows that the feed is alive.
    `phase_at` gives the exchange's phase. Times called `at` are monotonic seconds, `received` unix seconds."""

    def __init__(
        self,
        listings: Sequence[Listing],
        *,
        canary: str,
        store: Store,
        candles: CandleStore,
        limits: Limits,
        tally: Tally,
        counts: Counts,
        phase_at: Callable[[datetime], Phase],
        received: float,
    ) -> None:
        self._store, self._candles, self._limits, self._tally, self._counts = store, candles, limits, tally, counts
        self._canary, self._phase_at = canary, phase_at
        self._delay = Delay()
        self._opened_at = 0.0
        self.phase: Phase = "closed"
        self.day = datetime.fromtimestamp(received, rules.ISTANBUL).date()
        self.heard_at = self.share_heard_at = 0.0
        self.instruments: Mapping[str, Instrument] = {}
        self.shares = {listing.pair: Share(listing.pair, listing.symbol, None) for listing in listings}
        self._unsettled: set[str] = set()
        for listing in listings:
            if listing.book == "rows":
                share = self.shares[listing.pair]
                share.rows = Rows(share.check(lambda: self.day))

    def opened(self, at: float) -> None:
        """A socket has opened."""
        self._opened_at = self.heard_at = self.share_heard_at = at

    def lose_all(self, received: float) -> None:
        """The socket is gone: nothing that it said is vouched for."""
        self._store.lose_all(frames.SOURCE, received)
        self._unsettled.clear()
        for share in self.shares.values():
            share.closed()
            self._candles.pause(share.symbol)

    def miss_trades(self) -> None:
        """Frames were dropped: trades are missing before the next ones."""
        for share in self.shares.values():
            share.heard = False
            self._candles.pause(share.symbol)

    def read(self, payload: bytes, at: float, received: float) -> bool:
        """Takes one frame in; whether it proves that the feed tells what happens."""
        frame = frames.parse(payload)
        self._tally.frames[frame.kind] += 1
        for event in frame.events:
            if isinstance(event, Unreadable):
                self._tally.decode_errors[event.reason] += 1
        told = [event for event in frame.events if isinstance(event, Ticker | Trades | Balance | BookRow)]
        if not told:
            return False
        share = self.shares.get(told[0].pair)
        if share is None and told[0].pair != self._canary:
            self._tally.decode_errors["pair"] += 1
            return False
        self.heard_at = at
        if share is None:
            return True
        self.share_heard_at = at
        if isinstance(told[0], BookRow):
            self._row(share, told[0], at, received)
        else:
            self._tick(share, told, at, received)
        return True

    def settle(self, at: float, received: float) -> bool:
        """Judges the rows that wait for it at `at`, a time up to which every frame was read; whether any still wait."""
        for pair in tuple(self._unsettled):
            share = self.shares[pair]
            if share.rows is not None:
                self._show(share, share.rows.settle(at), at, received)
                if not share.rows.unsettled:
                    self._unsettled.discard(pair)
        return bool(self._unsettled)

    def pass_time(self, at: float, received: float) -> None:
        """Follows the exchange's phase and day, and takes in limits that were told."""
        moment = datetime.fromtimestamp(received, rules.ISTANBUL)
        before, self.phase, self.day = self.phase, self._phase_at(moment), moment.date()
        self._limits.auditing = self.phase == "continuous"
        if self.phase != before and self.phase in ("opening_auction", "continuous"):
            self.ask_limits()
        for told in self._limits.take():
            self._told(self.shares[told.symbol], told, at, received)
        for share in self.shares.values():
            self._stand(share, at, received)
        sizes = ((share, share.tick_size(self.day)) for share in self.shares.values())
        self.instruments = {share.pair: instrument(share.pair, size) for share, size in sizes if size is not None}

    def ask_limits(self) -> None:
        """Has the day's limits of every share asked for."""
        for pair in self.shares:
            self._limits.ask(pair)

    def faults(self) -> list[str]:
        """Why books that are followed are not live."""
        return [
            f"{share.symbol} ({share.rows.fault})"
            for share in self.shares.values()
            if share.rows is not None and not share.rows.live
        ]

    def lost_for(self, at: float) -> tuple[float, str, str]:
        """The longest that rows have made no sense, in seconds, with the symbol and the fault; 0 when none does."""
        lost = [share for share in self.shares.values() if share.rows is not None and share.lost_at is not None]
        worst = min(lost, key=lambda share: share.lost_at or 0.0, default=None)
        if worst is None or worst.lost_at is None or worst.rows is None:
            return 0.0, "", ""
        return at - worst.lost_at, worst.symbol, worst.rows.fault or "unsettled"

    def _tick(self, share: Share, told: Sequence[Event], at: float, received: float) -> None:
        moment = datetime.fromtimestamp(received, UTC)
        balance = told[-1]
        if not isinstance(balance, Balance):
            return
        if share.previous is not None and balance.venue_time > share.previous:
            self._weigh(balance.venue_time, moment)
        share.previous = balance.venue_time
        aside = share.order.set_aside(balance.venue_time, moment)
        if aside is not None:
            self._counts.ticks_set_aside[aside] += 1
            if aside == "from_future":
                return
        for event in told:
            if isinstance(event, Trades):
                self._trade(share, event, received)
            elif isinstance(event, Ticker) and aside is None:
                self._price(share, event, at, received)
        if aside is None:
            self._balance(share, balance, at, received)
        share.heard = True

    def _price(self, share: Share, ticker: Ticker, at: float, received: float) -> None:
        share.last = ticker.last
        self._store.apply_ticker(share.symbol, ticker, received)
        if ticker.reference is not None and share.refer_to(ticker.reference):
            self._limits.ask(share.pair)
            self._doubt(share, at)
            self._stand(share, at, received)
        if share.rows is None:
            crossed = ticker.bid is not None and ticker.ask is not None and ticker.bid >= ticker.ask
            if crossed and share.phase(self.phase) not in AUCTIONS:
                self._counts.books_lost["crossed"] += 1
                self._store.lose(share.symbol, received)
            return
        if ticker.bid is None:
            share.rows.empty("buy", at)
        if ticker.ask is None:
            share.rows.empty("sell", at)
        if share.rows.unsettled:
            self._unsettled.add(share.pair)

    def _trade(self, share: Share, trades: Trades, received: float) -> None:
        """The first trade of a socket begins a new stream: what came between the sockets is not known."""
        named = [share.names.name(trade) for trade in trades.trades]
        self._counts.equal_trades += sum(each.equal for each in named)
        first = not share.heard
        event = msgspec.structs.replace(trades, trades=tuple(each.trade for each in named), replay=first)
        self._store.apply_trades(share.symbol, event, received)
        if first:
            self._candles.replay(share.symbol, event.trades, len(event.trades))
        else:
            self._candles.add(share.symbol, event.trades)

    def _balance(self, share: Share, balance: Balance, at: float, received: float) -> None:
        """An equilibrium price outside of the exchange's own auctions means that the share's trading is interrupted."""
        matched = balance.price is not None
        if matched or share.balanced:
            share.balanced = matched
            self._store.apply_balance(share.symbol, balance, received)
        if matched != share.halted:
            share.halted = matched
            self._counts.halts += matched and self.phase == "continuous"
            self._stand(share, at, received)

    def _row(self, share: Share, row: BookRow, at: float, received: float) -> None:
        if share.rows is None:
            return
        moves_on = share.row_time is not None and row.venue_time > share.row_time
        if moves_on and at - self._opened_at > FIRST_ROWS_SECONDS:
            self._weigh(row.venue_time, datetime.fromtimestamp(received, UTC))
        share.row_time = row.venue_time
        self._show(share, share.rows.take(row, at), at, received)
        self._unsettled.add(share.pair)

    def _show(self, share: Share, outcome: Shown | Lost | None, at: float, received: float) -> None:
        if isinstance(outcome, Shown):
            share.lost_at = None
            share.show(outcome.sides, at)
            self._store.apply_rows(share.symbol, outcome.sides, received, outcome.venue_time)
        elif isinstance(outcome, Lost):
            share.lost_at = at
            self._counts.books_lost[outcome.fault] += 1
            self._store.lose(share.symbol, received)
            log.warning("a book is lost", extra={"symbol": share.symbol, "reason": outcome.fault})

    def _told(self, share: Share, told: Told, at: float, received: float) -> None:
        """The venue's own limits and best prices of a share."""
        if share.take_limits(told.info):
            self._doubt(share, at)
        else:
            log.warning("limits that do not fit the reference price", extra={"symbol": share.symbol})
        if share.rows is None or not share.rows.live or share.phase(self.phase) != "continuous":
            return
        if share.contradicted(told.info, told.asked):
            self._show(share, share.rows.refuse("contradicted"), at, received)

    def _stand(self, share: Share, at: float, received: float) -> None:
        standing = share.standing(self.phase, self.day)
        self._store.set_standing(share.symbol, standing, received)
        if share.rows is not None:
            self._show(share, share.rows.allow_crossing(standing.phase in AUCTIONS, at), at, received)
            if share.rows.unsettled:
                self._unsettled.add(share.pair)

    def _doubt(self, share: Share, at: float) -> None:
        if share.rows is not None:
            share.rows.doubt(at)
            self._unsettled.add(share.pair)

    def _weigh(self, venue_time: datetime, moment: datetime) -> None:
        """Evidence of how late the feed is. What is late by contract is no longer older than what came before."""
        if self.phase != "closed" and self._delay.hear(venue_time, moment):
            self._counts.delay_changes += 1
            self._store.set_delayed(frames.SOURCE, bool(self._delay.delayed))
            log.warning("the feed's delay has changed", extra={"delayed": self._delay.delayed})
            for share in self.shares.values():
                share.order.newest = None
