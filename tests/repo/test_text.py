"""What the repository's texts must not hold, and how large its Python may grow."""

import ast
import re
from pathlib import Path

from tests.repo.tree import ROOT, parsed, paths

BINARY = (".png", ".ico", ".woff2", ".jpg", ".gz", ".zip")
TEXTS = [path for path in paths() if path.suffix not in BINARY]
MODULES = [path for path in TEXTS if path.suffix == ".py"]
PRODUCT = [path for path in MODULES if path.parts[0] not in ("tests", "bench")]

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

MARKS = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|X" r"XX|STORY_[A-Z]+)\b")
MACHINE = re.compile(r"(?<![\w.])(?<!\w\")(?:/wo" r"rk/|/ho" r"me/[a-z]|/ro" r"ot/|/Us" r"ers/)")


def _lines(path: Path) -> list[str]:
    return (ROOT / path).read_text(encoding="utf-8").splitlines()


def _found(pattern: re.Pattern[str]) -> list[str]:
    return [f"{path}:{number}" for path in TEXTS for number, line in enumerate(_lines(path), 1) if pattern.search(line)]


def test_nothing_is_left_to_do_in_a_comment() -> None:
    assert _found(MARKS) == []


def test_no_path_of_a_single_machine_is_written_down() -> None:
    assert _found(MACHINE) == []


def test_texts_are_clean_at_their_edges() -> None:
    for path in TEXTS:
        text = (ROOT / path).read_text(encoding="utf-8")
        assert "\r" not in text, path
        assert not text or text.endswith("\n"), f"{path} does not end with a line break"
        assert not text.endswith("\n\n"), f"{path} ends with an empty line"


def test_a_module_opens_with_one_line_that_says_what_it_is_for() -> None:
    for path in PRODUCT:
        docstring = ast.get_docstring(parsed((ROOT / path).read_text(encoding="utf-8")))
        assert docstring, path
        assert docstring.splitlines()[0].endswith("."), path


def test_a_python_file_has_at_most_300_lines() -> None:
    assert {path: len(_lines(path)) for path in MODULES if len(_lines(path)) > 300} == {}


def test_a_function_has_at_most_40_lines_of_its_own() -> None:
    """The functions inside it, as the views inside the function that adds them, count for themselves."""
    for path in PRODUCT:
        for node in ast.walk(parsed((ROOT / path).read_text(encoding="utf-8"))):
            if isinstance(node, FUNCTIONS):
                inside = [child for child in node.body if isinstance(child, FUNCTIONS)]
                own = _length(node) - sum(_length(child) for child in inside)
                assert own <= 40, f"{path}: {node.name} has {own}"


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1
