"""What the console is told, as far as it reads it; everything that may be missing has a default."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from common import wire

Verdict = Literal["PASS", "FAIL", "INCONCLUSIVE"]
Status = Literal["firing", "resolved"]
STATUSES: tuple[Status, ...] = ("firing", "resolved")


class QuoteList(wire.Message, frozen=True, kw_only=True):
    """`GET /v1/quotes`, and the stream's snapshot."""

    market: wire.Market
    quotes: tuple[wire.Quote, ...]


class InstrumentList(wire.Message, frozen=True, kw_only=True):
    """`GET /v1/instruments`."""

    market: wire.Market
    instruments: tuple[wire.Instrument, ...]


class OrderList(wire.Message, frozen=True, kw_only=True):
    """`GET /v1/orders`, newest first."""

    market: wire.Market
    orders: tuple[wire.Order, ...]


class PositionList(wire.Message, frozen=True, kw_only=True):
    """`GET /v1/positions`."""

    market: wire.Market
    positions: tuple[wire.Position, ...]


class AccountAnswer(wire.Account, frozen=True, kw_only=True):
    """`GET /v1/account`, and what the stream tells of it: the account, whether it may trade, and on which market."""

    market: wire.Market
    trading_state: str = "ACTIVE"


class OrdersSnapshot(wire.Message, frozen=True, kw_only=True):
    """What the stream of orders begins with: the orders that are open, and the account."""

    market: wire.Market
    orders: tuple[wire.Order, ...]
    account: AccountAnswer


class Resumed(wire.Message, frozen=True, kw_only=True):
    """The stream of orders goes on where the last one ended."""

    market: wire.Market


class Hold(wire.Message, frozen=True, kw_only=True):
    """Why the account is held: the guardrail's code, what it may still do, and since when."""

    code: str
    state: str
    reason: str
    since: datetime


class TradingState(wire.Message, frozen=True, kw_only=True):
    """`GET /v1/trading-state`."""

    market: wire.Market
    state: str
    holds: tuple[Hold, ...] = ()


class KillSwitch(wire.Message, frozen=True, kw_only=True):
    """`GET /v1/kill-switch`: the reasons of those that are engaged, by scope."""

    market: wire.Market
    switches: dict[str, str]


class Controls(wire.Message, frozen=True, kw_only=True):
    """What the account may do, why, and which kill switches are engaged."""

    state: str
    holds: tuple[Hold, ...]
    switches: dict[str, str]


class Target(wire.Message, frozen=True, kw_only=True):
    """One address that the canary probed as a user would; `seconds` is how long the answer took."""

    target: str
    ok: bool
    url: str = ""
    status: int | None = None
    seconds: float | None = None
    reason: str | None = None


class Container(wire.Message, frozen=True, kw_only=True):
    """One container as the engine has it."""

    service: str
    name: str = ""
    state: str = ""
    health: str | None = None
    restart_count: int = 0
    exit_code: int | None = None


class CanaryStatus(wire.Message, frozen=True, kw_only=True):
    """`GET /v1/status` of the canary: its verdict and what it rests on. Times UTC, durations in seconds."""

    market: wire.Market
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    p95_seconds: float | None = None
    samples: int = 0
    metrics_bytes: dict[str, int | None] = msgspec.field(default_factory=dict)
    last_pass: datetime | None = None
    checked_at: datetime | None = None
    targets: tuple[Target, ...] = ()
    containers: tuple[Container, ...] | None = None


class Package(wire.Message, frozen=True, kw_only=True):
    """One evidence package; `size` in bytes."""

    name: str
    size: int | None = None
    verdict: str | None = None


class ReadinessPart(wire.Message, frozen=True, kw_only=True):
    """One part of a service's `/readyz`."""

    ready: bool
    reason: str | None = None


class Readiness(wire.Message, frozen=True, kw_only=True):
    """A service's `/readyz`."""

    ready: bool
    market: wire.Market | None = None
    parts: dict[str, ReadinessPart] = msgspec.field(default_factory=dict)


class Alert(wire.Message, frozen=True, kw_only=True):
    """One alert instance as Alertmanager last told it. Times UTC; `ends_at` is null while it fires."""

    group_key: str
    fingerprint: str
    status: Status
    name: str
    severity: str
    service: str
    summary: str
    description: str
    runbook_url: str
    generator_url: str
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: datetime
    ends_at: datetime | None
    updated_at: datetime
    runbook_path: str = ""


class State(wire.Message, frozen=True, kw_only=True):
    """What a service said of itself: ready or not, and for each part that is not, why."""

    ready: bool
    reasons: tuple[str, ...] = ()
