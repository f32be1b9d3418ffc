"""The import law: who may import whom, line by line, and that line 1 is pure."""

import ast
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.repo import compose
from tests.repo.layers import CLOCKS, LINES, PURE_LIBRARY, ROOT, imports, line_of, modules
from tests.repo.tree import parsed

SERVICES = compose.packages()
MODULES = {name: file for service in SERVICES for name, file in modules(service).items()}
PURE = sorted(name for name in MODULES if line_of(name) == 1)
OURS = (*SERVICES, "common", "grafana", "tests", "bench", "init")
PURE_COMMON = {
    *("common", "common.wire", "common.amount", "common.market", "common.answers", "common.decimals"),
    *("common.errors", "common.openapi"),
    *("common.bist.rules", "common.described", "common.moments", "common.results", "common.texts"),
}


def _own(module: str) -> set[str]:
    service = module.partition(".")[0]
    return {name for name in imports(MODULES[module]) if name.partition(".")[0] == service}


def test_every_module_has_its_line() -> None:
    without = [module for module in MODULES if line_of(module) is None]
    assert not without, f"give each one in tests/repo/layers.py: {without}"
    assert set(LINES) == set(SERVICES)


def test_a_service_imports_nothing_of_ours_but_itself_and_common() -> None:
    for module, file in MODULES.items():
        ours = {name.partition(".")[0] for name in imports(file)} & set(OURS)
        assert ours <= {module.partition(".")[0], "common"}, module


def test_a_module_imports_no_line_above_its_own() -> None:
    for module in MODULES:
        line = line_of(module) or 0
        above = {name for name in _own(module) if (line_of(name) or 0) > line}
        assert not above, f"{module}: line {line} must not import {', '.join(sorted(above))}"


def test_a_door_imports_no_other_door() -> None:
    for module in MODULES:
        if line_of(module) == 4:
            assert {name for name in _own(module) if line_of(name) == 4} <= {module}, module


@pytest.mark.parametrize("service", SERVICES)
def test_no_imports_go_in_circles(service: str) -> None:
    graph = {name: _own(name) - {name, service} for name in modules(service) if name != service}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(error.args[1]))


def test_a_pure_module_imports_only_messages_and_what_is_pure() -> None:
    for module in PURE:
        for name in imports(MODULES[module]):
            first = name.partition(".")[0]
            if first == "common":
                assert name in PURE_COMMON, f"{module}: {name}"
            elif first != module.partition(".")[0]:
                assert first in PURE_LIBRARY, f"{module}: {name}"


def test_a_pure_module_reads_no_clock_and_rolls_no_dice_of_its_own() -> None:
    for module in PURE:
        for node in ast.walk(parsed(MODULES[module].read_text())):
            if isinstance(node, ast.Attribute):
                assert node.attr not in CLOCKS, f"{module}:{node.lineno}: .{node.attr}"
                dice = isinstance(node.value, ast.Name) and node.value.id == "random" and node.attr != "Random"
                assert not dice, f"{module}:{node.lineno}: random.{node.attr}"


def test_common_imports_no_service() -> None:
    for file in (ROOT / "common").rglob("*.py"):
        assert {name.partition(".")[0] for name in imports(file)} & set(OURS) <= {"common"}, file.name


def test_the_law_is_applied_to_real_modules() -> None:
    assert len(PURE) >= 10
    assert "executor.guardrails" in PURE
