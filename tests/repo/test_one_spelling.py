"""Decimals reach people and programs in one spelling: no place of the services writes them by itself."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.repo import compose
from tests.repo.tree import ROOT, parsed, paths

SERVICES = ("common", *compose.packages(), "init")
PRODUCT = [path for path in paths() if path.suffix == ".py" and path.parts[0] in SERVICES]
TREES = {path.as_posix(): parsed((ROOT / path).read_text(encoding="utf-8")) for path in PRODUCT}
ENCODERS = {"msgspec.json.encode", "msgspec.json.Encoder", "json.dumps", "json.dump", "json.JSONEncoder"}
WRITES_JSON = {
    "canary/page/": "requests to the browser, and values as texts, where no package is imported",
    "common/codec.py": "the writer itself",
    "common/log.py": "lines of the log",
    "common/probe.py": "a line of the log, where no package is imported",
    "common/tape.py": "lines of a tape; they hold no decimal",
    "executor/ledger/append.py": "rows for the database, which reads a number in any spelling",
    "executor/ledger/events.py": "the list that an event's hash is made of; it holds no decimal",
    "init/receivers/render.py": "the configuration of Alertmanager; init holds no msgspec, and no decimal is in it",
    "marketdata/venues/": "requests to the venues and the stored session; they hold no decimal",
    "venue/": "imitates servers of others, which write in their own way",
}


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def test_json_is_written_in_one_place() -> None:
    found = {
        path
        for path, tree in TREES.items()
        if any(ast.unparse(call.func) in ENCODERS for call in _calls(tree)) and not path.startswith(tuple(WRITES_JSON))
    }
    assert found == set(), "use common.wire.encode"


@pytest.mark.slow
def test_mypy_refuses_a_decimal_that_is_put_into_a_text_as_python_writes_it(tmp_path: Path) -> None:
    refused = [
        'f"{d}"',
        'f"{d!r}"',
        'f"at {d:>10}"',
        'f"{maybe}"',
        'f"{[d]}"',
        'f"{ {1: d} }"',
        "str(d)",
        "repr(d)",
        "str(maybe)",
        "str([d])",
        'format(d, "g")',
        '"{}".format(d)',
        '"{} {}".format(1, d)',
    ]
    passed = [
        *('f"{d:.2f}"', 'f"{d:,.3f}"', 'f"{d:z,.{places}f}"', 'f"{d:.0%}"', 'f"{plain_text(d)}"', "plain_text(d)"),
        *('f"{1}"', 'f"{1.5:g}"', "str(1)", 'str(b"x", "utf-8")', "str(Path())", '"{}".format("x")'),
    ]
    head = [
        *("from decimal import Decimal", "from pathlib import Path", "from common.decimals import plain_text"),
        *('d = Decimal("1E-8")', "maybe: Decimal | None = d if Path().exists() else None", "places = 2"),
    ]
    product = tmp_path / "product.py"
    product.write_text("\n".join([*head, *refused, *passed, ""]))
    settings = ("--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(tmp_path / "cache"))
    command = [sys.executable, "-m", "mypy", *settings, str(product)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    lines = {int(line.split(":")[1]) for line in told.stdout.splitlines() if "[plain-digits]" in line}
    assert lines == set(range(len(head) + 1, len(head) + 1 + len(refused))), told.stdout + told.stderr
