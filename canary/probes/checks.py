"""The conditions that an answer must meet. The same answer always gives the same check."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import msgspec
from prometheus_client.parser import text_fd_to_metric_families

from canary.observation import Check, CheckName, Condition, Outcome, ProbeAnswer, condition

TITLE_WORD = "Spark"
_TITLE = re.compile(r"<title[^>]*>([^<]*)</title>", re.IGNORECASE)


def check_of(answer: ProbeAnswer) -> Check:
    """Returns the check that this answer is for, with every condition and the value that it met."""
    conditions = tuple(_conditions(answer))
    answered = answer.outcome == "answered"
    return Check(
        target=answer.target,
        check=answer.check,
        url=answer.url,
        critical=answer.critical,
        ok=all(one.outcome == "met" for one in conditions),
        status=answer.status,
        seconds=answer.seconds if answered else None,
        size=answer.size,
        conditions=conditions,
    )


def _conditions(answer: ProbeAnswer) -> Iterator[Condition]:
    if answer.outcome != "answered":
        outcome: Outcome = "unknown" if answer.outcome == "not_asked" else "failed"
        yield _condition(answer, "[ANSWER]", answer.problem or answer.outcome, "== whole", outcome)
        return
    yield _condition(answer, "[STATUS]", answer.status, "== 200", answer.status == 200)
    further = _FURTHER.get(answer.check)
    if further and (answer.status == 200 or answer.check == "readyz"):
        yield from further(answer)


def _condition(answer: ProbeAnswer, left: str, value: object, rule: str, outcome: Outcome | bool) -> Condition:
    return condition(f"{answer.target} {answer.check}", left, value, rule, outcome, critical=answer.critical)


def _alive(answer: ProbeAnswer) -> Iterator[Condition]:
    status = _field(_json_object(answer.body), "status")
    yield _condition(answer, "[BODY].status", status, "== alive", status == "alive")


def _ready(answer: ProbeAnswer) -> Iterator[Condition]:
    body = _json_object(answer.body)
    ready = _field(body, "ready")
    yield _condition(answer, "[BODY].ready", ready, "== True", ready is True)
    parts = body.get("parts")
    for name, part in sorted(parts.items()) if isinstance(parts, dict) else ():
        well = isinstance(part, dict) and part.get("ready") is True
        value = "ready" if well else (isinstance(part, dict) and part.get("reason")) or "no reason given"
        yield _condition(answer, f"[PARTS].{name[:40]}", value, "== ready", well)


def _metrics(answer: ProbeAnswer) -> Iterator[Condition]:
    yield _condition(answer, "[BYTES]", answer.size, "> 0", answer.size > 0)
    whole = answer.body.endswith("\n")
    yield _condition(answer, "[LAST_LINE]", "whole" if whole else "cut", "== whole", whole)
    try:
        count = sum(len(family.samples) for family in text_fd_to_metric_families(StringIO(answer.body)))
    except Exception as error:
        # The parser's failures on a broken text are of many kinds; for the verdict they are one.
        yield _condition(answer, "[METRICS]", f"{type(error).__name__}: {error}", "== readable", outcome=False)
        return
    yield _condition(answer, "[METRICS]", f"{count} samples", ">= 1 sample", count >= 1)


def _page(answer: ProbeAnswer) -> Iterator[Condition]:
    kind = (answer.content_type or "none").split(";")[0].strip().lower()
    yield _condition(answer, "[CONTENT_TYPE]", kind, "== text/html", kind == "text/html")
    found = _TITLE.search(answer.body)
    title = found[1].strip() if found else "none"
    yield _condition(answer, "[TITLE]", title, f"contains {TITLE_WORD}", TITLE_WORD in title)


def _quotes(answer: ProbeAnswer) -> Iterator[Condition]:
    quotes = _json_object(answer.body).get("quotes")
    listed = [one for one in quotes if isinstance(one, dict)] if isinstance(quotes, list) else []
    fresh = sum(1 for one in listed if one.get("stale") is False)
    yield _condition(answer, "[FRESH_QUOTES]", f"{fresh} of {len(listed)}", ">= 1", fresh >= 1)


_FURTHER: dict[CheckName, Callable[[ProbeAnswer], Iterator[Condition]]] = {
    "healthz": _alive,
    "readyz": _ready,
    "metrics": _metrics,
    "page": _page,
    "quotes": _quotes,
}


def _json_object(text: str) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _field(body: dict[str, Any], name: str) -> object:
    value = body.get(name)
    return "none" if value is None else value
