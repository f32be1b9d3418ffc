"""The quick faults of the table, one after the other on one stack whose rules are sped up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults import report
from tests.faults.fault import FACTOR, Fault
from tests.faults.ground import Ground
from tests.faults.run import on
from tests.faults.table import FAULTS
from tests.stack.conftest import need_engine

QUICK = [fault for fault in FAULTS if fault.quick]


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    """A stack with every receiver; by its name the tests are known to need a stack."""
    need_engine()
    with Ground(FACTOR).running() as running:
        yield running


@pytest.mark.parametrize("fault", QUICK, ids=[fault.name for fault in QUICK])
def test_a_fault_is_told_everywhere_heals_and_loses_no_order(ground: Ground, fault: Fault) -> None:
    outcome = on(ground, fault)
    assert outcome.short == (), report.line(outcome)
    assert outcome.audit.orders > 0
