"""Loads the venue's instruments at start, and asks again until every configured pair is known."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence

from common.loop import Loop
from common.wire import Instrument
from marketdata.counters import Counters
from marketdata.link.dial_limits import Backoff
from marketdata.rest.replies import RestError, UnusableAnswer
from marketdata.venues.btcturk.answers import instruments
from marketdata.venues.btcturk.endpoints import EXCHANGE_INFO_PATH, Rest

log = logging.getLogger(__name__)

SILENT_SECONDS = 60.0


class InstrumentLoader:
    """Knows the configured pairs that the venue trades.

    instruments: those pairs, by the venue's name; empty until loaded.
    loop: loads them. It pauses for good when every pair is known.
    """

    def __init__(
        self, client: Rest, pairs: Sequence[str], *, backoff: Backoff, missing_retry: float, counters: Counters
    ) -> None:
        self.instruments: Mapping[str, Instrument] = {}
        self._client, self._pairs, self._counters = client, tuple(pairs), counters
        self._backoff, self._missing_retry = backoff, missing_retry
        self._trouble: str | None = "not asked for yet"
        retry = (missing_retry, missing_retry)
        self.loop = Loop("btcturk-instruments", self.load, silent_after=SILENT_SECONDS, retry=retry)

    def by_symbol(self) -> Mapping[str, Instrument]:
        """Returns the instruments by the symbol that the rest of the stack uses."""
        return {instrument.symbol: instrument for instrument in self.instruments.values()}

    def trouble(self) -> str | None:
        """Returns why not every configured pair is known, or None."""
        return self._trouble

    def load(self) -> float:
        """Asks once. Returns the seconds to wait before asking again; infinity when every pair is known."""
        try:
            found = instruments(self._client.get("exchangeinfo", EXCHANGE_INFO_PATH).body)
        except (RestError, UnusableAnswer) as error:
            self._trouble = str(error)
            return self._backoff.delay()
        self._backoff.reset()
        self._counters.leave_out(found.left_out)
        traded = dict(found.rows)
        self.instruments = {pair: traded[pair] for pair in self._pairs if pair in traded}
        missing = [pair for pair in self._pairs if pair not in traded]
        self._trouble = f"the venue does not trade {', '.join(missing)}" if missing else None
        log.info("instruments loaded", extra={"known": len(self.instruments), "missing": missing})
        return self._missing_retry if missing else math.inf
