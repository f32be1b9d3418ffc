"""Each answer of the venue is judged against what it told before."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec
import pytest

from common.wire import Instrument
from marketdata.venues.btcturk.known_pairs import KnownPair, KnownPairs
from marketdata.venues.btcturk.pair_answers import ListedPair

CONFIRM = 30.0
RULES = {"tick_size": "1", "lot_size": "0.01", "min_notional": "10"}


def listed(
    pair: str = "BTCTRY", status: str = "TRADING", venue_id: int | None = 1, rules: Mapping[str, str] = RULES
) -> ListedPair:
    instrument = Instrument(
        symbol=f"BTCTURK:{pair}",
        base_asset=pair.removesuffix("TRY"),
        quote_currency="TRY",
        tick_size=Decimal(rules["tick_size"]),
        lot_size=Decimal(rules["lot_size"]),
        min_notional=Decimal(rules["min_notional"]),
    )
    return ListedPair(venue_id, status, instrument)


def without_rules(status: str | None = "TRADING") -> ListedPair:
    return ListedPair(1, status, None)


OTHER = {"ETHTRY": listed("ETHTRY", venue_id=2)}
BOTH = {"BTCTRY": listed(), **OTHER}


@pytest.fixture
def pairs() -> KnownPairs:
    """Knows both pairs since the time 0."""
    known = KnownPairs(["BTCTRY", "ETHTRY"], confirm=CONFIRM)
    known.judge(BOTH, 0.0)
    return known


def state(pairs: KnownPairs, pair: str = "BTCTRY") -> tuple[str, str]:
    instrument = pairs.known[pair].instrument
    return instrument.state, instrument.reason


def test_a_pair_that_is_told_for_the_first_time_is_listed() -> None:
    pairs = KnownPairs(["BTCTRY", "NOPETRY"], confirm=CONFIRM)
    assert [change[:2] for change in pairs.judge(BOTH, 0.0)] == [("BTCTRY", ("listed",))]
    assert (state(pairs), pairs.unlisted()) == (("trading", ""), ["NOPETRY"])
    changes = pairs.judge(BOTH | {"NOPETRY": listed("NOPETRY", venue_id=9)}, 60.0)
    assert ([change.pair for change in changes], pairs.unlisted()) == (["NOPETRY"], [])


def test_an_answer_like_the_one_before_changes_nothing(pairs: KnownPairs) -> None:
    assert pairs.judge(BOTH, 60.0) == []


@pytest.mark.parametrize("status", ["HALTED", "BREAK", "POST_ONLY", "NOT_TRADING", ""])
def test_any_status_but_trading_halts_a_pair_at_once(pairs: KnownPairs, status: str) -> None:
    (change,) = pairs.judge({"BTCTRY": listed(status=status), **OTHER}, 1.0)
    assert change[:2] == ("BTCTRY", ("halted",))
    assert state(pairs) == ("halted", f"the venue's status is {status!r}")
    (change,) = pairs.judge(BOTH, 2.0)
    assert (change.names, state(pairs)) == (("trading",), ("trading", ""))


@pytest.mark.parametrize(
    ("name", "new"), [("tick_size", "0.1"), ("tick_size", "10"), ("lot_size", "1"), ("min_notional", "99.91")]
)
def test_a_new_rule_is_named_and_replaces_the_old_one(pairs: KnownPairs, name: str, new: str) -> None:
    (change,) = pairs.judge({"BTCTRY": listed(rules=RULES | {name: new}), **OTHER}, 1.0)
    assert (change.names, getattr(change.instrument, name)) == ((name,), Decimal(new))
    assert getattr(pairs.known["BTCTRY"].instrument, name) == Decimal(new)


def test_a_halt_with_a_new_rule_is_one_change_with_two_names(pairs: KnownPairs) -> None:
    (change,) = pairs.judge({"BTCTRY": listed(status="HALTED", rules=RULES | {"tick_size": "5"}), **OTHER}, 1.0)
    assert change.names == ("halted", "tick_size")


def test_rules_that_cannot_be_used_leave_the_old_ones_and_still_tell_the_state(pairs: KnownPairs) -> None:
    assert pairs.judge({"BTCTRY": without_rules(), **OTHER}, 1.0) == []
    (change,) = pairs.judge({"BTCTRY": without_rules("HALTED"), **OTHER}, 2.0)
    assert (change.names, change.instrument.tick_size) == (("halted",), Decimal(1))
    fresh = KnownPairs(["BTCTRY"], confirm=CONFIRM)
    assert (fresh.judge({"BTCTRY": without_rules()}, 0.0), fresh.unlisted()) == ([], ["BTCTRY"])


@pytest.mark.parametrize("status", ["TRADING", "HALTED"])
def test_a_pair_of_which_only_the_name_can_be_read_stays_as_it_was(pairs: KnownPairs, status: str) -> None:
    pairs.judge({"BTCTRY": listed(status=status), **OTHER}, 1.0)
    before = pairs.known["BTCTRY"]
    for at in (2.0, 60.0):
        assert pairs.judge({"BTCTRY": ListedPair(None, None, None), **OTHER}, at) == []
    assert (pairs.known["BTCTRY"], pairs.doubtful()) == (before, False)


def test_a_pair_without_its_number_keeps_the_one_that_it_had(pairs: KnownPairs) -> None:
    assert pairs.judge({"BTCTRY": listed(venue_id=None), **OTHER}, 1.0) == []
    (change,) = pairs.judge({"BTCNTRY": listed("BTCNTRY"), **OTHER}, 2.0)
    assert change[:2] == ("BTCTRY", ("renamed",))


def test_a_pair_is_not_missing_while_a_row_says_no_name(pairs: KnownPairs) -> None:
    for at in (1.0, 40.0, 80.0):
        assert pairs.judge(OTHER, at, whole=False) == []
    assert (state(pairs)[0], pairs.doubtful()) == ("trading", False)
    (change,) = pairs.judge({"BTCNTRY": listed("BTCNTRY"), **OTHER}, 81.0, whole=False)
    assert change[:2] == ("BTCTRY", ("renamed",))


def test_a_pair_missing_once_is_doubted_and_still_trades(pairs: KnownPairs) -> None:
    assert pairs.judge(OTHER, 1.0) == []
    assert (state(pairs)[0], pairs.doubtful()) == ("trading", True)
    assert (pairs.judge(BOTH, 2.0), pairs.doubtful()) == ([], False)


def test_a_pair_missing_twice_in_a_row_is_delisted_just_when_the_two_are_far_enough_apart(pairs: KnownPairs) -> None:
    pairs.judge(OTHER, 1.0)
    assert pairs.judge(OTHER, 1.0 + CONFIRM - 0.001) == []
    (change,) = pairs.judge(OTHER, 1.0 + CONFIRM)
    assert change[:2] == ("BTCTRY", ("delisted",))
    assert state(pairs) == ("delisted", "the venue lists it no longer")
    assert (pairs.judge(OTHER, 100.0), pairs.doubtful()) == ([], False)


def test_two_answers_without_a_pair_do_not_count_when_one_between_them_had_it(pairs: KnownPairs) -> None:
    pairs.judge(OTHER, 1.0)
    pairs.judge(BOTH, 2.0)
    assert pairs.judge(OTHER, 40.0) == []
    assert state(pairs)[0] == "trading"


def test_a_delisted_pair_that_comes_back_trades_again(pairs: KnownPairs) -> None:
    pairs.judge(OTHER, 1.0)
    pairs.judge(OTHER, 40.0)
    (change,) = pairs.judge(BOTH, 41.0)
    assert (change.names, state(pairs)) == (("trading",), ("trading", ""))


def test_the_same_number_under_another_name_is_a_new_name(pairs: KnownPairs) -> None:
    (change,) = pairs.judge({"BTCNTRY": listed("BTCNTRY"), **OTHER}, 1.0)
    assert change[:2] == ("BTCTRY", ("renamed",))
    assert state(pairs) == ("renamed", "the venue calls it BTCNTRY now")
    (change,) = pairs.judge({"BTCTTRY": listed("BTCTTRY"), **OTHER}, 2.0)
    assert state(pairs) == ("renamed", "the venue calls it BTCTTRY now")
    pairs.judge(OTHER, 3.0)
    pairs.judge(OTHER, 40.0)
    assert state(pairs)[0] == "delisted"


@pytest.mark.parametrize(
    "others",
    [
        {"BTCNTRY": listed("BTCNTRY", venue_id=None)},
        {"BTCNTRY": listed("BTCNTRY"), "BTCXTRY": listed("BTCXTRY")},
        {"BTCNTRY": listed("BTCNTRY", venue_id=77)},
    ],
)
def test_no_number_two_of_it_or_another_one_proves_no_new_name(
    pairs: KnownPairs, others: dict[str, ListedPair]
) -> None:
    assert pairs.judge(others | OTHER, 1.0) == []
    assert state(pairs)[0] == "trading"


def test_what_an_earlier_process_knew_is_compared_with_the_first_answer(pairs: KnownPairs) -> None:
    later = KnownPairs(["BTCTRY"], confirm=CONFIRM)
    later.recall(pairs.known)
    assert set(later.known) == {"BTCTRY"}
    (change,) = later.judge({"BTCTRY": listed(status="HALTED", rules=RULES | {"tick_size": "5"})}, 0.0)
    assert change.names == ("halted", "tick_size")


def test_known_pairs_can_be_stored_and_read_again(pairs: KnownPairs) -> None:
    assert msgspec.json.decode(msgspec.json.encode(pairs.known), type=dict[str, KnownPair]) == pairs.known
