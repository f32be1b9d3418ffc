"""Modules that the quick tests do not even read are those whose tests are left out anyway."""

from __future__ import annotations

import pytest

from tests.conftest import is_left_out

QUICK = "not engine and not slow"


@pytest.mark.parametrize(
    ("marks", "expression", "left_out"),
    [
        ("pytestmark = pytest.mark.slow", QUICK, True),
        ("pytestmark = [pytest.mark.engine, pytest.mark.other]", QUICK, True),
        ("pytestmark = pytest.mark.slow", "not engine", False),
        ("pytestmark = pytest.mark.slower", QUICK, False),
        ("@pytest.mark.slow", QUICK, False),
        ("pytestmark = pytest.mark.slow", "", False),
        ("pytestmark = pytest.mark.slow", "slow or not engine", False),
        ("pytestmark = [pytest.mark.slow, pytest.mark.engine]", "slow or not engine", False),
        ("pytestmark = pytest.mark.slow", "not (not slow)", False),
    ],
)
def test_a_module_is_left_out_only_where_all_its_tests_are(marks: str, expression: str, left_out: bool) -> None:
    assert is_left_out(f"import pytest\n\n{marks}\n", expression) is left_out
