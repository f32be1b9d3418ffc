"""Paths work on every file system, and look alike."""

import re
from collections import Counter

from tests.repo.tree import paths

BY_CUSTOM = {
    "README.md",
    "DECISIONS.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "CONTRIBUTING.md",
    "GLOSSARY.md",
    "FAULTS.md",
    "LICENSE",
    "Makefile",
    "Dockerfile",
}


def test_no_two_paths_differ_only_by_case() -> None:
    lower = Counter(str(path).lower() for path in paths())
    assert [path for path, count in lower.items() if count > 1] == []


def test_no_two_folders_differ_only_by_case() -> None:
    folders = {str(parent) for path in paths() for parent in path.parents}
    assert len({folder.lower() for folder in folders}) == len(folders)


def test_names_are_lower_case_letters_digits_and_simple_marks() -> None:
    parts = {part for path in paths() for part in path.parts} - BY_CUSTOM
    assert sorted(part for part in parts if not re.fullmatch(r"[a-z0-9._-]+", part)) == []


def test_nothing_made_is_kept() -> None:
    made = (".pyc", ".log", ".db", ".sqlite", ".zip", ".tmp", ".orig")
    assert [str(path) for path in paths() if path.suffix in made or path.name == ".env"] == []


def test_the_tree_was_really_read() -> None:
    assert len(paths()) > 50
