"""Asks a service whether it is ready, and keeps its own words when it is not."""

from __future__ import annotations

from common import wire
from common.client import JsonClient
from common.errors import InvalidRequest, Unavailable
from web.messages import Readiness, State

ASK_SECONDS = 2.0


class Probe:
    """Asks one address, `/readyz` of our own services or `/-/ready` of Prometheus and Alertmanager."""

    def __init__(self, address: str, market: wire.Market) -> None:
        self._client = JsonClient(address, ASK_SECONDS)
        self._market = market

    def ask(self) -> State:
        """The service's state. Raises `Unavailable` when it does not answer."""
        status, body, headers = self._client.request("GET", "")
        if "json" not in headers.get("Content-Type", ""):
            return State(ready=True) if status == 200 else State(ready=False, reasons=(f"it answered {status}",))
        try:
            told = wire.decode(Readiness, body)
        except InvalidRequest as error:
            raise Unavailable(f"it answered {status} with what can't be read: {error.message}") from error
        return self._state(status, told)

    def _state(self, status: int, told: Readiness) -> State:
        reasons = [f"{name}: {part.reason or 'not ready'}" for name, part in told.parts.items() if not part.ready]
        if told.market not in (None, self._market):
            reasons.append(f"it is on the {told.market} market, this console on the {self._market} one")
        if (status != 200 or not told.ready) and not reasons:
            reasons.append(f"it answered {status}")
        return State(ready=not reasons, reasons=tuple(reasons))
