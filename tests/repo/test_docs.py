"""Every path that a document names exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.repo import compose
from tests.repo.tree import ROOT, paths

WHOLE = ("GLOSSARY.md", "CONTRIBUTING.md")
SERVICES = compose.packages()
TICKED = re.compile(r"`([^`\s]+)`")
PATH = re.compile(r"\.?\w[\w.-]*(/[\w.-]+)*/?")
FILE_ENDS = (".py", ".md", ".yml", ".json", ".html", ".sh", ".toml", ".example")
HEADERS = ("file", "path", "module", "folder")
NAMES = {path.name for path in paths()}


def _named(text: str) -> list[str]:
    """Returns the paths in backticks: with a slash inside, or with a file's ending. Placeholders are no paths."""
    found = [token for token in TICKED.findall(text) if PATH.fullmatch(token)]
    return [token for token in found if "/" in token or token.endswith(FILE_ENDS)]


def _exists(token: str, folder: Path) -> bool:
    """Returns true when the path exists from the root or from the folder; a bare name may be any file's."""
    return (ROOT / token).exists() or (folder / token).exists() or ("/" not in token and token in NAMES)


def _layout(text: str) -> list[str]:
    """Returns the paths in the first cells of the tables that describe files."""
    cells, inside = [], False
    for line in text.splitlines():
        first = line.split("|")[1].strip() if line.startswith("|") else None
        inside = first is not None and (inside or first in HEADERS)
        if inside and first is not None:
            cells.append(first)
    return [token for cell in cells for token in TICKED.findall(cell) if PATH.fullmatch(token)]


@pytest.mark.parametrize("document", WHOLE)
def test_a_path_in_a_document_exists(document: str) -> None:
    named = _named((ROOT / document).read_text())
    assert named
    assert [token for token in named if not _exists(token, ROOT)] == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_file_in_the_layout_of_a_service_exists(service: str) -> None:
    named = _layout((ROOT / service / "README.md").read_text())
    assert len(named) >= 5
    inside = {path.name for path in (ROOT / service).rglob("*")}
    assert [token for token in named if not (ROOT / service / token).exists() and token not in inside] == []


def test_a_path_in_the_layout_of_the_repository_exists() -> None:
    named = _layout((ROOT / "README.md").read_text())
    assert len(named) >= 10
    assert [token for token in named if not (ROOT / token).exists()] == []
    folders = {path.parts[0] for path in paths() if len(path.parts) > 1 and not path.parts[0].startswith(".")}
    assert folders <= {token.rstrip("/") for token in named}, "README.md says what each folder is for"


def test_a_path_that_does_not_exist_is_seen() -> None:
    assert _named("`common/none.py`, `/v1/quotes`, `x/<name>.html`, `prometheus/rules/`, `none.py`") == [
        "common/none.py",
        "prometheus/rules/",
        "none.py",
    ]
    assert not _exists("common/none.py", ROOT)
    assert not _exists("none.py", ROOT)
