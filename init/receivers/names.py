"""The names of the receivers, and of the services whose alerts they can be limited to."""

from __future__ import annotations

from typing import Literal, get_args

Receiver = Literal["email", "slack", "pagerduty", "telegram", "jira", "teams", "webhook"]
RECEIVERS: tuple[Receiver, ...] = get_args(Receiver)
"""The receivers that settings can switch on. The name is Alertmanager's name of the receiver, and never changes."""
SERVICES = ("alertmanager", "canary", "executor", "gateway", "marketdata", "prometheus", "venue", "web")
"""The values that the label `service` of an alert can have."""
