"""README's two stories name what is really in the code: modules, functions, classes and methods."""

import ast
import re
from pathlib import Path

import pytest

from tests.repo import compose
from tests.repo.tree import parsed

ROOT = Path(__file__).parents[2]
SERVICES = ("common", *compose.packages())
STORIES = ("Life of a frame", "Life of an order")
README = (ROOT / "README.md").read_text()


def _story(title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def _names(text: str) -> list[str]:
    """What stands in backticks and begins with a package of ours: `executor.submit.submit_order`, `common.wire()`."""
    spans = re.findall(r"`([A-Za-z_][\w.]*)(?:\(\))?`", text)
    return [span for span in spans if "." in span and span.partition(".")[0] in SERVICES]


def _home(name: str) -> tuple[Path | None, list[str]]:
    """The file of the longest part of a dotted name that is a module, and the rest."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        base = ROOT.joinpath(*parts[:count])
        for file in (base.with_suffix(".py"), base / "__init__.py"):
            if file.exists():
                return file, parts[count:]
    return None, parts


def _defines(file: Path, rest: list[str]) -> bool:
    body: list[ast.stmt] = parsed(file.read_text()).body
    for name in rest:
        found = next((node for node in body if _defined_name(node) == name), None)
        if found is None:
            return False
        body = found.body if isinstance(found, ast.ClassDef) else []
    return True


def _defined_name(node: ast.stmt) -> str | None:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return node.name
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return None


@pytest.mark.parametrize("title", STORIES)
def test_a_story_is_told_in_functions(title: str) -> None:
    named = [name for name in _names(_story(title)) if _home(name)[1]]
    assert len(named) >= 5, "a story names at least five functions as `package.module.function`"


@pytest.mark.parametrize("title", STORIES)
def test_whatever_a_story_names_exists(title: str) -> None:
    for name in _names(_story(title)):
        file, rest = _home(name)
        assert file is not None, f"{name}: there is no such module"
        assert _defines(file, rest), f"{name}: {file.relative_to(ROOT)} defines no {'.'.join(rest)}"


def test_a_name_that_does_not_exist_is_noticed() -> None:
    file, rest = _home("common.wire.no_such_thing")
    assert file is not None
    assert not _defines(file, rest)
    assert _home("executor_of_nothing.x")[0] is None
    assert _defines(ROOT / "common/ops.py", ["install"])
    assert _defines(ROOT / "common/client.py", ["JsonClient", "get"])
