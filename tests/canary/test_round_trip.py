"""An order's round trip against executors that keep their books rightly, and in each way that it must find."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from canary.observation import ProbeAnswer
from canary.package import Draft
from canary.packing import draft_of
from canary.parts import Parts
from canary.probes.checks import check_of
from canary.probes.prober import Prober
from canary.settings import Settings
from canary.verdict import judge
from canary.verifying.derivation import derive
from common.clock import SYSTEM_CLOCK
from common.loop import Stop, Supervisor
from tests.canary.ledger_server import Fault, LedgerServer, serving_ledger
from tests.canary.packages import signed
from tests.canary.round_trips import ORDER_TEXT, failed, judged_turn, order_probe, turned
from tests.canary.servers import closed_port, raw_server

KEY = "the-key-of-the-canary"


def turn_of(fault: Fault) -> list[str]:
    """The conditions that fail on an executor that keeps its books so."""
    with serving_ledger(LedgerServer(fault)) as url:
        return failed(judged_turn(url, KEY))


def test_it_buys_and_sells_in_turn_and_every_condition_is_met_with_the_cash_that_moved() -> None:
    ledger = LedgerServer()
    with serving_ledger(ledger) as url:
        checks = [judged_turn(url, KEY) for _ in range(4)]
    assert [failed(check) for check in checks] == [[]] * 4
    assert all(check.ok for check in checks)
    assert [order["side"] for order in ledger.orders.values()] == ["buy", "sell", "buy", "sell"]
    assert ledger.held == 0
    assert "[CASH_MOVED] (true, TRY by -50.05) == true" in [one.text for one in checks[0].conditions]


def test_the_same_request_is_sent_twice_and_every_turn_has_a_key_of_its_own() -> None:
    ledger = LedgerServer()
    with serving_ledger(ledger) as url:
        for _ in range(3):
            turned(url, KEY)
    assert (len(ledger.orders), len(ledger.fills)) == (3, 3)
    assert ledger.tokens == [f"Bearer {KEY}"] * 6


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (
            "fills twice under one id",
            ["[FILLED_ONCE] (false, 0.5 in the order and 1 in the fills) == true"],
        ),
        (
            "takes a repeated key for a new order",
            ["[REPEAT_STATUS] (201) == 200", "[REPEATED] (false, fills: [{'trade_id': 'trade-3'}] and"],
        ),
        ("books cash twice", ["[CASH_MOVED] (false, TRY by -100.1 and by -50.05 of the fills) == true"]),
        ("rounds the fee", ["[CASH_MOVED] (false, TRY by -50 and by -50.05 of the fills) == true"]),
        ("fills in part", ['[ORDER_STATUS] (expired) == "filled"']),
        ("fills another quantity", ["[AS_ASKED] (false, quantity: 0.6 and 0.5) == true"]),
        ("forgets the order", ["[READ_BACK] (false, the order by its id: status 404) == true"]),
        ("tells another price later", ["[READ_BACK] (false, average_price: 100 and 101) == true"]),
        (
            "lists no fills",
            [
                "[FILLED_ONCE] (false, 0.5 in the order and 0 in the fills) == true",
                "[CASH_MOVED] (false, TRY by -50.05 and by 0 of the fills) == true",
            ],
        ),
        (
            "refuses the repeated key",
            ["[REPEAT_STATUS] (409) == 200", "[REPEATED] (false, the order again: status 409) == true"],
        ),
        ("refuses to read the account", ["[STATUS] (503, LEDGER_UNAVAILABLE: the ledger is away) == 201"]),
        ("answers with words", ["[ANSWER] (positions: the answer is no list of positions) == whole"]),
    ],
)
def test_books_that_are_kept_wrong_fail_with_the_two_values_that_differ(fault: Fault, told: list[str]) -> None:
    found = turn_of(fault)
    assert len(found) == len(told), found
    assert [text[: len(wanted)] for text, wanted in zip(found, told, strict=True)] == told


def test_orders_of_others_between_the_two_looks_at_the_account_are_reckoned_in() -> None:
    ledger = LedgerServer()
    ledger.busy = 5
    with serving_ledger(ledger) as url:
        assert failed(judged_turn(url, KEY)) == []
        ledger.busy = 30
        check = judged_turn(url, KEY)
    assert [one.text for one in check.conditions if one.outcome == "unknown"] == [
        f"[{name}] (more fills than the list shows came between) == true" for name in ("FILLED_ONCE", "CASH_MOVED")
    ]


def test_the_key_is_in_no_answer_even_when_a_server_sends_it_back() -> None:
    with serving_ledger(LedgerServer("sends back what it was sent")) as url:
        answer = turned(url, KEY)
    assert "(the key)" in answer.body
    assert "(the key)" in answer.headers["x-sent"]
    assert KEY not in str(answer)


def test_a_canary_without_a_key_asks_nobody_and_can_not_tell() -> None:
    ledger = LedgerServer()
    with serving_ledger(ledger) as url:
        check = judged_turn(url, "")
    (only,) = check.conditions
    assert (only.outcome, "SPARK_TRADER_TOKEN_FILE is not set" in only.text) == ("unknown", True)
    assert not ledger.orders


def test_an_executor_that_is_away_or_hangs_fails_with_the_reason() -> None:
    assert failed(judged_turn(f"http://127.0.0.1:{closed_port()}", KEY)) == ["[ANSWER] (connection refused) == whole"]
    with raw_server(lambda connection: connection.recv(1)) as url:
        assert failed(judged_turn(url, KEY, 0.2)) == ["[ANSWER] (no whole answer within 0.2 s) == whole"]


def test_the_prober_places_an_order_once_in_its_interval_with_its_own_key() -> None:
    ledger, got = LedgerServer(), list[ProbeAnswer]()
    with serving_ledger(ledger) as url:
        prober = Prober(30.0, SYSTEM_CLOCK, got.append, KEY)
        answers = prober.round([order_probe(url)])
        assert prober.burst([order_probe(url)], {"web": 20}) == []
    assert (len(ledger.orders), len(got), answers[0].answer.status) == (1, 1, 201)


def test_a_limit_on_the_time_of_the_whole_turn_is_judged() -> None:
    with serving_ledger(LedgerServer()) as url:
        slow = msgspec.structs.replace(turned(url, KEY), seconds=61.5)
    assert failed(check_of(slow, order_probe(url))) == ["[ROUND_TRIP] (61.5 s) < 60s"]


@pytest.mark.parametrize("junk", ["", "7", "[]", "{}", '{"status":7}', '{"order_id":"x","status":"filled"}', "\x00"])
def test_an_answer_of_anything_else_is_never_met_and_never_makes_the_judge_fail(junk: str) -> None:
    with serving_ledger(LedgerServer()) as url:
        well = turned(url, KEY)
    broken = [msgspec.structs.replace(well, body=junk)]
    for place, part in enumerate(well.parts):
        changed = (*well.parts[:place], msgspec.structs.replace(part, body=junk), *well.parts[place + 1 :])
        broken.append(msgspec.structs.replace(well, parts=changed))
    assert [check_of(one, order_probe(url)).ok for one in (well, *broken)] == [True] + [False] * len(broken)


def draft_of_turn(folder: Path, key: str) -> Draft:
    """The content of a package about one turn, as the canary writes it."""
    file = folder / "probes.toml"
    with serving_ledger(LedgerServer("sends back what it was sent")) as url:
        file.write_text(ORDER_TEXT.format(url=url))
        settings = Settings.from_environment(
            {"SPARK_PROBES_FILE": str(file), "SPARK_DOCKER_URL": "none", "SPARK_TRADER_TOKEN_FILE": str(folder / key)}
        )
        parts = Parts.build(settings, Supervisor(Stop()))
        seen = parts.observer.look({})
        return draft_of(seen, judge(seen.observation, settings.limits), settings)


def test_a_package_has_all_answers_and_not_the_key_and_its_verdict_follows_from_them(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(KEY)
    draft = draft_of_turn(tmp_path, "token")
    files = signed(dict(draft.files), about=draft)
    assert derive(files).faults == ()
    assert b"[CASH_MOVED] (true, TRY by -50.05) == true" in files["report.md"] + files["report.json"]
    assert not [name for name, content in files.items() if KEY.encode() in content]
    forged = {**files, "samples.json": files["samples.json"].replace(b"949.9500", b"949.9400")}
    assert forged["samples.json"] != files["samples.json"]
    assert "report.json does not follow from the raw files" in derive(forged).faults
