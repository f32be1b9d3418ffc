"""Follows market data's stream into the copy, measures its clock, and notes when it does not answer."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable

import msgspec

from common.answers import ProofClock
from common.client import JsonClient
from common.errors import Unavailable
from common.event_stream import EventStream
from executor.market.copy import KINDS, MarketCopy, WrongMarket
from executor.market.proof_time import ProofTime
from executor.market.reach import Reach

log = logging.getLogger(__name__)

SILENCE_SECONDS = 3.0
MEASURE_SECONDS = 10.0
RETRY_SECONDS = (0.2, 2.0)
"""Pauses before a stream is asked for again: the first one, and the longest; they double."""


class MarketFollower:
    """The step of the loop `market`: follows one stream until it ends."""

    def __init__(
        self,
        client: JsonClient,
        copy: MarketCopy,
        times: ProofTime,
        reach: Reach,
        monotonic: Callable[[], float],
        *,
        depth: int,
        silence: float = SILENCE_SECONDS,
    ) -> None:
        self._client, self._copy, self._times = client, copy, times
        self._reach, self._monotonic = reach, monotonic
        self._stream = EventStream(1, silence)
        self._url = f"{client.base_url}/v1/stream?kinds={','.join(KINDS)}&depth={depth}"
        self._measured_at = float("-inf")
        self._pause = RETRY_SECONDS[0]

    def step(self) -> float:
        """Follows one stream to its end; returns the seconds to pause before the next one.

        A stream that ends is no failure of the loop, which may follow the next one for days: market data is asked.
        """
        try:
            self._follow()
        except Unavailable as error:
            log.warning("market data is asked", extra={"reason": error.message})
        pause, self._pause = self._pause, min(2.0 * self._pause, RETRY_SECONDS[1])
        return pause

    def _follow(self) -> None:
        self._measure()
        asked_at = self._monotonic()
        try:
            with contextlib.closing(self._stream.open(self._url, "marketdata")) as events:
                for event in events:
                    if event.name == "snapshot":
                        self._copy.begin(event, asked_at)
                        self._pause = RETRY_SECONDS[0]
                        log.info("market data's stream is followed")
                    else:
                        self._copy.apply(event)
                    if self._monotonic() - self._measured_at >= MEASURE_SECONDS:
                        self._measure()
        except (msgspec.MsgspecError, WrongMarket) as error:
            raise Unavailable(f"market data's stream can't be used: {error}") from error
        finally:
            self._copy.lose()

    def end(self) -> None:
        """Ends the stream that is open, and every later one."""
        self._stream.end()

    def _measure(self) -> None:
        sent = self._monotonic()
        try:
            found = self._client.get("/v1/clock", ProofClock)
        except Unavailable as error:
            self._reach.failed(error)
            raise
        self._reach.answered()
        if found is not None:
            self._times.learn(found.epoch, found.at, sent)
            self._measured_at = sent
