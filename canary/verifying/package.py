"""Checks one package: bytes, sums, signature, statement, and the way from its raw files to its verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from canary.archive import MOST_BYTES, NotCanonicalError, OlderFormError, files_of, unpacked
from canary.attestation import package_statement
from canary.files import read_bounded
from canary.package import BINDING, CONTAINERS, MANIFEST, PROBES, REPORT, STATEMENT
from canary.report import Report
from canary.seal import Opened, SealError, opened
from canary.spelling import SpellingError
from canary.statement import Facts, PackageResult, PackageStatement
from canary.timestamp import Authority
from canary.timestamped import TIMESTAMP
from canary.trust import Trust
from canary.verifying.dating import DateCheck, check_date
from canary.verifying.derivation import Derivation, derive, format_fault
from canary.verifying.limits import limit_notes
from canary.verifying.sums import sum_faults


class PackageCheck(NamedTuple):
    """The findings about one package.

    faults: one sentence for each fault; none for a package that is as it was written.
    notes: what a reader should know beside that, such as limits that are not the default.
    envelope: its statement; None when that can't be read.
    report: its report; None when that can't be read.
    vouched: true when a key that was given vouches for it.
    seen_at: when a timestamp authority that was given saw the statement, UTC; None when that is not proved.
    """

    faults: tuple[str, ...]
    notes: tuple[str, ...] = ()
    envelope: Opened | None = None
    report: Report | None = None
    vouched: bool = False
    seen_at: datetime | None = None


def check_package(content: bytes, trust: Trust | None, authority: Authority | None = None) -> PackageCheck:
    """Returns everything that is wrong with these bytes. It raises nothing: what can't be read is a fault.

    With `authority`, a package without a timestamp that leads to it is faulty.
    """
    try:
        return _check(content, trust, authority)
    except Exception as error:
        return PackageCheck((f"it can't be read: {type(error).__name__}: {error!s:.200}",))


def check_file(path: Path, trust: Trust | None, authority: Authority | None = None) -> PackageCheck:
    """Returns everything that is wrong with the package at `path`."""
    try:
        content = read_bounded(path, MOST_BYTES)
    except OSError as error:
        return PackageCheck((f"the file can't be read: {error}",))
    return check_package(content, trust, authority)


def is_unsigned(content: bytes) -> bool:
    """Returns true for a package that an earlier version wrote: compressed, or without a statement."""
    try:
        return STATEMENT not in unpacked(content)
    except OlderFormError:
        return True
    except NotCanonicalError:
        return False


def _check(content: bytes, trust: Trust | None, authority: Authority | None) -> PackageCheck:
    try:
        files = files_of(content)
    except NotCanonicalError as error:
        return PackageCheck((f"the file can't be read as a package: {error}",))
    if (fault := format_fault(files)) is not None:
        return PackageCheck((fault,))
    faults = sum_faults(files)
    envelope, derivation = None, None
    try:
        if STATEMENT in files:
            envelope = opened(files[STATEMENT])
    except SealError as error:
        faults.append(f"{STATEMENT}: {error}")
    try:
        derivation = derive(files)
        faults += derivation.faults
    except SpellingError as error:
        faults.append(str(error))
    except (msgspec.MsgspecError, KeyError, ValueError, ArithmeticError, RuntimeError) as error:
        faults.append(f"the raw files can't be read: {error}")
    if envelope is not None and derivation is not None:
        faults += _statement_faults(envelope, derivation, files)
    date = DateCheck(())
    if envelope is not None and derivation is not None and {TIMESTAMP, BINDING} <= files.keys():
        date = check_date(files, envelope, datetime.fromisoformat(derivation.report.checked_at), authority)
        faults += date.faults
    refusal = None if envelope is None or trust is None else trust.refusal(envelope)
    if refusal is not None:
        faults.append(f"{STATEMENT}: {refusal}")
    report = derivation.report if derivation else None
    return PackageCheck(
        faults=tuple(dict.fromkeys(faults)),
        notes=(*limit_notes(report, files.get(PROBES, b"")), *date.notes) if report else (),
        envelope=envelope,
        report=report,
        vouched=trust is not None and envelope is not None and refusal is None,
        seen_at=date.seen_at,
    )


def _statement_faults(envelope: Opened, derivation: Derivation, files: Mapping[str, bytes]) -> Iterator[str]:
    """Yields each thing that the statement says of another package than of this one."""
    found = envelope.entry
    if not isinstance(found, PackageStatement):
        yield f"{STATEMENT} is about something else than a package"
        return
    expected = package_statement(derivation.report, derivation.status.containers, files[MANIFEST], found.link)
    named = {one.name: one.digest for one in found.subject}
    for one in expected.subject:
        if named.pop(one.name, None) != one.digest:
            place = "the package has" if one.name == MANIFEST else f"{CONTAINERS} names"
            yield f"{STATEMENT} is about another {one.name} than {place}"
    for name in sorted(named):
        yield f"{STATEMENT} is about {name!r:.100}, which {CONTAINERS} does not have"
    for name in PackageResult.__struct_fields__:
        if name != "spark" and getattr(found.predicate, name) != getattr(expected.predicate, name):
            yield f"{STATEMENT} has another {name} than {REPORT} gives"
    for name in Facts.__struct_fields__:
        if getattr(found.predicate.spark, name) != getattr(expected.predicate.spark, name):
            yield f"{STATEMENT} has another {name} than {REPORT}"
    if found.subject != expected.subject and {one.name: one.digest for one in found.subject} == {
        one.name: one.digest for one in expected.subject
    }:
        yield f"{STATEMENT} names its subjects in another order, or twice"
