"""The probes that each target gets: one GET per check, as a user, an operator or Prometheus would send it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from canary.observation import CheckName
from canary.settings import Target

_PATHS: dict[CheckName, str] = {
    "healthz": "/healthz",
    "healthy": "/-/healthy",
    "readyz": "/readyz",
    "metrics": "/metrics",
    "page": "/",
    "quotes": "/v1/quotes",
}
_CHECKS: dict[str, tuple[CheckName, ...]] = {
    "web": ("healthz", "readyz", "metrics", "page"),
    "marketdata": ("healthz", "readyz", "metrics", "quotes"),
    "venue": ("healthz", "metrics"),
    "gateway": ("healthz", "metrics"),
    "prometheus": ("healthy", "metrics"),
    "alertmanager": ("healthy", "metrics"),
}
_ANY_SERVICE: tuple[CheckName, ...] = ("healthz", "readyz", "metrics")
_OWN = ("canary", "docker-proxy")
"""The canary and what it alone needs, its window on the engine: no user feels it when one of them fails."""
_SLOW: tuple[CheckName, ...] = ("metrics", "readyz")
"""Checks that are not repeated: /metrics is large, and /readyz counts its answers."""


@dataclass(frozen=True)
class Probe:
    """One request of the canary.

    target: the name of what is asked.
    check: the check that the answer is for.
    url: the address that is asked.
    critical: false for the canary and its window on the engine: their faults make a verdict INCONCLUSIVE, not FAIL.
    """

    target: str
    check: CheckName
    url: str
    critical: bool


def probes_of(targets: Iterable[Target]) -> tuple[Probe, ...]:
    """Returns every probe of every target, in order."""
    return tuple(
        Probe(target.name, check, target.url + _PATHS[check], critical=target.name not in _OWN)
        for target in targets
        for check in _CHECKS.get(target.name, _ANY_SERVICE)
    )


def quick_probes(probes: Iterable[Probe], target: str) -> tuple[Probe, ...]:
    """Returns those of one target that may be repeated often."""
    return tuple(one for one in probes if one.target == target and one.check not in _SLOW)
