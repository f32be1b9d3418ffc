"""Turns of an order's round trip for tests: the probe of a file that a user wrote, asked over a real socket."""

from __future__ import annotations

from canary.conditions import Check
from canary.observation import ProbeAnswer
from canary.probes.checks import check_of
from canary.probes.declared import read_file
from canary.probes.fetch import fetch
from canary.probes.plan import Probe, plan_of
from common.clock import SYSTEM_CLOCK
from tests.canary.build import LIMITS

SYMBOL = "BTCTURK:BTCTRY"
ORDER_TEXT = """
[targets]
web = "{url}"

[[probe]]
name = "order"
kind = "order"
targets = ["web"]
symbol = "BTCTURK:BTCTRY"
quantity = "0.5"
conditions = [
  '[STATUS] == 201',
  '[ORDER_STATUS] == "filled"',
  '[AS_ASKED] == true',
  '[READ_BACK] == true',
  '[REPEAT_STATUS] == 200',
  '[REPEATED] == true',
  '[FILLED_ONCE] == true',
  '[CASH_MOVED] == true',
  '[ROUND_TRIP] < 60s',
]
cannot = "Nobody can trade."
look = "the executor"
runbook = "CanaryFailing"
"""


def order_probe(url: str) -> Probe:
    (probe,) = plan_of(read_file(ORDER_TEXT.format(url=url), LIMITS.constants()), None, "simulated").probes
    return probe


def turned(url: str, key: str, timeout: float = 60.0) -> ProbeAnswer:
    """The answer of one turn."""
    return fetch(order_probe(url), timeout, SYSTEM_CLOCK, key).answer


def judged_turn(url: str, key: str, timeout: float = 60.0) -> Check:
    """The check over one turn."""
    return check_of(turned(url, key, timeout), order_probe(url))


def failed(check: Check) -> list[str]:
    """The conditions that failed, with the values that they met."""
    return [one.text for one in check.conditions if one.outcome == "failed"]
