"""The report of a judgement: JSON for programs, Markdown for people, JUnit for build servers."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import msgspec

from canary.baseline import RestartBaseline
from canary.conditions import Check, Condition
from canary.observation import Observation, Running
from canary.restarts import ContainerRestarts, restarts_of
from canary.verdict import Fault, Judgement, Verdict, VerdictLimits
from common import wire

FORMAT = 3
PERCENTILE_RULE = "p95, nearest rank, over the canary's own timed requests"


class Report(wire.Message, frozen=True, kw_only=True):
    """The content of `report.json`.

    format: the number of this form; a program reads the one that it knows.
    version, revision: the canary's own version, and the commit that it was built from.
    market: the market that the stack runs on.
    checked_at: when the round ended, UTC, RFC 3339.
    verdict: PASS, FAIL or INCONCLUSIVE.
    reasons: every condition that keeps the verdict from PASS, failed ones first.
    faults: each check that failed and counts, with what it means for a user.
    tolerated: every condition that is not met and does not count, or not yet.
    targets: the names of all that was probed.
    left_out: the targets of the file of probes that were not probed: a setting named others, or they did not run.
    p95_seconds: the 95th percentile over all targets; None without samples.
    samples: how many durations the percentile is computed from.
    percentile_rule: a sentence about how the percentile is computed.
    limits: the limits that the verdict was judged by.
    own: the canary's own parts, each with None or its trouble.
    conditions: every condition with the value that it met.
    checks: every check.
    running: the version of each part.
    baseline: the moment from which restarts are judged; None when nobody has set one.
    restarts: each container with its restarts.
    """

    format: int
    version: str
    revision: str
    market: wire.Market
    checked_at: str
    verdict: Verdict
    reasons: tuple[str, ...]
    faults: tuple[Fault, ...]
    tolerated: tuple[str, ...]
    targets: tuple[str, ...]
    left_out: tuple[str, ...]
    p95_seconds: float | None
    samples: int
    percentile_rule: str
    limits: VerdictLimits
    own: dict[str, str | None]
    conditions: tuple[Condition, ...]
    checks: tuple[Check, ...]
    running: tuple[Running, ...]
    baseline: RestartBaseline | None
    restarts: tuple[ContainerRestarts, ...]


class Origin(wire.Message, frozen=True, kw_only=True):
    """The origin of a package.

    version, revision: the canary's own version, and the commit that it was built from.
    market: the market that the stack runs on.
    """

    version: str
    revision: str
    market: wire.Market


def report_of(seen: Observation, judgement: Judgement, limits: VerdictLimits, origin: Origin) -> Report:
    """Returns the report: what was seen, the limits that it was judged by, and the outcome."""
    return Report(
        format=FORMAT,
        version=origin.version,
        revision=origin.revision,
        market=origin.market,
        checked_at=seen.checked_at.isoformat(),
        verdict=judgement.verdict,
        reasons=judgement.reasons,
        faults=judgement.faults,
        tolerated=judgement.tolerated,
        targets=tuple(seen.targets),
        left_out=seen.left_out,
        p95_seconds=judgement.p95_seconds,
        samples=judgement.samples,
        percentile_rule=PERCENTILE_RULE,
        limits=limits,
        own=seen.own,
        conditions=judgement.conditions,
        checks=seen.checks,
        running=seen.running,
        baseline=seen.baseline,
        restarts=restarts_of(seen),
    )


def pretty(value: object) -> bytes:
    """Returns JSON with indents and a last line end."""
    return msgspec.json.format(wire.encode(value), indent=2) + b"\n"


def markdown(report: Report) -> bytes:
    """Returns the report for people: verdict and reasons first, then every condition with the value that it met."""
    lines = [
        *_head(report),
        "",
        "## Reasons",
        "",
        *([f"- {_cell(reason)}" for reason in report.reasons] or ["- none: every condition that counts is met"]),
        "",
        *_section("Consequences", [line for fault in report.faults for line in _fault_lines(fault)]),
        *_section("Not met, and not counted", [f"- {_cell(one)}" for one in report.tolerated]),
        "## What ran",
        "",
        "| part | version | commit | source | image | image's id | built on | notes |",
        "|---|---|---|---|---|---|---|---|",
        *[_running_row(one) for one in report.running],
        "",
        *_container_section(report),
        "## Conditions",
        "",
        "| outcome | of | condition | value |",
        "|---|---|---|---|",
        *[
            f"| {one.outcome} | {_cell(one.about)} | {_cell(one.condition)} | {_cell(one.value)} |"
            for one in report.conditions
        ],
        "",
        "## Answers",
        "",
        "| target | check | status | seconds | bytes |",
        "|---|---|---|---|---|",
        *[_answer_row(check) for check in report.checks],
        "",
    ]
    return "\n".join(lines).encode()


def _head(report: Report) -> list[str]:
    p95 = "none" if report.p95_seconds is None else f"{report.p95_seconds:.6f} s"
    return [
        f"# Canary report: {report.verdict}",
        "",
        f"- market: **{report.market.upper()}**",
        f"- version {report.version}, commit {_cell(report.revision)}",
        f"- checked at {report.checked_at}",
        f"- p95 {p95}, n = {report.samples} ({report.percentile_rule})",
        f"- targets: {', '.join(report.targets)}",
        f"- not probed: {', '.join(report.left_out) or 'none'}",
        f"- limits: p95 at most {report.limits.p95_seconds:g} s, restarts at most {report.limits.restart_budget}",
    ]


def _section(title: str, lines: list[str]) -> list[str]:
    return [f"## {title}", "", *lines, ""] if lines else []


def _fault_lines(fault: Fault) -> list[str]:
    told = [
        fault.cannot,
        fault.look and f"Look first at: {fault.look}.",
        fault.runbook and f"Runbook: {fault.runbook}.",
    ]
    return [
        f"- {_cell(fault.about)}: {' '.join(_cell(one) for one in told if one) or 'the probe declares no words for it'}"
    ]


def junit(report: Report) -> bytes:
    """Returns the report with one test case per condition.

    Unknown conditions, and failed ones that can't make a FAIL, count as skipped and have their reason.
    """
    failed = [one for one in report.conditions if one.outcome == "failed" and one.critical and not one.tolerated]
    unclear = [one for one in report.conditions if one.outcome != "met" and one not in failed]
    counts = {"tests": len(report.conditions), "failures": len(failed), "errors": 0, "skipped": len(unclear)}
    suite = ElementTree.Element(
        "testsuite",
        {"name": "canary", "timestamp": report.checked_at, **{name: str(count) for name, count in counts.items()}},
    )
    for one in report.conditions:
        case = ElementTree.SubElement(suite, "testcase", {"classname": one.about, "name": one.condition})
        if one.outcome != "met":
            ElementTree.SubElement(case, "failure" if one in failed else "skipped", {"message": one.text})
    ElementTree.indent(suite)
    text: bytes = ElementTree.tostring(suite, encoding="utf-8")
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + text + b"\n"


def _answer_row(check: Check) -> str:
    seconds = "" if check.seconds is None else f"{check.seconds:.6f}"
    status = "none" if check.status is None else str(check.status)
    return f"| {_cell(check.target)} | {check.check} | {status} | {seconds} | {check.size} |"


def _container_section(report: Report) -> list[str]:
    baseline = report.baseline
    told = "none: restarts are judged since each container was made"
    if baseline is not None:
        told = f"set by {_cell(baseline.by)} at {baseline.at.isoformat()}: {_cell(baseline.why)}"
    return [
        "## Containers",
        "",
        f"- restart baseline {told}",
        "",
        "| container | state | health | restarts since baseline | restarts in all |",
        "|---|---|---|---|---|",
        *[
            f"| {_cell(one.name)} | {_cell(one.state)} | {_cell(one.health or 'none')} "
            f"| {one.since_baseline} | {one.in_all} |"
            for one in report.restarts
        ],
        "",
    ]


def _running_row(one: Running) -> str:
    image = ", ".join((one.image, *one.digests))
    told = (one.service, one.version, one.revision, one.source, image, one.image_id, one.base, "; ".join(one.notes))
    return f"| {' | '.join(_cell(text or 'none') for text in told)} |"


def _cell(text: str) -> str:
    """Returns text of another service, escaped so that it can't become a link, HTML, code or another cell."""
    return re.sub(r"([\\`<|]|(?<=\])\()", r"\\\1", text)
