"""The frames that go out on AlgoLab's socket: subscriptions and heartbeats. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from marketdata.state.listing import Listing
from marketdata.venues.algolab import frames


class AlgolabSubscriptions:
    """The subscriptions of one socket. Its heartbeats must carry the session's hash that it was subscribed with."""

    def __init__(self, listings: Sequence[Listing], liveness_symbol: str) -> None:
        """`liveness_symbol` is one more symbol whose ticks only prove that the feed is alive; empty for none."""
        self._ticks = [*(listing.pair for listing in listings), *([liveness_symbol] if liveness_symbol else [])]
        self._books = [listing.pair for listing in listings if listing.book == "rows"]
        self._token = ""

    def follow(self, listing: Listing) -> list[str]:
        """Adds an instrument. Returns the frames that subscribe to it on the present socket."""
        self._ticks.append(listing.pair)
        asked = [frames.subscription("T", self._token, [listing.pair])]
        if listing.book == "rows":
            self._books.append(listing.pair)
            asked.append(self.again(listing.pair))
        return asked

    def unfollow(self, pair: str) -> None:
        """Removes an instrument. The venue knows no end of a subscription: its frames go on until the next socket."""
        for pairs in (self._ticks, self._books):
            if pair in pairs:
                pairs.remove(pair)

    def begin(self, token: str) -> list[str]:
        """Returns the frames for a new socket. They go out at once: the venue ends a socket that asks for nothing."""
        self._token = token
        asked = [frames.subscription("T", token, self._ticks)]
        return [*asked, frames.subscription("D", token, self._books)] if self._books else asked

    def again(self, *pairs: str) -> str:
        """Returns the frame that asks for the rows of some shares again."""
        return frames.subscription("D", self._token, pairs)

    def heartbeat(self) -> str:
        """Returns the frame that keeps the present subscription alive."""
        return frames.heartbeat(self._token)
