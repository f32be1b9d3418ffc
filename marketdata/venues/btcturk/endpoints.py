"""BTCTurk's REST calls: their paths, the published request limits, and the limits that each call uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from marketdata.rest.budget import Limit
from marketdata.rest.replies import Reply

EXCHANGE_INFO_PATH = "/api/v2/server/exchangeinfo"
TRADES_PATH = "/api/v2/trades"
ORDER_BOOK_PATH = "/api/v2/orderbook"
TICKER_PATH = "/api/v2/ticker"
TIME_PATH = "/api/v2/server/time"
DAYS_PATH = "/v1/ohlcs"
MINUTES_PATH = "/v1/klines/history"

LIMITS = {
    "ticker": Limit(600, 60.0),
    "time": Limit(60, 60.0),  # not published; kept low
    "orderbook": Limit(180, 60.0),
    "trades": Limit(60, 60.0),  # not published; kept low
    "exchangeinfo": Limit(60, 60.0),  # not published; kept low
    "ohlcs": Limit(120, 60.0),
    "klines": Limit(600, 600.0),  # that of its host; a refusal of this call alone is counted by it
    "charts": Limit(600, 600.0),
}
API_ENDPOINTS: dict[str, tuple[str, ...]] = {
    name: (name,) for name in ("ticker", "time", "orderbook", "trades", "exchangeinfo")
}
CHART_ENDPOINTS: dict[str, tuple[str, ...]] = {"ohlcs": ("ohlcs", "charts"), "klines": ("charts", "klines")}


class Rest(Protocol):
    """A client of the venue's REST calls."""

    def get(self, endpoint: str, path: str, params: Mapping[str, str] | None = None) -> Reply:
        """Returns the answer. `endpoint` is a name of the tables above. Raises a `replies.RestError`."""
