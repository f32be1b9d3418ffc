"""Queries that panels share: a gauge of the account shown once, counters and histograms added up over all targets."""

from __future__ import annotations

from grafana.panels import SELECTED as S

RATE = "$__rate_interval"


def shown(metric: str, by: str = "", where: str = "") -> str:
    """Returns the query of a gauge of the account, which the executor that writes it exports.

    An executor that lost the ledger exports old values, so it is left out. `by` names the labels to keep. `where` holds
    further matchers.
    """
    chosen = f"{metric}{{{S}{', ' if where else ''}{where}}}"
    return f"max by ({by}) ({chosen} and on (instance) executor_ledger_up{{{S}}} == 1)"


def summed(counter: str, by: str) -> str:
    """Returns the query of a counter's rate a second, added up over all targets. `by` names the labels to keep."""
    return f"sum by ({by}) (rate({counter}{{{S}}}[{RATE}]))"


def quantile(share: float, histogram: str, by: str = "") -> str:
    """Returns the query of a quantile over all targets. `share` 0.95 asks for the 95th percentile."""
    labels = f"{by}, le" if by else "le"
    return f"histogram_quantile({share}, {summed(f'{histogram}_bucket', labels)})"
