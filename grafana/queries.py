"""Queries over both executors: the account's gauges once, the counters of each executor added up."""

from __future__ import annotations

from grafana.panels import SELECTED as S

RATE = "$__rate_interval"


def shown(metric: str, by: str = "", where: str = "") -> str:
    """Returns the query of a gauge of the account. Both executors export it, so it is shown once.

    An executor without the ledger is left out: it exports old values. `by` names the labels to keep, `where` holds
    further matchers.
    """
    chosen = f"{metric}{{{S}{', ' if where else ''}{where}}}"
    return f"max by ({by}) ({chosen} and on (instance) executor_ledger_up{{{S}}} == 1)"


def summed(counter: str, by: str) -> str:
    """Returns the query of a counter's rate, added up over both executors."""
    return f"sum by ({by}) (rate({counter}{{{S}}}[{RATE}]))"


def quantile(share: float, histogram: str, by: str = "") -> str:
    """Returns the query of a quantile over both executors; `share` 0.95 is the 95th percentile."""
    labels = f"{by}, le" if by else "le"
    return f"histogram_quantile({share}, {summed(f'{histogram}_bucket', labels)})"
