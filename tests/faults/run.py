"""One fault from its begin to the audit: trade, put it, wait for alert and message, heal it, compare the ledger."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, replace

from tests.faults import audit
from tests.faults.audit import Audit
from tests.faults.fault import Fault
from tests.faults.ground import SETTLE_SECONDS, Ground
from tests.faults.told import alert_of, arrivals, critical, endings, told
from tests.faults.trader import Trader
from tests.faults.watch import Watch
from tests.rules import forms
from tests.rules.sinks import Message

BEFORE_SECONDS = 2.0
LATE_FACTOR = 2.0
"""An alert or message that is late is waited for up to so many times its limit, so that the table says how late."""
KNOWN_SECONDS = 90.0
OVER_SECONDS = 60.0
"""The end of a critical is at every receiver in this time."""
ENDS_SECONDS = 600.0
"""A critical is waited for so long to end, once the stack is healthy."""


@dataclass(frozen=True)
class Outcome:
    """The findings of one run of a fault. Seconds are counted from the begin of the fault; None means never.

    fault: the fault with its expectation.
    fired: seconds to the expected alert in Prometheus.
    arrived: seconds to its message at the last receiver.
    alerts: all alerts that fired, in order.
    told: the alerts of the firing messages at the receiver that got most of them, in order.
    healed: seconds from the begin, or from the end of the fault where it does not heal by itself, to a healthy stack.
    console: what the console said meanwhile. canary: what the canary said.
    slowest: the most seconds that an order waited for its answer.
    critical: a message said that the alert is critical.
    over: seconds from the end of a critical in Prometheus to the message about it at the last receiver.
    audit: the ledger in the end.
    short: a sentence for each expectation that was not met.
    took: seconds that the whole run took, with the start and end of a stack of its own.
    """

    fault: Fault
    fired: float | None
    arrived: float | None
    alerts: tuple[str, ...]
    told: tuple[str, ...]
    healed: float | None
    console: tuple[str, ...]
    canary: tuple[str, ...]
    slowest: float
    critical: bool
    over: float | None
    audit: Audit
    short: tuple[str, ...]
    took: float


@dataclass(frozen=True)
class Before:
    """The number of messages before a fault, and the alerts that fired then, which are no concern of the fault."""

    messages: int
    firing: frozenset[str]

    @classmethod
    def of(cls, ground: Ground) -> Before:
        """As it is now."""
        states = ground.alerts() or {}
        return cls(len(ground.messages()), frozenset(name for name, state in states.items() if state == "firing"))

    def news(self, ground: Ground) -> list[Message]:
        """The messages since then about other alerts."""
        return [each for each in ground.messages()[self.messages :] if alert_of(each) not in self.firing]


def broken_off(fault: Fault, reason: str) -> Outcome:
    """The outcome of a run that did not come to its end."""
    nothing = Audit(orders=0, lost=(), doubled=(), odd=(), verify="not checked", agree=False)
    return Outcome(fault, None, None, (), (), None, (), (), 0.0, False, None, nothing, (f"broken off: {reason}",), 0.0)


def alone(fault: Fault) -> Outcome:
    """Runs a fault on a fresh stack of its own."""
    begun = time.monotonic()
    with Ground(fault.factor, fault.more, fault.small).running() as ground:
        ground.wait(ground.quiet, SETTLE_SECONDS, lambda: f"a quiet stack; its alerts are {ground.alerts()}")
        outcome = on(ground, fault)
    return replace(outcome, took=time.monotonic() - begun)


def on(ground: Ground, fault: Fault) -> Outcome:
    """Runs a fault on a stack that runs, once what came before is over."""
    ground.wait(lambda: ground.calm(fault.alert), SETTLE_SECONDS, lambda: f"a calm stack: {ground.alerts()}")
    trader, watch = Trader(ground.stack), Watch(ground)
    before = Before.of(ground)
    with ExitStack() as entered:
        entered.enter_context(trader.trading(KNOWN_SECONDS))
        time.sleep(BEFORE_SECONDS)
        fault_put = ExitStack()
        entered.push(fault_put)
        begun = time.time()
        fault_put.enter_context(fault.put(ground))
        entered.enter_context(watch.watching())
        _follow(ground, fault, begun, before)
        if not fault.itself:
            fault_put.close()
        healing_since = begun if fault.itself else time.time()
        _heal(watch, fault, healing_since)
        settled_at = watch.settled_at
        fault_put.close()
        _follow_end(ground, fault, before)
    healed = None if settled_at is None else max(0.0, settled_at - healing_since)
    return _outcome(ground, fault, watch, trader, begun, before, healed)


def _follow(ground: Ground, fault: Fault, begun: float, before: Before) -> None:
    """Waits until the message is everywhere, or the alert fires; without either, for as long as is watched."""
    wanted = set(ground.receivers) - set(fault.without)
    until = begun + fault.within * (LATE_FACTOR if fault.alert else 1)
    while time.time() < until:
        time.sleep(0.5)
        if fault.wants_message and wanted <= set(arrivals(before.news(ground), str(fault.alert))):
            return
        if fault.alert and not fault.paged and (ground.alerts() or {}).get(fault.alert) == "firing":
            time.sleep(max(0.0, begun + fault.within - time.time()))
            return


def _heal(watch: Watch, fault: Fault, since: float) -> None:
    """Waits for a healthy stack; late is waited for as well."""
    if not fault.itself:
        watch.unsettled_at, watch.settled_at = since, None
    deadline = since + fault.heals * LATE_FACTOR
    while time.time() < deadline and not watch.settled():
        time.sleep(0.5)


def _follow_end(ground: Ground, fault: Fault, before: Before) -> None:
    """Waits until the end of a critical is told everywhere; late is waited for as well."""
    if not fault.wants_message or not critical(before.news(ground), str(fault.alert)):
        return
    until = time.time() + ENDS_SECONDS
    while str(fault.alert) in (ground.alerts() or {str(fault.alert)}) and time.time() < until:
        time.sleep(0.5)
    wanted = set(ground.receivers) - set(fault.without)
    until = time.time() + OVER_SECONDS * LATE_FACTOR
    while time.time() < until and wanted > set(endings(before.news(ground), str(fault.alert), wanted)):
        time.sleep(0.5)


def _outcome(
    ground: Ground, fault: Fault, watch: Watch, trader: Trader, begun: float, before: Before, healed: float | None
) -> Outcome:
    ledger = audit.look(ground, trader)
    messages = before.news(ground)
    fired = ground.fired(begun)
    came = arrivals(messages, fault.alert) if fault.alert else {}
    wanted = set(ground.receivers) - set(fault.without)
    arrived = max(came[name] for name in wanted) - begun if wanted <= set(came) else None
    ends = endings(messages, fault.alert, wanted) if fault.alert else {}
    outcome = Outcome(
        fault=fault,
        fired=fired[fault.alert][0] - begun if fault.alert in fired else None,
        arrived=arrived,
        alerts=tuple(sorted(fired, key=lambda name: fired[name])),
        told=max((told(messages, name) for name in ground.receivers), key=len),
        healed=healed,
        console=tuple(watch.console),
        canary=tuple(watch.canary),
        slowest=trader.slowest,
        critical=fault.wants_message and critical(messages, str(fault.alert)),
        over=max(ends.values()) - fired[str(fault.alert)][1] if wanted <= set(ends) else None,
        audit=ledger,
        short=(),
        took=time.time() - begun,
    )
    found = [*unmet(outcome, sorted(wanted - set(came))), *_misshapen(messages)]
    return replace(outcome, short=tuple(found))


def unmet(outcome: Outcome, missing: list[str]) -> list[str]:
    """A sentence for each expectation that was not met."""
    fault, ledger = outcome.fault, outcome.audit
    limit = f"the limit is {fault.within:.0f} s"
    told = {
        f"{fault.alert} did not fire": fault.alert is not None and outcome.fired is None,
        f"no message at {', '.join(missing)}": fault.wants_message and bool(missing),
        f"the message took {outcome.arrived or 0:.0f} s, {limit}": (outcome.arrived or 0) > fault.within,
        f"{len(outcome.told)} firing messages": len(outcome.told) > fault.most_messages,
        "its end was not told everywhere": outcome.critical and outcome.over is None,
        f"its end was told {outcome.over or 0:.0f} s late, the limit is {OVER_SECONDS:.0f} s": outcome.critical
        and (outcome.over or 0) > OVER_SECONDS,
        "it did not heal": outcome.healed is None,
        f"it healed after {outcome.healed or 0:.0f} s, the limit is {fault.heals:.0f} s": (outcome.healed or 0)
        > fault.heals,
        f"the console never said {fault.says!r}": bool(fault.says) and fault.says not in outcome.console,
        f"the canary never said {fault.verdict}": bool(fault.verdict) and fault.verdict not in outcome.canary,
        f"verify: {ledger.verify}": ledger.verify != "clean",
        "the executors do not agree": not ledger.agree,
    }
    sentences = [sentence for sentence, unmet in told.items() if unmet]
    return [*sentences, *ledger.lost[:3], *ledger.doubled[:3], *ledger.odd[:3]]


def _misshapen(messages: list[Message]) -> list[str]:
    found = []
    for message in messages:
        try:
            forms.check(message)
        except (AssertionError, KeyError, IndexError) as error:
            found.append(f"a message of {message.receiver} has not its form: {error!r}")
    return found[:3]
