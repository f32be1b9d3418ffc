"""What is asked of each target: one GET per check, as a user, an operator or Prometheus would."""

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
    "prometheus": ("healthy", "metrics"),
    "alertmanager": ("healthy", "metrics"),
}
_ANY_SERVICE: tuple[CheckName, ...] = ("healthz", "readyz", "metrics")
_SELF = "canary"


@dataclass(frozen=True)
class Question:
    """One GET. What the canary finds wrong with itself is not critical: it makes a verdict unclear, not bad."""

    target: str
    check: CheckName
    url: str
    critical: bool


def questions_for(targets: Iterable[Target]) -> tuple[Question, ...]:
    """Every check of every target, in order."""
    return tuple(
        Question(target.name, check, target.url + _PATHS[check], critical=target.name != _SELF)
        for target in targets
        for check in _CHECKS.get(target.name, _ANY_SERVICE)
    )


def quick_questions(questions: Iterable[Question], target: str) -> tuple[Question, ...]:
    """Those of one target that may be asked often: not the large /metrics, nor /readyz, which counts its answers."""
    return tuple(one for one in questions if one.target == target and one.check not in ("metrics", "readyz"))
