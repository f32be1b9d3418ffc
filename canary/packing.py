"""A round and its judgement, packed: the bytes of the evidence package."""

from __future__ import annotations

from canary.archive import zip_of
from canary.observer import ProbeRound
from canary.package import forms, raw_files, with_sums
from canary.report import Origin, report_of
from canary.settings import Settings
from canary.verdict import Judgement
from common.build import build_of


def package_of(seen: ProbeRound, judgement: Judgement, settings: Settings) -> bytes:
    """Returns the bytes of the package of one round and its judgement."""
    build = build_of(settings.service.name)
    origin = Origin(version=build.version, revision=build.revision, market=settings.service.market)
    metrics = {one.answer.target: one.raw for one in seen.answers if one.answer.kind == "metrics"}
    answers = [one.answer for one in seen.answers]
    files = raw_files(seen.observation, answers, metrics, seen.probes, origin)
    return zip_of(with_sums(files | forms(report_of(seen.observation, judgement, settings.limits, origin))))
