"""The shape that all services share: how they are joined, who owns threads and streams, how their docstrings read."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.repo import compose
from tests.repo.tree import ROOT, parsed, paths

SERVICES = compose.packages()
PRODUCT = [
    path for path in paths() if path.suffix == ".py" and path.parts[0] in (*SERVICES, "common", "init", "grafana")
]
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
RIDDLE = re.compile(r"(?:What|Whether|How|Why|Where|Who|Whoever)\b")
MOST_PARAMETERS = 7
STARTS_THREADS = {"common/loop.py", "canary/probes/pool.py", "executor/peers/client.py", "executor/peers/server.py"}
WRITES_STREAMS = {"common/sse.py", "common/openapi.py"}
SAME_IN_EVERY_SERVICE = {"Settings", "Parts", "Metrics"}


def _tree(path: Path) -> ast.Module:
    return parsed((ROOT / path).read_text(encoding="utf-8"))


def _nodes() -> Iterator[tuple[Path, ast.AST]]:
    for path in PRODUCT:
        for node in ast.walk(_tree(path)):
            yield path, node


def _holding(text: str) -> set[str]:
    return {path.as_posix() for path in PRODUCT if text in (ROOT / path).read_text(encoding="utf-8")}


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_is_joined_in_the_same_way(service: str) -> None:
    parts = {node.name: node for node in _tree(Path(service, "parts.py")).body if isinstance(node, ast.ClassDef)}
    methods = {node.name for node in parts["Parts"].body if isinstance(node, FUNCTIONS)}
    assert {"build", "start", "stop"} <= methods
    app = {
        node.name: [each.arg for each in node.args.args + node.args.kwonlyargs]
        for node in _tree(Path(service, "app.py")).body
        if isinstance(node, ast.FunctionDef)
    }
    assert app["create_app"] == ["settings", "parts"]
    assert app["serve"] == []


def test_no_part_is_kept_in_a_pocket_of_the_app() -> None:
    assert _holding(".extensions[") == set()


def test_threads_that_last_are_started_in_one_place() -> None:
    assert _holding("threading.Thread(") <= STARTS_THREADS
    assert _holding("signal.signal(") <= {"common/loop.py"}


def test_event_streams_are_written_in_one_place() -> None:
    assert _holding("text/event-stream") <= WRITES_STREAMS
    assert _holding("SO_SNDBUF") <= {"common/sse.py", "venue/cable.py"}


def test_nothing_takes_more_than_seven_parameters() -> None:
    found = []
    for path, node in _nodes():
        if isinstance(node, FUNCTIONS):
            names = [each.arg for each in node.args.posonlyargs + node.args.args + node.args.kwonlyargs]
            if len([name for name in names if name not in ("self", "cls")]) > MOST_PARAMETERS:
                found.append(f"{path}:{node.lineno} {node.name}")
    assert found == []


def test_no_docstring_or_help_text_begins_like_a_riddle() -> None:
    found = []
    for path, node in _nodes():
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            if RIDDLE.match(node.value.value):
                found.append(f"{path}:{node.lineno}")
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "").endswith(
            ("Gauge", "Counter", "Histogram", "Family")
        ):
            texts = [each.value for each in node.args[1:2] if isinstance(each, ast.Constant)]
            found += [f"{path}:{node.lineno}" for text in texts if RIDDLE.match(str(text))]
    assert found == []


def test_a_public_class_name_means_one_thing() -> None:
    names = Counter(
        node.name for path, node in _nodes() if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert {name: count for name, count in names.items() if count > 1 and name not in SAME_IN_EVERY_SERVICE} == {}


def _fields(node: ast.ClassDef) -> list[str]:
    """The public fields of a message, a dataclass or a named tuple; none for any other class."""
    bases = {ast.unparse(base).split("[")[0].rpartition(".")[2] for base in node.bases}
    decorators = {ast.unparse(each).split("(")[0] for each in node.decorator_list}
    if not (decorators & {"dataclass"} or bases & {"NamedTuple", "Struct", "Message", "Fact", "Payload"}):
        return []
    named = [
        each.target.id for each in node.body if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
    ]
    return [name for name in named if not name.startswith("_")]


def test_every_field_of_a_message_or_dataclass_has_a_line_that_says_what_it_is() -> None:
    missing = []
    for path, node in _nodes():
        if not isinstance(node, ast.ClassDef) or node.name.startswith("_"):
            continue
        told = set()
        for line in (ast.get_docstring(node) or "").splitlines():
            names, colon, _ = line.strip().partition(":")
            told |= {name.strip() for name in names.split(",")} if colon else set()
        missing += [f"{path}:{node.lineno} {node.name}.{name}" for name in _fields(node) if name not in told]
    assert missing == []
