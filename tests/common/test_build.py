"""The build that runs says its commit and the digest of its files, and claims nothing that it was not told."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from common import VERSION
from common.build import FURTHER_FILES, ROOT, Build, build_of, source_digest
from tests.repo import compose

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A folder as an image has it."""
    for name in ("common/wire.py", "web/app.py", "web/static/a b.css", "executor/app.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


@pytest.mark.parametrize("revision", [COMMIT, f"{COMMIT}-dirty"])
def test_the_commit_is_that_of_the_image(image: Path, revision: str) -> None:
    (image / "revision").write_text(f"{revision}\n")
    assert build_of("web", image) == Build(version=VERSION, revision=revision, source=source_digest(image, "web"))


@pytest.mark.parametrize("text", [None, "", "main", COMMIT[:12], COMMIT + '"} 1\nx', f"{COMMIT}-clean", "\x80"])
def test_what_is_no_commit_is_unknown(image: Path, text: str | None) -> None:
    if text is not None:
        (image / "revision").write_bytes(text.encode("latin-1"))
    assert build_of("web", image).revision == "unknown"


def test_the_digest_is_the_one_that_sha256sum_gives(image: Path) -> None:
    listed = "find common web -type f ! -name '*.pyc' | LC_ALL=C sort"
    command = f"{listed} | tr '\\n' '\\0' | xargs -0 sha256sum | sha256sum"
    done = subprocess.run(["bash", "-c", command], cwd=image, capture_output=True, text=True, check=True)
    assert source_digest(image, "web") == done.stdout.split()[0]


def test_a_file_that_differs_gives_another_digest(image: Path) -> None:
    digests = [source_digest(image, "web")]
    for name, text in (("web/app.py", "other"), ("common/new.py", ""), ("web/static/b.css", "")):
        (image / name).write_text(text)
        digests.append(source_digest(image, "web"))
    (image / "web/app.py").rename(image / "web/main.py")
    digests.append(source_digest(image, "web"))
    assert len(set(digests)) == len(digests)


def test_a_page_of_the_runbook_and_the_rules_of_alertmanager_are_part_of_the_console(image: Path) -> None:
    digests = {source_digest(image, "web"), source_digest(image, "executor")}
    for name in ("prometheus/runbook-market.md", "alertmanager/alertmanager.yml"):
        (image / name).parent.mkdir()
        (image / name).write_text(name)
        digests.add(source_digest(image, "web"))
    assert len(digests) == 4
    (image / "prometheus/README.md").write_text("not in the image")
    assert source_digest(image, "web") in digests
    assert source_digest(image, "executor") in digests


@pytest.mark.parametrize("service", compose.packages())
def test_the_digest_covers_everything_that_an_image_copies(service: str) -> None:
    copied = re.findall(r"^COPY (\S+) ", (ROOT / service / "Dockerfile").read_text(), re.MULTILINE)
    own = {"common", service, f"{service}/requirements.txt"}
    assert tuple(source for source in copied if source not in own) == FURTHER_FILES.get(service, ())


def test_bytecode_and_other_services_change_nothing(image: Path) -> None:
    before = source_digest(image, "web")
    (image / "web/__pycache__").mkdir()
    for name in ("web/__pycache__/app.cpython-313.pyc", "executor/app.py", "revision"):
        (image / name).write_text("other")
    assert source_digest(image, "web") == before
