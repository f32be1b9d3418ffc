"""The table of faults as markdown: a row for each, and a sentence for each expectation that was not met."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tests.faults.fault import MOST_MESSAGES
from tests.faults.run import OVER_SECONDS, Outcome

COLUMNS = (
    "fault",
    "divided by",
    "alert expected",
    "fires after (s)",
    "message at every receiver after (s)",
    "limit (s)",
    "its end at every receiver after (s)",
    "healed",
    "orders",
    "lost",
    "doubled",
    "slowest order (s)",
    "firing messages",
    "the console said",
    "the canary said",
    "result",
)
HEAD = """# What happens when something breaks

`make faults` threw each fault at a fresh stack of its own and wrote this file. While a fault lasted, a client traded
through both executors, one order in half a second, and asked again until every outcome was known. Then the ledger was
compared with what the client was told.

- Run at {at} on commit `{commit}`.
- *divided by*: a script divided the durations of the alert rules (`for`, ranges) by this number; 1 leaves them.
  Limits and Alertmanager's times were the product's own.
- Seconds count from the begin of the fault. *message*: when the last receiver had it, of {receivers}.
- *its end*: of a critical, from its end in Prometheus to the message about that at the last receiver; at most {over} s.
- *healed*: seconds until every container was healthy and the canary passed, from the begin of the fault where the stack
  heals by itself, else from the end of the fault.
- *firing messages*: at the receiver that got most of them, with their alerts; at most {most} are allowed, none where
  no alert is expected, but for a fault that heals at about the time at which it would be told.
- *the console said*: the alerts that fired in its inbox; `no answer`; `alerts silent` when the alert that always fires
  stayed away.

"""


def seconds(value: float | None) -> str:
    """A duration with no more digits than it was measured with."""
    return "never" if value is None else f"{value:.0f}"


def cells(outcome: Outcome) -> tuple[str, ...]:
    """One row, in the order of `COLUMNS`."""
    fault, ledger = outcome.fault, outcome.audit
    healed = f"{seconds(outcome.healed)} s {'by itself' if fault.itself else 'after the end'}"
    return (
        fault.title,
        f"{fault.factor:g}",
        fault.alert or "none",
        "" if fault.alert is None else seconds(outcome.fired),
        seconds(outcome.arrived) if fault.wants_message else "none can come" if fault.alert else "",
        f"{fault.within:.0f}" if fault.alert else "",
        seconds(outcome.over) if outcome.critical else "",
        "never" if outcome.healed is None else healed,
        str(ledger.orders),
        str(len(ledger.lost)),
        str(len(ledger.doubled)),
        f"{outcome.slowest:.1f}",
        f"{len(outcome.told)}{': ' if outcome.told else ''}{', '.join(outcome.told)}",
        ", ".join(outcome.console) or "nothing",
        ", ".join(outcome.canary),
        "falls short" if outcome.short else "as expected",
    )


def row(outcome: Outcome) -> str:
    """One row of the table."""
    return f"| {' | '.join(cells(outcome))} |"


def line(outcome: Outcome) -> str:
    """One row for a terminal, with its columns' names, and what fell short below it."""
    told = [f"{name}: {cell}" for name, cell in zip(COLUMNS[1:-1], cells(outcome)[1:-1], strict=True) if cell]
    first = f"{'SHORT' if outcome.short else 'ok   '} {outcome.fault.name}: {outcome.fault.title}"
    fired = f"      fired: {', '.join(outcome.alerts) or 'nothing'}; the run took {outcome.took:.0f} s"
    return "\n".join((first, f"      {'; '.join(told)}", fired, *(f"      SHORT: {each}" for each in outcome.short)))


def document(outcomes: Sequence[Outcome], at: datetime, commit: str, receivers: Sequence[str]) -> str:
    """The whole file."""
    limits = {"most": MOST_MESSAGES, "over": f"{OVER_SECONDS:.0f}"}
    head = HEAD.format(at=f"{at:%Y-%m-%d %H:%M} UTC", commit=commit, receivers=", ".join(receivers), **limits)
    table = [f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}", *map(row, outcomes)]
    short = [f"- **{each.fault.title}**: {text}" for each in outcomes for text in each.short]
    tail = ["", "## What fell short", "", *(short or ["Nothing."])]
    return head + "\n".join([*table, *tail]) + "\n"
