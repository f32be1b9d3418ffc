"""Loads the venue's instruments at start and keeps trying until every configured pair is known."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence

from common.wire import Instrument
from marketdata.venues.btcturk.endpoints import Rest
from marketdata.link.dial_limits import Backoff
from marketdata.rest.replies import RestError
from marketdata.counters import Tally
from marketdata.venues.btcturk.answers import EXCHANGE_INFO_PATH, UnusableAnswer, instruments

log = logging.getLogger(__name__)


class InstrumentLoader:
    """`instruments` holds the configured pairs that the venue trades, by the venue's name; empty until loaded."""

    def __init__(
        self, client: Rest, pairs: Sequence[str], *, tally: Tally, backoff: Backoff, missing_retry: float
    ) -> None:
        self.instruments: Mapping[str, Instrument] = {}
        self._client, self._pairs, self._tally = client, tuple(pairs), tally
        self._backoff, self._missing_retry = backoff, missing_retry
        self._problem: str | None = "not asked for yet"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="instruments", daemon=True)

    def start(self) -> None:
        """Starts loading; the thread ends by itself when every pair is known."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread, at the latest when the call under way times out."""
        self._stop.set()

    def trouble(self) -> str | None:
        """Why not every configured pair is known, or None."""
        return self._problem

    def load(self) -> float:
        """Asks once; seconds to wait before asking again, 0 when there is no need to."""
        try:
            traded = self._ask()
        except (RestError, UnusableAnswer) as error:
            self._problem = str(error)
            return max(self._backoff.delay(), 0.001)
        self.instruments = {pair: traded[pair] for pair in self._pairs if pair in traded}
        missing = [pair for pair in self._pairs if pair not in traded]
        self._problem = f"the venue does not trade {', '.join(missing)}" if missing else None
        log.info("instruments loaded", extra={"known": len(self.instruments), "missing": missing})
        return self._missing_retry if missing else 0.0

    def _ask(self) -> dict[str, Instrument]:
        return instruments(self._client.get("exchangeinfo", EXCHANGE_INFO_PATH).body)

    def _run(self) -> None:
        wait = 0.0
        while not self._stop.wait(wait):
            try:
                wait = self.load()
            except Exception:
                self._tally.failures["instruments"] += 1
                log.exception("loading the instruments failed unexpectedly")
                wait = self._missing_retry
            if wait == 0.0:
                return
