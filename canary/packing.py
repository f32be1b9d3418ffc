"""A round and its judgement, made into the content of a package."""

from __future__ import annotations

from canary.observer import ProbeRound
from canary.package import Draft, forms, raw_files
from canary.report import Origin, report_of
from canary.settings import Settings
from canary.verdict import Judgement
from common.build import build_of


def draft_of(seen: ProbeRound, judgement: Judgement, settings: Settings) -> Draft:
    """Returns the content of the package of one round and its judgement."""
    build = build_of(settings.service.name)
    origin = Origin(version=build.version, revision=build.revision, market=settings.service.market)
    metrics = {one.answer.target: one.raw for one in seen.answers if one.answer.kind == "metrics"}
    answers = [one.answer for one in seen.answers]
    files = raw_files(seen.observation, answers, metrics, seen.probes, origin)
    report = report_of(seen.observation, judgement, settings.limits, origin)
    return Draft(report, seen.observation.containers, files | forms(report))
