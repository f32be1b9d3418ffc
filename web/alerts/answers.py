"""An alert as the console's API tells it: with links to the console and to the runbook. Pure."""

from __future__ import annotations

from collections.abc import Container

from common import wire
from web.alerts.acts import KeptSilence
from web.alerts.alert import Alert
from web.alerts.history import HistoryEntry


class AlertLinks(wire.Message, frozen=True, kw_only=True):
    """Addresses of an alert. They begin with SPARK_PUBLIC_URL where that is set, else with the path.

    console: the alert inbox.
    runbook: the page of the runbook; None for an alert that has none.
    """

    console: str
    runbook: str | None


class AlertAnswer(Alert, frozen=True, kw_only=True):
    """An alert with its links.

    links: the addresses of the console's pages about it.
    """

    links: AlertLinks


class WholeAlert(wire.Message, frozen=True, kw_only=True):
    """An alert with all that is kept of its history.

    market: the market that the stack runs on.
    alert: the alert.
    history: what happened to it, the last first.
    silence: the silence that was just made; None in every other answer.
    """

    market: wire.Market
    alert: AlertAnswer
    history: tuple[HistoryEntry, ...]
    silence: KeptSilence | None = None


class Linking:
    """Makes the links of alerts.

    public_url: the console's address as its users see it, without a trailing slash; empty for links without a host.
    runbooks: the names of the alerts that the runbook has; they are letters and digits.
    """

    def __init__(self, public_url: str, runbooks: Container[str]) -> None:
        self._public_url = public_url
        self._runbooks = runbooks

    def whole(
        self, found: tuple[Alert, tuple[HistoryEntry, ...]], market: wire.Market, silence: KeptSilence | None = None
    ) -> WholeAlert:
        """Returns the answer about an alert and its history."""
        return WholeAlert(market=market, alert=self.answer(found[0]), history=found[1], silence=silence)

    def answer(self, alert: Alert) -> AlertAnswer:
        """Returns the alert with its links."""
        fields = {name: getattr(alert, name) for name in Alert.__struct_fields__}
        return AlertAnswer(**fields, links=self.links(alert.name))

    def links(self, name: str) -> AlertLinks:
        """Returns the links of an alert of this name."""
        runbook = f"{self._public_url}/runbook/{name}" if name in self._runbooks else None
        return AlertLinks(console=f"{self._public_url}/#alerts", runbook=runbook)
