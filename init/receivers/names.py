"""The names of the receivers, of the secrets, and of the services whose alerts a receiver can be limited to."""

from __future__ import annotations

from typing import Literal, get_args

Receiver = Literal["email", "slack", "pagerduty", "telegram", "jira", "teams", "webhook"]
Heartbeat = Literal["heartbeat"]
Secret = Receiver | Heartbeat
"""The secrets that people give: one for each receiver, and the address that the console pings, which is no receiver."""
RECEIVERS: tuple[Receiver, ...] = get_args(Receiver)
"""The receivers that settings can switch on. The name is Alertmanager's name of the receiver, and never changes."""
SECRETS: tuple[Secret, ...] = (*RECEIVERS, *get_args(Heartbeat))
SERVICES = ("alertmanager", "canary", "executor", "gateway", "marketdata", "prometheus", "venue", "web")
"""The values that the label `service` of an alert can have."""
