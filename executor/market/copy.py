"""The executor's copy of the market: what market data's stream told, and how old it can be at most."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import msgspec

from common import sse, wire
from common.answers import Proof, Unfollowed
from executor.market.proof_time import ProofTime
from executor.market.symbol_view import SymbolView

LATE_SECONDS = 2.0
"""Without a proof for so long the copy is not used; proofs come twice a second."""
KINDS = ("quote", "book", "instrument", "proof")


class _About(msgspec.Struct):
    """The beginning of an event about a symbol.

    symbol: the symbol.
    sequence: of a book; a later version has a higher one.
    age_seconds: of a book, as it was told.
    """

    symbol: str
    sequence: int = 0
    age_seconds: float = 0.0


class _Snapshot(msgspec.Struct):
    """The `snapshot` event that begins market data's stream.

    market: the market that it is of.
    quotes, instruments: of all symbols.
    books: the same, not decoded yet.
    """

    market: wire.Market
    quotes: tuple[wire.Quote, ...] = ()
    books: tuple[msgspec.Raw, ...] = ()
    instruments: tuple[wire.Instrument, ...] = ()


_about = msgspec.json.Decoder(_About).decode
_snapshot = msgspec.json.Decoder(_Snapshot).decode
_quote = msgspec.json.Decoder(wire.Quote).decode
_instrument = msgspec.json.Decoder(wire.Instrument).decode
_proof = msgspec.json.Decoder(Proof).decode
_unfollowed = msgspec.json.Decoder(Unfollowed).decode
_book = msgspec.json.Decoder(wire.Book).decode


@dataclass
class _Symbol:
    """One symbol.

    sequence: of the book.
    told: the book as it was told; empty before the first.
    book: the same, decoded; None before anybody asked for it.
    proved_at: when the book was proved, or earlier, in seconds of our monotonic clock.
    quote, instrument: the latest; None before the first.
    """

    sequence: int = 0
    told: bytes | str | msgspec.Raw = ""
    book: wire.Book | None = None
    proved_at: float = float("-inf")
    quote: wire.Quote | None = None
    instrument: wire.Instrument | None = None


@dataclass
class _Stream:
    """The present stream.

    epoch: the run of market data that it is of.
    proved_at: our moment of the latest proof, or an earlier one.
    symbols: everything that it told.
    pairs: the symbols of instruments by their two units; those that are gone may be among them.
    """

    epoch: str
    proved_at: float
    symbols: dict[str, _Symbol] = field(default_factory=dict)
    pairs: dict[frozenset[str], set[str]] = field(default_factory=dict)

    def take(self, instrument: wire.Instrument) -> wire.Instrument | None:
        """Takes an instrument. Returns it when the mark of its symbol may be another one now, else None."""
        found = self.symbols.setdefault(instrument.symbol, _Symbol())
        before, found.instrument = found.instrument, instrument
        units = frozenset((instrument.base_asset, instrument.quote_currency))
        self.pairs.setdefault(units, set()).add(instrument.symbol)
        return None if found.quote is None or before == instrument else instrument

    def take_quote(self, quote: wire.Quote) -> wire.Instrument | None:
        """Takes a quote. Returns the instrument when the mark of its symbol may be another one now, else None."""
        found = self.symbols.setdefault(quote.symbol, _Symbol())
        before, found.quote = found.quote, quote
        return None if before is not None and _marking(before) == _marking(quote) else found.instrument

    def drop(self, symbol: str) -> wire.Instrument | None:
        """Forgets a symbol. Returns its instrument when it had a mark, else None."""
        found = self.symbols.pop(symbol, None)
        return None if found is None or found.quote is None else found.instrument


Quoted = tuple[wire.Quote, wire.Instrument, float]
"""A quote with its instrument and its age in seconds."""


class WrongMarket(Exception):
    """The stream is of another market than this executor's."""


class MarketCopy:
    """Everything that the present stream told. One thread applies events, any thread looks."""

    def __init__(
        self,
        market: wire.Market,
        times: ProofTime,
        changed: Callable[[str], object],
        marked: Callable[[wire.Instrument], object] = lambda _: None,
    ) -> None:
        """`changed` is called with each symbol whose book is another one now.

        `marked` is called with the instrument of each symbol whose mark may be another one now.
        """
        self._market, self._times, self._changed, self._marked = market, times, changed, marked
        self._lock = threading.Lock()
        self._stream: _Stream | None = None

    def begin(self, event: sse.Event, asked_at: float) -> None:
        """Begins with a snapshot; `asked_at` is when the stream was asked for. Raises `WrongMarket`."""
        found = _snapshot(event.data)
        if found.market != self._market:
            raise WrongMarket(f"market data is of the market {found.market}")
        stream = _Stream(event.id.partition("-")[0], asked_at)
        for raw in found.books:
            about = _about(raw)
            stream.symbols[about.symbol] = _Symbol(about.sequence, raw, proved_at=asked_at - about.age_seconds)
        for quote in found.quotes:
            stream.symbols.setdefault(quote.symbol, _Symbol()).quote = quote
        for instrument in found.instruments:
            stream.take(instrument)
        with self._lock:
            self._stream = stream
        for symbol, told in stream.symbols.items():
            self._changed(symbol)
            if told.quote is not None and told.instrument is not None:
                self._marked(told.instrument)

    def lose(self) -> None:
        """Forgets everything: the stream has ended."""
        with self._lock:
            self._stream = None

    @property
    def epoch(self) -> str:
        """The run of market data that the copy is of; empty for none."""
        stream = self._stream
        return "" if stream is None else stream.epoch

    def apply(self, event: sse.Event) -> None:
        """Applies one event after the snapshot."""
        with self._lock:
            stream = self._stream
            marked = None if stream is None else self._apply(stream, event)
        if event.name == "book":
            self._changed(_about(event.data).symbol)
        if marked is not None:
            self._marked(marked)

    def look(self, symbol: str, now: float) -> SymbolView | None:
        """Returns the symbol's book and instrument; None while the copy of it can't be relied on."""
        with self._lock:
            stream = self._stream
            if stream is None or now - stream.proved_at > LATE_SECONDS:
                return None
            found = stream.symbols.get(symbol)
            if found is None or not found.told or found.instrument is None:
                return None
            if found.book is None:
                found.book = _book(found.told)
            last = None if found.quote is None else found.quote.last
            return SymbolView(symbol, found.book, found.instrument, found.proved_at, source="stream", last=last)

    def quotes(self, now: float, symbols: Iterable[str] | None = None) -> list[Quoted] | None:
        """Returns the quotes of some symbols, or of all, with their instruments and ages.

        It returns None while the copy can't be relied on.
        """
        with self._lock:
            stream = self._stream
            if stream is None or now - stream.proved_at > LATE_SECONDS:
                return None
            every = stream.symbols
            chosen = every.values() if symbols is None else [every[symbol] for symbol in symbols if symbol in every]
            return [told for found in chosen if (told := _quoted(found, now)) is not None]

    def pair(self, one: str, other: str, now: float) -> list[Quoted]:
        """Returns the quotes of two units' pair; none while the copy can't be relied on."""
        with self._lock:
            stream = self._stream
            if stream is None or now - stream.proved_at > LATE_SECONDS:
                return []
            symbols = stream.pairs.get(frozenset((one, other)), ())
            found = (stream.symbols.get(symbol) for symbol in symbols)
            return [told for each in found if each is not None and (told := _quoted(each, now)) is not None]

    def _apply(self, stream: _Stream, event: sse.Event) -> wire.Instrument | None:
        """Applies an event. Returns the instrument of a symbol whose mark may be another one now, else None."""
        match event.name:
            case "book":
                about = _about(event.data)
                found = stream.symbols.setdefault(about.symbol, _Symbol())
                if found.told and about.sequence <= found.sequence:
                    return None  # it is no later version than the one at hand, which the latest proof is about
                # It was told after the latest proof, and can't be older than it would be if it had been told then.
                found.sequence, found.told, found.book = about.sequence, event.data, None
                found.proved_at = stream.proved_at - about.age_seconds
            case "quote":
                return stream.take_quote(_quote(event.data))
            case "instrument":
                return stream.take(_instrument(event.data))
            case "unfollowed":
                return stream.drop(_unfollowed(event.data).symbol)
            case "proof":
                self._prove(stream, _proof(event.data))
            case _:
                pass
        return None

    def _prove(self, stream: _Stream, proof: Proof) -> None:
        at = self._times.ours(stream.epoch, proof.at)
        if at is None:
            return
        stream.proved_at = at
        for symbol, age in proof.ages.items():
            found = stream.symbols.get(symbol)
            if found is not None:
                found.proved_at = at - age


def _marking(quote: wire.Quote) -> tuple[object, ...]:
    """Returns everything that a mark is made of, but its age."""
    return quote.bid, quote.ask, quote.last, quote.stale, quote.phase


def _quoted(found: _Symbol, now: float) -> Quoted | None:
    if found.quote is None or found.instrument is None:
        return None
    return found.quote, found.instrument, now - found.proved_at
