"""The worker's state of each pair whose frames are applied."""

from __future__ import annotations

from dataclasses import dataclass, field

from marketdata.state.witness import BookWitness
from marketdata.venues.btcturk.claims import TickerClaims
from marketdata.venues.btcturk.subscriptions import Followed


@dataclass(slots=True)
class PairState:
    """The worker's state of one pair. Times are seconds of the monotonic clock.

    symbol: its name in the rest of the stack.
    witness: what other streams say of its book.
    claims: what its ticker claims, and whether that is behind the trades.
    audited_wrong: true while the venue's REST book contradicts its book.
    again_at: when a lasting contradiction next asks for the streams again, by the stream's channel.
    """

    symbol: str
    witness: BookWitness = field(default_factory=lambda: BookWitness(told=False))
    claims: TickerClaims = field(default_factory=TickerClaims)
    audited_wrong: bool = False
    again_at: dict[str, float] = field(default_factory=dict)


class PairStates(dict[str, PairState]):
    """The states by pair. Only the worker's thread may use it.

    left: the pairs that were followed once. Some frames of them may still come, and mean nothing.
    """

    def __init__(self, followed: Followed) -> None:
        super().__init__()
        self.left: set[str] = set()
        self._followed = followed
        for pair in followed.pairs:
            self.follow(pair)

    def follow(self, pair: str) -> None:
        """Begins anew with a pair."""
        self[pair] = PairState(self._followed.symbol(pair))
        self.left.discard(pair)

    def unfollow(self, pair: str) -> None:
        """Applies no frame of a pair any more."""
        self.pop(pair, None)
        self.left.add(pair)
