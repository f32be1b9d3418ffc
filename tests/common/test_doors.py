"""A door that needs a token counts whoever comes without it, and a flood of them does not fill the log."""

from __future__ import annotations

import logging

import pytest
from flask import Flask

from common.sparing import LINES
from tests.common.app import TOKEN, make


def _counted(app: Flask) -> dict[str, float]:
    text = app.test_client().get("/metrics").get_data(as_text=True)
    lines = [line for line in text.splitlines() if line.startswith("spark_wrong_tokens_total{")]
    return {line.partition("{")[2].partition("}")[0]: float(line.rpartition(" ")[2]) for line in lines}


def test_every_door_is_counted_from_zero_so_that_the_first_wrong_token_is_an_increase() -> None:
    assert _counted(make()) == {
        'door="operator",token="missing"': 0,
        'door="operator",token="wrong"': 0,
        'door="alerts",token="missing"': 0,
        'door="alerts",token="wrong"': 0,
    }


def test_two_hundred_wrong_tokens_are_counted_and_leave_a_few_lines_with_address_and_door(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = make()
    with caplog.at_level(logging.WARNING):
        for number in range(200):
            app.test_client().post("/guarded", headers={"Authorization": f"Bearer wrong-{number}"})
        app.test_client().post("/guarded")
    assert _counted(app)['door="operator",token="wrong"'] == 200
    assert _counted(app)['door="operator",token="missing"'] == 1
    told = [vars(record) for record in caplog.records if record.name == "common.doors"]
    assert len(told) == LINES
    assert {(line["address"], line["door"], line["rule"]) for line in told} == {("127.0.0.1", "operator", "/guarded")}
    assert "wrong-" not in caplog.text, "a mistyped token is nearly the right one"


def test_the_right_token_counts_nowhere() -> None:
    app = make()
    assert app.test_client().post("/guarded", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 201
    assert set(_counted(app).values()) == {0}
