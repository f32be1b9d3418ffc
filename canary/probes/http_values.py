"""The values in an answer of a service: status, headers, body, and those that only some answers have (pure)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from canary.probes.body import NONE, Body, Found, Path, listed
from canary.probes.sentences import Missing, Noted

_JSON = msgspec.json.Decoder(float_hook=Decimal)
_ABSENT = object()
_TITLE = re.compile(r"<title[^>]*>([^<]*)</title>", re.IGNORECASE)


def _status(body: Body, _: Path) -> Found:
    status = body.answer.status
    return Missing("no status") if status is None else Decimal(status)


def _latency(body: Body, _: Path) -> Found:
    return Decimal(str(body.answer.seconds))


def _size(body: Body, _: Path) -> Found:
    return Decimal(body.answer.size)


def _content_type(body: Body, _: Path) -> Found:
    return body.answer.headers.get("content-type", NONE).split(";")[0].strip().lower()


def _header(body: Body, path: Path) -> Found:
    name = str(path[0]).lower() if path else ""
    value = body.answer.headers.get(name)
    return Missing(f"no header {name}") if value is None else value


def _clock_skew(body: Body, _: Path) -> Found:
    """The header tells whole seconds: the skew is the distance between that second and the time of the probe."""
    told = body.answer.headers.get("date")
    try:
        at = parsedate_to_datetime(told or "")
    except ValueError:
        return Missing("no header date with a time")
    second = at if at.tzinfo else at.replace(tzinfo=UTC)
    begin: datetime = body.answer.asked_at
    end = begin + timedelta(seconds=body.answer.seconds)
    apart = max(second - end, begin - (second + timedelta(seconds=1)), timedelta())
    return Decimal(str(round(apart.total_seconds(), 3)))


def _is_json(body: Body, _: Path) -> Found:
    try:
        body.json()
    except ValueError:
        return False
    return True


def _part_of_body(body: Body, path: Path) -> Found:
    if not path:
        return body.answer.body
    try:
        found = body.json()
    except ValueError as error:
        return Missing(str(error))
    for done, step in enumerate(path):
        if isinstance(step, int) and isinstance(found, list) and step < len(found):
            found = found[step]
            continue
        if isinstance(step, str) and isinstance(found, dict) and step in found:
            found = found[step]
            continue
        if step == "length" and isinstance(found, list) and done == len(path) - 1:
            return Decimal(len(found))
        return Missing(f"the body has no {step!r:.60} there")
    return _plain(found)


def _plain(found: Any) -> Found:
    if found is None or isinstance(found, bool | str | Decimal):
        return found
    return Decimal(found) if isinstance(found, int) else Missing("the body has no single value there")


def _ready(body: Body, _: Path) -> Found:
    found = body.object().get("ready")
    return found if isinstance(found, bool) else Missing("the body has no ready that is true or false")


def _unready(body: Body, _: Path) -> Found:
    parts = body.object().get("parts", {})
    if not isinstance(parts, dict):
        return Missing("the body has no table of parts")
    bad = {
        name: part for name, part in sorted(parts.items()) if not (isinstance(part, dict) and part.get("ready") is True)
    }
    return listed([f"{name}: {_reason(part)}" for name, part in bad.items()])


def _reason(part: Any) -> str:
    return str((isinstance(part, dict) and part.get("reason")) or "no reason given")


def _title(body: Body, _: Path) -> Found:
    found = _TITLE.search(body.answer.body)
    return found[1].strip() if found else NONE


def _assets(body: Body, _: Path) -> Found:
    return Decimal(len(body.answer.parts))


def _broken(body: Body, _: Path) -> Found:
    parts = [part for part in body.answer.parts if part.status != 200 or part.size == 0]
    return listed([f"{part.name}: {part.problem or f'status {part.status}, {part.size} bytes'}" for part in parts])


def _quotes(body: Body, _: Path) -> Found:
    rows = body.rows("quotes")
    return Missing("the body has no list of quotes") if rows is None else Decimal(len(rows))


def _fresh_quotes(body: Body, _: Path) -> Found:
    rows = body.rows("quotes")
    if rows is None:
        return Missing("the body has no list of quotes")
    return Noted(Decimal(sum(row.get("stale") is False for row in rows)), f", of {len(rows)}")


def _feeds(body: Body, _: Path) -> Found:
    rows = body.rows("feeds")
    return Missing("the body has no list of feeds") if rows is None else Decimal(len(rows))


def _unreliable(body: Body, _: Path) -> Found:
    rows = body.rows("feeds")
    if rows is None:
        return Missing("the body has no list of feeds")
    return listed([f"{row.get('venue')}: {row.get('reason')}" for row in rows if row.get("reason") is not None])


def _differs(body: Body, _: Path) -> Found:
    """The two answers are compared field by field, so that it is told which one differs."""
    part = body.answer.parts[0] if body.answer.parts else None
    if part is None or part.status != 200:
        return Missing((part and part.problem) or f"no answer of the other: status {part and part.status}")
    try:
        one, other = body.object(), _JSON.decode(part.body)
    except msgspec.DecodeError:
        return Missing("the other's body is no JSON")
    if not one or not isinstance(other, dict):
        return Missing("a body is no object of JSON")
    names = sorted(name for name in {*one, *other} if one.get(name, _ABSENT) != other.get(name, _ABSENT))
    return listed([f"{name}: {one.get(name)} and {other.get(name)}" for name in names])


HTTP_VALUES: Mapping[str, Callable[[Body, Path], Found]] = {
    "STATUS": _status,
    "LATENCY": _latency,
    "BYTES": _size,
    "METRICS_BYTES": _size,
    "CONTENT_TYPE": _content_type,
    "HEADER": _header,
    "CLOCK_SKEW": _clock_skew,
    "JSON": _is_json,
    "BODY": _part_of_body,
    "READY": _ready,
    "UNREADY": _unready,
    "TITLE": _title,
    "ASSETS": _assets,
    "BROKEN": _broken,
    "QUOTES": _quotes,
    "FRESH_QUOTES": _fresh_quotes,
    "FEEDS": _feeds,
    "UNRELIABLE": _unreliable,
    "DIFFERS": _differs,
}
