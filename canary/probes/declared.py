"""The file of probes: read, checked as a whole, and every fault told (pure)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args
from urllib.parse import urlsplit

from canary.probes.names import NAMES, WITHOUT_PATH, WITHOUT_REQUEST, ProbeKind
from canary.probes.sentences import Kind, Sentence, read

LARGEST_FILE = 256 * 1024
MOST_PROBES = 200
MOST_CONDITIONS = 20
EVERYTHING = "*"
"""Stands for every container in the targets of a probe of containers."""
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_PATH = re.compile(r"/[\x21\x24-\x7e]{0,300}")
_HEADING = re.compile(r"(?:[A-Z][A-Za-z]{0,79})?")
_QUERY = re.compile(r"[\x20-\x7e]{1,1000}")
_SYMBOL = re.compile(r"[A-Z0-9]{1,20}:[A-Z0-9]{1,20}")
_QUANTITY = re.compile(r"(?!0+(\.0*)?$)(0|[1-9][0-9]{0,11})(\.[0-9]{0,7}[1-9])?")
_SERIES = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]{0,119}")
_SPAN = re.compile(r"([0-9]{1,5})(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_TOP = ("where_running", "targets", "probe")
_LONGEST_TEXT = 300
_MOST_LIMIT = 10


@dataclass(frozen=True)
class DeclaredProbe:
    """One probe of the file.

    name: the name of its check.
    kind: the way in which it asks, and the names that its conditions may have.
    targets: the targets that it asks; `*` stands for every container.
    path: the path and query that it asks for; empty for a query, and where nothing is asked over HTTP.
    query: the PromQL that Prometheus is asked; empty for other kinds.
    symbol: the instrument of the order, such as BTCTURK:BTCTRY; empty for other kinds.
    quantity: the quantity of the order, in the base asset, in plain digits; empty for other kinds.
    against: the target whose answer must agree with that of each target; empty for other kinds.
    every: seconds between two answers; None for each round.
    timeout: seconds for one whole answer; None for the setting's.
    failure_limit: the failures in a row that it takes to count.
    success_limit: the successes in a row that end a failure that counted.
    critical: false when its failure makes the verdict INCONCLUSIVE, not FAIL.
    dry_run: true when it is judged and shown, and never counts.
    optional: true when a value that can't be found does not count.
    often: true when it is repeated for the percentile.
    series: the series that an answer of metrics must have.
    conditions: what its answer must meet.
    cannot: a sentence about what a user can't do while it fails; empty when there is none.
    look: a sentence about what to look at first; empty when there is none.
    runbook: the name of its heading in the runbook; empty when there is none.
    """

    name: str
    kind: ProbeKind
    targets: tuple[str, ...]
    path: str = ""
    query: str = ""
    symbol: str = ""
    quantity: str = ""
    against: str = ""
    every: float | None = None
    timeout: float | None = None
    failure_limit: int = 1
    success_limit: int = 1
    critical: bool = True
    dry_run: bool = False
    optional: bool = False
    often: bool = False
    series: tuple[str, ...] = ()
    conditions: tuple[Sentence, ...] = ()
    cannot: str = ""
    look: str = ""
    runbook: str = ""


@dataclass(frozen=True)
class ProbeFile:
    """The whole file.

    targets: the address of each target, without a path.
    probes: all probes, in order.
    where_running: the targets that are probed only where the engine has a container of them.
    """

    targets: Mapping[str, str]
    probes: tuple[DeclaredProbe, ...]
    where_running: tuple[str, ...] = ()


class ProbeFileError(ValueError):
    """The file of probes has faults. `faults` has a sentence for each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


def read_file(text: str, constants: Mapping[str, str]) -> ProbeFile:
    """Returns what the file declares. Raises ProbeFileError with every fault.

    `constants` has the literal of each word in capitals that a condition may compare with.
    """
    if len(text) > LARGEST_FILE:
        raise ProbeFileError([f"the file has more than {LARGEST_FILE} characters"])
    try:
        found = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ProbeFileError([f"the file is no TOML: {error}"]) from error
    faults: list[str] = [f"the file has {name!r}, but only {', '.join(_TOP)} are known" for name in _other(found)]
    targets = _targets(found.get("targets", {}), faults)
    where_running = _where_running(found.get("where_running", []), targets, faults)
    rows = found.get("probe", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows) or not 0 < len(rows) <= MOST_PROBES:
        raise ProbeFileError([*faults, f"the file has no list of 1 to {MOST_PROBES} [[probe]]"])
    probes = [_Row(row, place, faults).probe(targets, constants) for place, row in enumerate(rows, 1)]
    faults += _twice(probes)
    if faults:
        raise ProbeFileError(faults)
    return ProbeFile(targets, tuple(probes), where_running)


def is_target_address(url: object) -> bool:
    """Returns true for http://host:port without path, query and fragment."""
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        usable = parts.scheme == "http" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return usable and not (parts.path.strip("/") or parts.query or parts.fragment)


def _other(found: Mapping[str, Any]) -> list[str]:
    return sorted(found.keys() - set(_TOP))


def _targets(found: Any, faults: list[str]) -> dict[str, str]:
    if not isinstance(found, dict):
        faults.append("targets must be a table of name = address")
        return {}
    for name, url in found.items():
        if not NAME.fullmatch(name) or not is_target_address(url):
            faults.append(f"targets has {name} = {url!r:.80}: must be http://host:port, with a name of a-z, 0-9 and -")
    return {name: url.rstrip("/") for name, url in found.items() if is_target_address(url)}


def _where_running(found: Any, targets: Mapping[str, str], faults: list[str]) -> tuple[str, ...]:
    if isinstance(found, list) and all(isinstance(one, str) and one in targets for one in found):
        return tuple(found)
    faults.append(f"where_running is {found!r:.80}; right would be a list of names of [targets]")
    return ()


def _twice(probes: list[DeclaredProbe]) -> Iterator[str]:
    seen: set[tuple[str, str]] = set()
    for probe in probes:
        for target in probe.targets:
            if (target, probe.name) in seen:
                yield f"the probe {probe.name} asks {target} twice"
            seen.add((target, probe.name))


class _Row:
    """One `[[probe]]`, read field by field; its faults are added to `faults`."""

    def __init__(self, row: dict[str, Any], place: int, faults: list[str]) -> None:
        self._left = dict(row)
        self._about = f"probe {place}"
        self._faults = faults

    def probe(self, targets: Mapping[str, str], constants: Mapping[str, str]) -> DeclaredProbe:
        name = self._text("name", "", NAME, "a-z, 0-9 and -, at most 40 letters")
        self._about = f"probe {name}" if name else self._about
        kind = self._kind()
        asks = kind not in WITHOUT_REQUEST
        probe = DeclaredProbe(
            name=name,
            kind=kind,
            targets=self._named_targets(targets, kind),
            path=self._text("path", "", _PATH, "a path that begins with /") if kind not in WITHOUT_PATH else "",
            query=self._text("query", "", _QUERY, "a query of PromQL on one line") if kind == "query" else "",
            symbol=self._text("symbol", "", _SYMBOL, "a symbol, such as BTCTURK:BTCTRY") if kind == "order" else "",
            quantity=self._text("quantity", "", _QUANTITY, "a text such as '0.0001'") if kind == "order" else "",
            against=self._against(targets) if kind == "agreement" else "",
            every=self._span("every", 1.0, 86_400.0) if asks else None,
            timeout=self._span("timeout", 0.05, 30.0) if asks else None,
            failure_limit=self._limit("failure_limit") if asks else 1,
            success_limit=self._limit("success_limit") if asks else 1,
            critical=self._flag("critical", default=True),
            dry_run=self._flag("dry_run", default=False),
            optional=self._flag("optional", default=False),
            often=self._flag("often", default=False) if asks and kind != "order" else False,
            series=self._series() if kind == "metrics" else (),
            conditions=self._conditions(NAMES[kind], constants),
            cannot=self._sentence("cannot"),
            look=self._sentence("look"),
            runbook=self._text("runbook", "", _HEADING, "the name of a heading of the runbook, such as TargetDown"),
        )
        for other in sorted(self._left):
            self._fault(f"has {other!r}, which a probe of the kind {kind} has not")
        return probe

    def _fault(self, sentence: str) -> None:
        self._faults.append(f"{self._about} {sentence}")

    def _kind(self) -> ProbeKind:
        found = self._left.pop("kind", "http")
        for kind in get_args(ProbeKind):
            if found == kind:
                return kind  # type: ignore[no-any-return]
        self._fault(f"has the kind {found!r:.60}; known are {', '.join(get_args(ProbeKind))}")
        return "http"

    def _text(self, field: str, default: str, form: re.Pattern[str], right: str) -> str:
        found = self._left.pop(field, default)
        if isinstance(found, str) and form.fullmatch(found):
            return found
        self._fault(f"has {field} = {found!r:.80}; right would be {right}")
        return ""

    def _named_targets(self, targets: Mapping[str, str], kind: ProbeKind) -> tuple[str, ...]:
        found = self._left.pop("targets", None)
        if not isinstance(found, list) or not found or not all(isinstance(one, str) for one in found):
            self._fault("has no targets; right would be a list of names, such as targets = ['web']")
            return ()
        allowed = {*targets, EVERYTHING} if kind in ("container", "oneshot") else set(targets)
        for one in found:
            if one not in allowed:
                self._fault(f"asks {one!r:.60}, which is not in [targets]: {', '.join(sorted(allowed))}")
        return tuple(found)

    def _against(self, targets: Mapping[str, str]) -> str:
        found = self._left.pop("against", None)
        if isinstance(found, str) and found in targets:
            return found
        self._fault(f"has against = {found!r:.60}; right would be one of [targets]: {', '.join(targets)}")
        return ""

    def _span(self, field: str, least: float, most: float) -> float | None:
        if field not in self._left:
            return None
        found = self._left.pop(field)
        match = _SPAN.fullmatch(found) if isinstance(found, str) else None
        seconds = int(match[1]) * _SECONDS[match[2]] if match else 0.0
        if not least <= seconds <= most:
            self._fault(f"has {field} = {found!r:.60}; right would be {least:g}s to {most:g}s, such as '15s'")
        return seconds

    def _limit(self, field: str) -> int:
        found = self._left.pop(field, 1)
        if type(found) is int and 1 <= found <= _MOST_LIMIT:
            return found
        self._fault(f"has {field} = {found!r:.60}; right would be a whole number from 1 to {_MOST_LIMIT}")
        return 1

    def _flag(self, field: str, *, default: bool) -> bool:
        found = self._left.pop(field, default)
        if isinstance(found, bool):
            return found
        self._fault(f"has {field} = {found!r:.60}; right would be true or false")
        return default

    def _series(self) -> tuple[str, ...]:
        found = self._left.pop("series", [])
        if isinstance(found, list) and all(isinstance(one, str) and _SERIES.fullmatch(one) for one in found):
            return tuple(found)
        self._fault("has series that are no list of names of series")
        return ()

    def _conditions(self, names: Mapping[str, Kind], constants: Mapping[str, str]) -> tuple[Sentence, ...]:
        found = self._left.pop("conditions", None)
        if not isinstance(found, list) or not 0 < len(found) <= MOST_CONDITIONS:
            self._fault(f"has no list of 1 to {MOST_CONDITIONS} conditions; one would be '[STATUS] == 200'")
            return ()
        sentences = []
        for text in found:
            try:
                sentences.append(read(str(text), names, constants))
            except ValueError as error:
                self._fault(f"has a condition that can't be read: {error}")
        return tuple(sentences)

    def _sentence(self, field: str) -> str:
        found = self._left.pop(field, "")
        if isinstance(found, str) and len(found) <= _LONGEST_TEXT and (found.isprintable() or not found):
            return found
        self._fault(f"has {field} that is no line of at most {_LONGEST_TEXT} letters")
        return ""
