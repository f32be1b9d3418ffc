"""Faults take only their own parameters, fit the pair or call that they were armed for, and are counted."""

from __future__ import annotations

from typing import Any

import pytest

from common.errors import InvalidRequest
from venue.btcturk.faults import NAMES, BtcturkFaults


@pytest.mark.parametrize("name", NAMES)
def test_every_fault_can_be_armed_without_parameters_and_is_done_once(name: Any) -> None:
    faults = BtcturkFaults()
    faults.arm(name)
    assert faults.next_fault(name, pair="BTCTRY", endpoint="ticker", model=432) is not None
    assert faults.next_fault(name, pair="BTCTRY", endpoint="ticker", model=432) is None
    assert faults.done()[name] == 1


def test_a_count_is_used_up_one_by_one() -> None:
    faults = BtcturkFaults()
    faults.arm("reset", count=2)
    assert faults.next_fault("reset") is not None
    assert [fault.count for fault in faults.armed()] == [1]
    assert faults.next_fault("reset") is not None
    assert faults.next_fault("reset") is None


def test_a_fault_fits_only_its_pair_its_endpoint_and_its_model() -> None:
    faults = BtcturkFaults()
    faults.arm("skip_cs", pair="BTCTRY")
    faults.arm("reset", pair="BTCTRY")
    faults.arm("rest_status", endpoint="trades")
    faults.arm("duplicate_frame", model=422)
    assert faults.next_fault("skip_cs", pair="ETHTRY") is None
    assert faults.next_fault("reset", pairs={"ETHTRY"}) is None
    assert faults.next_fault("rest_status", endpoint="ticker") is None
    assert faults.next_fault("duplicate_frame", pair="BTCTRY", model=432) is None
    assert faults.next_fault("skip_cs", pair="BTCTRY")
    assert faults.next_fault("reset", pairs={"ETHTRY", "BTCTRY"})
    assert faults.next_fault("rest_status", endpoint="trades")
    assert faults.next_fault("duplicate_frame", pair="BTCTRY", model=422)


def test_the_oldest_comes_first_and_clearing_disarms_all() -> None:
    faults = BtcturkFaults()
    for code in (1001, 1012):
        faults.arm("close", code=code)
    first = faults.next_fault("reset", "close")
    assert first is not None
    assert first.code == 1001
    faults.clear()
    assert faults.next_fault("close") is None
    assert (len(faults), faults.done()["close"]) == (0, 1)


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ({"fault": "explode"}, "fault"),
        ({"fault": "reset", "count": 0}, "count"),
        ({"fault": "reset", "code": 1000}, "code"),
        ({"fault": "close", "code": 1005}, "code"),
        ({"fault": "refuse_upgrade", "status": 200}, "status"),
        ({"fault": "refuse_upgrade", "pair": "BTCTRY"}, "pair"),
        ({"fault": "rest_status", "endpoint": "orders"}, "endpoint"),
        ({"fault": "slow_rest", "seconds": 500.0}, "seconds"),
    ],
)
def test_a_wrong_parameter_is_named(order: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        BtcturkFaults().arm(order.pop("fault"), **order)
    assert refused.value.details["field"] == field


def test_a_refusal_says_which_values_are_allowed() -> None:
    refusals: list[tuple[dict[str, Any], str]] = [
        ({"fault": "bad_level", "code": 10}, "code: must be from 0 to 9"),
        ({"fault": "slow_rest", "endpoint": "orders"}, "endpoint: must be one of ticker, orderbook, "),
        ({"fault": "close", "code": 1005}, "code: must be a close code that can be sent, or 1006 for none at all"),
    ]
    for wrong, rule in refusals:
        with pytest.raises(InvalidRequest, match=rule):
            BtcturkFaults().arm(**wrong)
