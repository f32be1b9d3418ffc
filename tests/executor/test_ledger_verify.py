"""A ledger that was tampered with is found out, and the first bad row is named."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
import sqlalchemy as sa

from executor.ledger.__main__ import main
from executor.ledger.compare import LedgerFault
from executor.ledger.engine import reading, writing
from executor.ledger.verify import verify
from tests.executor import postgres
from tests.executor.conftest import MakeExecutor
from tests.executor.standin import NOWHERE, Executor, Place, make_executor, market_data, serving

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def traded(postgres_server: postgres.Server) -> Place:
    """A ledger with a fill, a denial, a cancelled order, a sale, and a kill switch that cancels another."""
    place = postgres_server.new_place()
    with serving(market_data()) as data:
        trade(make_executor(place, data))
    return place


def trade(executor: Executor) -> None:
    executor.start_writing()
    executor.order(client_order_id="buy", quantity="3")
    executor.order(client_order_id="denied", quantity="9000")
    executor.limit("rest", "buy", "1", "99")
    cancelled = executor.limit("cancelled", "buy", "1", "99")
    executor.post(f"/v1/orders/{cancelled['order_id']}/cancel")
    executor.order(client_order_id="sell", side="sell", quantity="1")
    headers = {"Authorization": "Bearer the-operators-token"}
    executor.client.put("/v1/kill-switch", json={"engaged": True, "reason": "drill"}, headers=headers)
    executor.close()


def _broken(place: Place, statement: str) -> str:
    """What verify says after the statement, which is then undone."""
    engine = place.as_owner().engine()
    with engine.connect() as connection:
        assert connection.execute(sa.text(statement)).rowcount > 0, statement
        with pytest.raises(LedgerFault) as caught:
            verify(lambda: nullcontext(connection))
    engine.dispose()
    return str(caught.value)


def test_an_honest_ledger_is_clean(traded: Place) -> None:
    engine = traded.engine()
    with reading(engine) as connection:
        [proof] = verify(lambda: nullcontext(connection))
    engine.dispose()
    assert (proof.events, proof.orders, proof.fills) == (17, 5, 3)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE events SET payload = replace(payload, '100.1', '90.1') WHERE sequence = 4", "event 4 was changed"),
        (
            "UPDATE events SET recorded_at = '2026-01-01T00:00:00.000000+00:00' WHERE sequence = 2",
            "event 2 was changed",
        ),
        ("UPDATE events SET hash = previous_hash WHERE sequence = 3", "event 3 was changed"),
        ("UPDATE events SET sequence = 99 WHERE sequence = 5", "event 5 is missing, event 6 follows"),
        ("DELETE FROM events WHERE sequence = 1", "event 1 is missing, event 2 follows"),
        ("DELETE FROM events WHERE sequence = 17", "orders paper-8: status is cancelled, the events say accepted"),
        ("UPDATE postings SET amount = '-100' WHERE sequence = 4 AND line = 3", "posting 4/3 is -100 TRY into cash"),
        ("DELETE FROM postings WHERE sequence = 4 AND line = 2", "posting 4/2 is missing"),
        ("UPDATE postings SET sequence = 3 WHERE sequence = 4", "posting 3/5 is one too many"),
        ("UPDATE postings SET sequence = 98 WHERE sequence = 4", "posting 4/1 is missing"),
        ("UPDATE balances SET amount = '6000000' WHERE name = 'cash' AND unit = 'TRY'", "balances cash/TRY: amount"),
        ("DELETE FROM fills WHERE sequence = 5", "fills paper-2/paper-2-2 is missing"),
        ("UPDATE fills SET quantity = '1.5' WHERE sequence = 4", "fills paper-2/paper-2-1: quantity is 1.5"),
        ("UPDATE orders SET status = 'expired' WHERE client_order_id = 'rest'", "orders paper-8: status is expired"),
        ("UPDATE orders SET client_order_id = 'other' WHERE client_order_id = 'rest'", "client_order_id is other"),
        ("DELETE FROM orders WHERE client_order_id = 'denied'", "orders paper-6 is missing"),
        ("UPDATE accounts SET controls = '{}'", "the controls are"),
    ],
)
def test_a_changed_row_is_named(traded: Place, statement: str, told: str) -> None:
    assert told in _broken(traded, statement)


def test_a_row_of_an_account_that_never_was_is_named(traded: Place) -> None:
    insert = "INSERT INTO postings VALUES ('ghost', 1, 1, 'cash', '', 'TRY', '5')"
    assert "ghost: posting 1/1 belongs to no event" in _broken(traded, insert)


def _environment(place: Place, folder: Path) -> dict[str, str]:
    password = folder / "password"
    password.write_text(place.password or "none")
    return {"SPARK_LEDGER_URL": place.url, "SPARK_LEDGER_PASSWORD_FILE": str(password)}


def test_the_command_says_clean_or_the_bad_row_by_its_exit_code(
    make: MakeExecutor, place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trade(make(place))
    environment = _environment(place, tmp_path)
    assert main(["verify"], environment) == 0
    assert capsys.readouterr().out == "verify: clean account=paper events=17 orders=5 fills=3 postings=20\n"
    engine = place.as_owner().engine()
    with writing(engine, "tamper") as connection:
        connection.execute(sa.text("DELETE FROM fills WHERE sequence = 5"))
    engine.dispose()
    assert main(["verify"], environment) == 1
    assert capsys.readouterr().out == "verify: BROKEN paper: fills paper-2/paper-2-2 is missing\n"


def test_the_command_does_not_call_an_unreadable_ledger_clean(tmp_path: Path) -> None:
    """As a command of its own, so that the module's name and its exit code are what the README says."""
    environment = _environment(Place(NOWHERE), tmp_path)
    command = [sys.executable, "-m", "executor.ledger", "verify"]
    ran = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=30, check=False
    )
    assert ran.returncode == 2
    assert "not checked" in ran.stderr
