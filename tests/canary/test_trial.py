"""The judgement on a trial of an image: what counts against a candidate, and what can't be said."""

from __future__ import annotations

import io
import json
import random
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from canary.cli import main
from canary.trial.books import AccountBooks, TradedFill, faults
from canary.trial.judge import TrialResult, Tried, judged, shown
from canary.trial.plan import TrialStep, round_of
from canary.trial.record import Record
from canary.trial.results import MetMarket, Pair, SideAnswer, met
from common import wire
from common.answers import AccountStatus, Positions
from tests.canary.trials import OFFER

NOW = datetime(2026, 12, 1, tzinfo=UTC)
BUY = next(round_of(1, [OFFER]))
MARKET = MetMarket(bid=OFFER.bid, bid_quantity=Decimal(1), ask=OFFER.ask, ask_quantity=Decimal("0.1"), sequence=16220)


def order(**fields: Any) -> SideAnswer:
    """An answer with a filled order, but for the fields that a test gives."""
    told: dict[str, Any] = {
        "order_id": "paper-2",
        "client_order_id": "trial-1-buy",
        "account": "paper",
        "symbol": OFFER.symbol,
        "side": "buy",
        "type": "market",
        "time_in_force": "IOC",
        "quantity": "0.00005",
        "limit_price": None,
        "status": "filled",
        "filled_quantity": "0.00005",
        "average_price": "4031226",
        "fees": "0.24187356",
        "denials": [],
        "fills": [
            {"trade_id": "paper-2-1", "price": "4031226", "quantity": "0.00005", "fee": "0.24187356", "filled_at": NOW}
        ],
        "received_at": NOW,
        "updated_at": NOW,
        "sequence": 4,
    }
    return SideAnswer(seconds=0.003, status=201, body=wire.encode(told | fields))


def denied(code: str) -> SideAnswer:
    return order(status="denied", fills=[], denials=[{"code": code, "message": "", "numbers": {}}])


def sound(seed: int = 1, ratio: float = 1.0) -> Record:
    """A record of a trial that went well, with 20 blocks of each kind."""
    dice = random.Random(seed)
    record = Record(steps=2000, filled=700, makers=2)
    for sides in record.durations.values():
        for _ in range(400):
            sides[0].append(dice.lognormvariate(-5, 0.3))
            sides[1].append(dice.lognormvariate(-5, 0.3) * ratio)
    return record


def outcome(record: Record) -> TrialResult:
    tried = Tried(baseline_image="a", candidate_image="b", market="simulated", began_at=NOW, ended_at=NOW)
    return judged(record, tried)


def test_an_equal_candidate_is_equal_and_the_record_of_it_has_every_duration() -> None:
    result = outcome(sound())
    assert (result.outcome, result.reasons) == ("equal", ())
    assert [len(one.candidate) for one in result.timed] == [400, 400, 400]
    assert wire.decode(TrialResult, wire.encode(result)) == result
    assert shown(result)[0] == "equal: nothing stands against the candidate"


def test_one_failure_where_the_baseline_has_none_is_enough() -> None:
    record = sound()
    assert record.add_failures(Pair(BUY, order(), SideAnswer(seconds=0.1, status=500)))
    assert record.settled()
    result = outcome(record)
    assert result.outcome == "worse"
    (reason,) = result.reasons
    assert reason.startswith("1 of 2001 requests failed on the candidate, 0 on the baseline: ")
    assert reason.endswith("order trial-1-buy: status 500, not 201")


def test_failures_of_both_sides_are_worse_only_where_chance_does_not_explain_them() -> None:
    record = sound()
    record.failures, record.examples = [1, 2], (["a failure"], ["a failure"])
    assert outcome(record).outcome == "unclear"
    record.failures = [1, 30]
    assert outcome(record).outcome == "worse"


@pytest.mark.parametrize(
    "changed",
    [
        {"fees": "0.24187357"},
        {"average_price": "4031227"},
        {"status": "partially_filled"},
        {"filled_quantity": "0.00004"},
        {"fills": []},
    ],
)
def test_a_result_that_differs_in_the_same_market_is_different(changed: dict[str, Any]) -> None:
    pair = Pair(BUY, order(), order(order_id="paper-9", **changed))
    assert met(pair, (MARKET, MARKET)) == "different"
    record = sound()
    record.add_meeting(pair, "different")
    assert (record.settled(), outcome(record).outcome) == (True, "worse")


def test_a_result_that_differs_in_another_market_says_nothing() -> None:
    pair = Pair(BUY, order(), order(average_price="4031227"))
    assert met(pair, (MARKET, MetMarket(**{**as_dict(MARKET), "sequence": 16221}))) == "other_market"
    thin = MetMarket(**{**as_dict(MARKET), "ask_quantity": Decimal("0.0001")})
    assert met(pair, (thin, thin), most=240) == "other_market"


def test_keys_and_times_of_its_own_make_no_difference() -> None:
    assert met(Pair(BUY, order(), order(order_id="paper-7", sequence=99, account="other"))) == "equal"


def test_a_denial_that_the_market_explains_says_nothing_and_any_other_is_a_difference() -> None:
    assert met(Pair(BUY, order(), denied("QUOTE_STALE"))) == "other_market"
    assert met(Pair(BUY, order(), denied("MAX_POSITION"))) == "different"
    assert met(Pair(BUY, denied("MAX_NOTIONAL"), denied("MAX_NOTIONAL"))) == "equal"


def test_a_slower_candidate_is_worse_with_both_numbers() -> None:
    result = outcome(sound(ratio=1.8))
    assert result.outcome == "worse"
    assert "times the baseline's duration" in result.reasons[0]


def test_a_trial_that_compared_too_little_or_could_not_end_is_unclear() -> None:
    few = sound()
    few.filled = 99
    apart = sound()
    apart.other_market = 1001
    broken = sound()
    broken.trouble = "http://marketdata:5001/v1/quotes: status 503"
    for record in (few, apart, broken, Record()):
        assert outcome(record).outcome == "unclear"


def books(**fields: Any) -> AccountBooks:
    """Sound books after one buy, but for the fields that a test gives."""
    held = wire.decode(wire.Order, order().body)
    fill = held.fills[0]
    before = AccountStatus(
        account="paper",
        cash={"TRY": Decimal(1000)},
        reserved={},
        open_orders=0,
        kill_switch=False,
        sequence=1,
        market="simulated",
        trading_state="ACTIVE",
    )
    paid = fill.price * fill.quantity + fill.fee
    position = wire.Position(
        symbol=OFFER.symbol,
        base_asset="BTC",
        quote_currency="TRY",
        quantity=fill.quantity,
        average_cost=fill.price,
        realised_pnl=Decimal(0),
        fees=fill.fee,
    )
    traded = TradedFill(
        trade_id=fill.trade_id,
        symbol=OFFER.symbol,
        side="buy",
        quote_currency="TRY",
        price=fill.price,
        quantity=fill.quantity,
        fee=fill.fee,
    )
    sound_books: dict[str, Any] = {
        "before": before,
        "after": AccountStatus(**{**as_dict(before), "cash": {"TRY": Decimal(1000) - paid}}),
        "positions": Positions(market="simulated", account="paper", positions=(position,)),
        "orders": (held,),
        "fills": (traded,),
    }
    return AccountBooks(**(sound_books | fields))


def as_dict(message: Any) -> dict[str, Any]:
    return {name: getattr(message, name) for name in message.__struct_fields__}


def test_books_without_a_fault_have_none() -> None:
    assert faults(books(), {"trial-1-buy": order()}) == []


def test_an_order_that_is_lost_doubled_invented_or_changed_is_named() -> None:
    answers = {"trial-1-buy": order()}
    (held,) = books().orders
    assert faults(books(orders=()), answers) == ["1 order (trial-1-buy) that it answered are not in its ledger"]
    assert faults(books(orders=(held, held)), answers) == ["1 order (trial-1-buy) are in its ledger twice"]
    assert faults(books(), {}) == ["1 order (trial-1-buy) are in its ledger and nobody sent them"]
    changed = {"trial-1-buy": order(status="expired")}
    assert faults(books(), changed) == ["1 order (trial-1-buy) stand in its ledger otherwise than it answered"]


def test_money_that_does_not_follow_from_the_fills_is_named() -> None:
    assert len(faults(books(after=books().before), {"trial-1-buy": order()})) == 1
    none = Positions(market="simulated", account="paper", positions=())
    (fault,) = faults(books(positions=none), {"trial-1-buy": order()})
    assert fault == "it holds 0 of BTCTURK:BTCTRY, 0.00005 by its fills"
    record = sound()
    record.wrong_books[1].append(fault)
    assert outcome(record).reasons == (f"the candidate's books are wrong: {fault}",)


def test_a_trial_without_a_token_or_with_an_address_that_is_none_is_a_wrong_call(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    both = ["--baseline", "http://a:1", "--candidate", "http://b:1"]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    assert main(["trial", *both]) == 64
    assert "token is expected on standard input" in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        main(["trial", "--baseline", "file:///etc/passwd", "--candidate", "http://b:1"])
    assert ended.value.code == 64


def test_a_step_that_names_no_order_of_its_side_is_a_failure() -> None:
    record = Record()
    step = TrialStep("read", "trial-1-rest", 200)
    assert record.add_failures(Pair(step, order(), SideAnswer(seconds=0.0, trouble="it has no order trial-1-rest")))
    assert json.dumps(record.failures) == "[1, 1]", "a read is answered with 200"
