"""The statement about a package: what its verdict is, and which manifest and images it is about (pure)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator

from canary.observation import Container
from canary.report import Report
from canary.statement import FORM, ChainLink, Facts, PackageResult, PackageStatement, Resource, Result
from canary.verdict import Verdict
from common import wire

RESULTS: dict[Verdict, Result] = {"PASS": "PASSED", "INCONCLUSIVE": "WARNED", "FAIL": "FAILED"}
_IMAGE = re.compile(r"(sha256):([0-9a-f]{64})")


def package_statement(
    report: Report, containers: Iterable[Container] | None, manifest: bytes, link: ChainLink
) -> PackageStatement:
    """Returns the statement that a package of this report, these containers and this manifest has at its link."""
    failed = [one for one in report.conditions if one.outcome == "failed" and one.critical and not one.tolerated]
    warned = [one for one in report.conditions if one.outcome != "met" and one not in failed]
    return PackageStatement(
        form=FORM,
        subject=(_described("manifest.json", manifest), *_images(containers or ())),
        predicate=PackageResult(
            result=RESULTS[report.verdict],
            configuration=(
                _described("limits", wire.encode(report.limits)),
                _described("targets", wire.encode(report.targets)),
            ),
            warned_tests=tuple(f"{one.about} {one.condition}" for one in warned),
            failed_tests=tuple(f"{one.about} {one.condition}" for one in failed),
            spark=Facts(
                link=link,
                verdict=report.verdict,
                checked_at=report.checked_at,
                market=report.market,
                version=report.version,
                revision=report.revision,
            ),
        ),
    )


def _images(containers: Iterable[Container]) -> Iterator[Resource]:
    """Yields the image of each container; none where the engine gave no digest."""
    for one in containers:
        if (image := _IMAGE.fullmatch(one.image_id)) is not None:
            yield Resource(name=f"image of {one.name}", digest={image[1]: image[2]})


def _described(name: str, content: bytes) -> Resource:
    return Resource(name=name, digest={"sha256": hashlib.sha256(content).hexdigest()})
