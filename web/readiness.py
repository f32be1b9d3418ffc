"""Asks a service whether it is ready, and keeps the reasons that it gives."""

from __future__ import annotations

import msgspec

from common import wire
from common.client import JsonClient
from common.codec import read
from common.errors import InvalidRequest, Unavailable

ASK_SECONDS = 2.0


class PartReadiness(wire.Message, frozen=True, kw_only=True):
    """One part in a service's `/readyz`.

    ready: true when the part is ready.
    reason: why it is not; None when it is.
    """

    ready: bool
    reason: str | None = None


class ReadinessAnswer(wire.Message, frozen=True, kw_only=True):
    """`/readyz` of a service.

    ready: true when every part is ready.
    market: the market that the service runs on; None where it does not say.
    parts: the parts by name.
    """

    ready: bool
    market: wire.Market | None = None
    parts: dict[str, PartReadiness] = msgspec.field(default_factory=dict)


class ServiceState(wire.Message, frozen=True, kw_only=True):
    """The readiness of a service.

    ready: true when it is ready.
    reasons: why it is not, one for each part that is not; empty when it is.
    """

    ready: bool
    reasons: tuple[str, ...] = ()


class ReadinessProbe:
    """Asks one address: `/readyz` of our own services, or `/-/ready` of Prometheus and Alertmanager."""

    def __init__(self, address: str, market: wire.Market) -> None:
        self._client = JsonClient(address, ASK_SECONDS)
        self._market = market

    def ask(self) -> ServiceState:
        """Returns the service's state. Raises `Unavailable` when it does not answer."""
        status, body, headers = self._client.request("GET", "")
        if "json" not in headers.get("Content-Type", ""):
            ready = status == 200
            return ServiceState(ready=ready, reasons=() if ready else (f"it answered {status}",))
        try:
            answer = read(ReadinessAnswer, body)
        except InvalidRequest as error:
            raise Unavailable(f"it answered {status} with what can't be read: {error.message}") from error
        return self._state(status, answer)

    def _state(self, status: int, answer: ReadinessAnswer) -> ServiceState:
        reasons = [f"{name}: {part.reason or 'not ready'}" for name, part in answer.parts.items() if not part.ready]
        if answer.market not in (None, self._market):
            reasons.append(f"it is on the {answer.market} market, this console on the {self._market} one")
        if (status != 200 or not answer.ready) and not reasons:
            reasons.append(f"it answered {status}")
        return ServiceState(ready=not reasons, reasons=tuple(reasons))
