"""Probes and their conditions for tests: the canary's own, and those of a file that a user wrote."""

from __future__ import annotations

from typing import Any

from canary.probes.checks import check_of
from canary.probes.declared import read_file
from canary.probes.plan import Probe, plan_of
from tests.canary.build import LIMITS, answer, check


def reason(name: str, body: str, target: str = "web", **changes: Any) -> str | None:
    return check(target, name, **({"body": body, "size": len(body)} | changes)).reason


def only(name: str, kind: str, *conditions: str, **fields: str) -> Probe:
    """The one probe of a file that a user wrote, with these conditions."""
    further = "".join(f"{field} = {value}\n" for field, value in fields.items())
    text = f"""
[targets]
web = "http://web:1"
[[probe]]
name = "{name}"
kind = "{kind}"
targets = ["web"]
path = "/v1/x"
{further}conditions = {list(conditions)!r}
"""
    (probe,) = plan_of(read_file(text, LIMITS.constants()), None, "simulated").probes
    return probe


def told(probe: Probe, **changes: Any) -> list[tuple[str, str]]:
    """The outcome and text of each condition over an answer to this probe."""
    found = check_of(answer("web", probe.check, kind=probe.declared.kind, **changes), probe)
    return [(one.outcome, one.text) for one in found.conditions]
