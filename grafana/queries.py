"""Queries of what two executors show and count: the account once, their own work added up."""

from __future__ import annotations

from grafana.panels import SELECTED as S

RATE = "$__rate_interval"


def shown(metric: str, by: str = "", where: str = "") -> str:
    """A gauge of the account, which both executors show: once, and not of one that lost the ledger and shows what it
    saw last. `by` names the labels to keep, `where` holds matchers."""
    chosen = f"{metric}{{{S}{', ' if where else ''}{where}}}"
    return f"max by ({by}) ({chosen} and on (instance) executor_ledger_up{{{S}}} == 1)"


def summed(counter: str, by: str) -> str:
    """A counter's rate over both executors, each of which counts its own."""
    return f"sum by ({by}) (rate({counter}{{{S}}}[{RATE}]))"


def quantile(share: float, histogram: str, by: str = "") -> str:
    """What this share of all observations stayed below, over both executors."""
    labels = f"{by}, le" if by else "le"
    return f"histogram_quantile({share}, {summed(f'{histogram}_bucket', labels)})"
