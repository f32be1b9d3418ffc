"""Reads, out of the code, which settings each service reads and with which defaults."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.repo import compose
from tests.repo.tree import parsed

ROOT = Path(__file__).parents[2]
SERVICES = (*compose.packages(), "init")
READERS = ("text", "choice", "integer", "decimal", "seconds", "names", "url", "urls", "secret", "verifier")
NAME = re.compile(r"SPARK_[A-Z0-9_]+|PORT")


def of_service(service: str) -> dict[str, str | None]:
    """Name to default (None where there is none, or where it is computed) of what its `settings.py` files read."""
    found: dict[str, str | None] = {}
    for file in (ROOT / service).rglob("settings.py"):
        found |= _of_reader(parsed(file.read_text()))
    return found


def of_the_server() -> set[str]:
    """What the server's configuration reads of the environment."""
    tree = parsed((ROOT / "common/gunicorn.conf.py").read_text())
    words = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {word for word in words if NAME.fullmatch(word)}


def computed_names(service: str) -> list[str]:
    """Reads whose name is not written out, so that nobody can find it."""
    trees = [parsed(file.read_text()) for file in (ROOT / service).rglob("settings.py")]
    return [ast.unparse(call) for tree in trees for call in _reads(tree) if not isinstance(call.args[0], ast.Constant)]


def _reads(tree: ast.AST) -> list[ast.Call]:
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in READERS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "reader"
        and node.args
    ]


def _of_reader(tree: ast.Module) -> dict[str, str | None]:
    constants = {
        target.id: statement.value
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    found: dict[str, str | None] = {}
    for call in _reads(tree):
        if not isinstance(call.args[0], ast.Constant):
            continue
        name = str(call.args[0].value)
        if isinstance(call.func, ast.Attribute) and call.func.attr in ("secret", "verifier"):
            found[f"{name}_FILE"] = None
        else:
            found[name] = _default(call, constants)
    return found


def _default(call: ast.Call, constants: dict[str, ast.expr]) -> str | None:
    value = call.args[1] if len(call.args) > 1 else None
    if isinstance(value, ast.Name):
        value = constants.get(value.id)
    try:
        return None if value is None else str(ast.literal_eval(value))
    except ValueError:
        return None
