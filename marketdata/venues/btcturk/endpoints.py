"""BTCTurk's published request limits, and which call takes from which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from marketdata.rest.budget import Limit
from marketdata.rest.client import Endpoint
from marketdata.rest.replies import Reply

LIMITS = {
    "ticker": Limit(600, 60.0),
    "time": Limit(60, 60.0),  # not published; kept low
    "orderbook": Limit(180, 60.0),
    "trades": Limit(60, 60.0),  # not published; kept low
    "exchangeinfo": Limit(60, 60.0),  # not published; kept low
    "ohlcs": Limit(120, 60.0),
    "charts": Limit(600, 600.0),
}
API_ENDPOINTS = {name: Endpoint((name,)) for name in ("ticker", "time", "orderbook", "trades", "exchangeinfo")}
CHART_ENDPOINTS = {"ohlcs": Endpoint(("ohlcs", "charts")), "klines": Endpoint(("charts",))}


class Rest(Protocol):
    """What asks the venue. `endpoint` is a name of the tables above; a failure is a `replies.RestError`."""

    def get(self, endpoint: str, path: str, params: Mapping[str, str] | None = None) -> Reply: ...
