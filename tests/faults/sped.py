"""Divides the durations of the alert rules by a factor, so that a fault's page is seen in seconds instead of minutes.

Divided are `for`, `keep_firing_for`, the interval of a group, and the ranges in expressions. Limits are never changed,
numbers of seconds among them. Nothing becomes shorter than what it is counted by: a range keeps four scrapes, and the
ranges of an expression with a series that changes more seldom keep what `PACED` says.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
LEAST_SCRAPES = 4
PACED = {
    "alertmanager_notification": 90,
    "prometheus_notifications_": 90,
    "alertmanager_silences_": 300,
    "alertmanager_nflog_": 300,
}
"""By the beginning of a metric's name: the shortest range in seconds. Alertmanager's times are not divided: it tries
again each minute and writes its state each minute, and Prometheus repeats each alert every 30 s."""
RANGE = re.compile(r"(?P<metric>[a-zA-Z_:][a-zA-Z0-9_:]*)(?P<labels>\{[^{}]*\})?\[(?P<number>\d+)(?P<unit>[smhd])\]")
_DURATION = re.compile(r"(\d+)([smhd])")


def seconds(text: str) -> int:
    """The length of a duration as 30s, 5m, 1h or 3d. Raises `ValueError` for another one."""
    found = _DURATION.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no duration of one number and one unit")
    return int(found[1]) * UNITS[found[2]]


def divided(text: str, factor: float, least: int) -> str:
    """A duration divided, in whole seconds, and not below `least` unless it was so before."""
    whole = seconds(text)
    return f"{min(whole, max(least, round(whole / factor)))}s"


def expression(text: str, factor: float, scrape: int) -> str:
    """An expression whose ranges are divided. `scrape` is the scrape interval in seconds."""

    metrics = [found["metric"] for found in RANGE.finditer(text)]
    paced = [least for start, least in PACED.items() if any(metric.startswith(start) for metric in metrics)]
    least = max([LEAST_SCRAPES * scrape, *paced])

    def ranged(found: re.Match[str]) -> str:
        short = divided(found["number"] + found["unit"], factor, least)
        return f"{found['metric']}{found['labels'] or ''}[{short}]"

    done, count = RANGE.subn(ranged, text)
    if count != len(re.findall(r"\[\d", text)):
        raise ValueError(f"a range of this expression is not understood: {text}")
    return done


def rules(loaded: dict[str, Any], factor: float, scrape: int) -> dict[str, Any]:
    """A file of rules, divided."""
    groups = []
    for group in loaded["groups"]:
        changed = dict(group)
        if "interval" in group:
            changed["interval"] = divided(group["interval"], factor, LEAST_SCRAPES * scrape)
        changed["rules"] = [_rule(rule, factor, scrape) for rule in group["rules"]]
        groups.append(changed)
    return {"groups": groups}


def _rule(rule: dict[str, Any], factor: float, scrape: int) -> dict[str, Any]:
    short: dict[str, Any] = {
        name: divided(rule[name], factor, scrape) for name in ("for", "keep_firing_for") if name in rule
    }
    return rule | {"expr": expression(rule["expr"], factor, scrape)} | short


def write(product: Path, folder: Path, factor: float) -> None:
    """Writes every file of `product`/rules into `folder`, divided; `product` is the folder with prometheus.yml."""
    scrape = seconds(yaml.safe_load((product / "prometheus.yml").read_text())["global"]["scrape_interval"])
    folder.mkdir(parents=True)
    for file in sorted((product / "rules").glob("*.yml")):
        short = rules(yaml.safe_load(file.read_text()), factor, scrape)
        (folder / file.name).write_text(yaml.safe_dump(short, sort_keys=False, allow_unicode=True, width=1000))
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755 if path.is_dir() else 0o644)
