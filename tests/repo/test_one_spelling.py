"""Decimals reach people and programs in one spelling: no place of the services writes them by itself."""

import ast
from collections import defaultdict
from collections.abc import Iterator

from tests.repo.tree import ROOT, paths

SERVICES = ("common", "executor", "marketdata", "web", "canary", "venue", "init")
PRODUCT = [path for path in paths() if path.suffix == ".py" and path.parts[0] in SERVICES]
TREES = {path.as_posix(): ast.parse((ROOT / path).read_text(encoding="utf-8")) for path in PRODUCT}
ENCODERS = {"msgspec.json.encode", "msgspec.json.Encoder", "json.dumps", "json.dump", "json.JSONEncoder"}
WRITES_JSON = {
    "common/codec.py": "the writer itself",
    "common/log.py": "lines of the log",
    "executor/ledger/events.py": "the list that an event's hash is made of; it holds no decimal",
    "marketdata/venues/": "requests to the venues and the stored session; they hold no decimal",
    "venue/": "imitates servers of others, which write in their own way",
}


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _decimal_names() -> set[str]:
    """Names that stand for a decimal wherever a field or a parameter has them."""
    kinds = defaultdict(set)
    for tree in TREES.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                kinds[node.target.id].add(ast.unparse(node.annotation).removesuffix(" | None"))
            elif isinstance(node, ast.arg) and node.annotation is not None:
                kinds[node.arg].add(ast.unparse(node.annotation).removesuffix(" | None"))
    return {name for name, found in kinds.items() if found == {"Decimal"}}


def _name(node: ast.expr) -> str | None:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else None


def test_json_is_written_in_one_place() -> None:
    found = {
        path
        for path, tree in TREES.items()
        if any(ast.unparse(call.func) in ENCODERS for call in _calls(tree)) and not path.startswith(tuple(WRITES_JSON))
    }
    assert found == set(), "use common.wire.encode"


def test_no_decimal_is_put_into_a_text_as_python_writes_it() -> None:
    names = _decimal_names()
    assert {"limit_price", "tick_size", "average_cost", "min_notional"} <= names
    found = []
    for path, tree in TREES.items():
        bare = [node.value for node in ast.walk(tree) if isinstance(node, ast.FormattedValue) and not node.format_spec]
        bare += [call.args[0] for call in _calls(tree) if ast.unparse(call.func) == "str" and call.args]
        found += [f"{path}:{node.lineno} {ast.unparse(node)}" for node in bare if _name(node) in names]
    assert found == [], "use common.decimals.plain_text"
