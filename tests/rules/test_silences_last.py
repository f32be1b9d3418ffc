"""A silence of the console holds with a real Alertmanager, also after Alertmanager was killed and has lost it."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from tests.rules.live_alertmanager import call
from tests.rules.test_inbox_agrees import Desk
from tests.rules.test_inbox_agrees import desk as desk
from tests.web.trading_world import TOKEN

pytestmark = [pytest.mark.engine, pytest.mark.slow]
WITHIN_SECONDS = 60.0
ODD = "<b>\"quoted\" \\ back 'slash' = ~ {x} şğ"


def act(desk: Desk, method: str, path: str, **body: Any) -> Any:
    """Acts as the operator does."""
    address = f"{desk.console.url}{path}"
    asked = urllib.request.Request(address, json.dumps({"by": "Ada"} | body).encode(), method=method)
    asked.add_header("Authorization", f"Bearer {TOKEN}")
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return json.load(answer)


def holding(desk: Desk) -> dict[str, dict[str, Any]]:
    """The silences that hold, by their id."""
    listed = call(f"{desk.alertmanager.url}/api/v2/silences")
    return {each["id"]: each for each in listed if each["status"]["state"] == "active"}


def held_by(desk: Desk) -> dict[str, list[str]]:
    """The silences of each alert that fires, by its name, as Alertmanager tells them."""
    listed = call(f"{desk.alertmanager.url}/api/v2/alerts")
    return {each["labels"]["alertname"]: each["status"]["silencedBy"] for each in listed}


def row(desk: Desk, name: str) -> dict[str, Any]:
    (found,) = [each for each in desk.rows() if each["name"] == name]
    return found


def until(holds: Callable[[], bool], told: Callable[[], object]) -> None:
    end = time.monotonic() + WITHIN_SECONDS
    while not holds():
        assert time.monotonic() < end, told()
        time.sleep(0.25)


def test_a_silence_is_made_again_after_a_kill_and_an_end_lasts(desk: Desk) -> None:
    desk.teller.fire("Loud", severity="critical")
    desk.teller.fire("Neighbour", severity="critical")
    desk.agree({"Loud", "Neighbour"})
    fingerprint = row(desk, "Loud")["fingerprint"]
    act(desk, "POST", f"/api/alerts/{fingerprint}/acknowledge", reason=ODD)
    made = act(desk, "POST", f"/api/alerts/{fingerprint}/silence", reason=ODD, seconds=3600)["silence"]
    assert holding(desk)[made["silence_id"]]["comment"] == ODD
    assert (held_by(desk)["Loud"], held_by(desk)["Neighbour"]) == ([made["silence_id"]], [])

    desk.alertmanager.restart(kill=True)
    until(lambda: len(holding(desk)) == 1, lambda: holding(desk))
    ((again, silence),) = holding(desk).items()
    assert again != made["silence_id"]
    assert (silence["createdBy"], silence["comment"]) == ("Ada", ODD)
    assert silence["endsAt"][:19] == made["ends_at"][:19]
    until(lambda: held_by(desk).get("Loud") == [again], lambda: held_by(desk))
    desk.agree({"Loud", "Neighbour"})
    assert row(desk, "Loud")["silenced_by"] == [again]
    assert row(desk, "Loud")["acknowledged"]["reason"] == ODD
    time.sleep(12)
    assert list(holding(desk)) == [again], "it is made again once"

    act(desk, "DELETE", f"/api/silences/{again}")
    assert holding(desk) == {}
    desk.alertmanager.restart(kill=True)
    desk.agree({"Loud", "Neighbour"})
    time.sleep(12)
    assert holding(desk) == {}
    whats = [each["what"] for each in history(desk, fingerprint)]
    assert whats == ["fired", "acknowledged", "silenced", "silenced", "unsilenced"]
    desk.teller.end("Loud")
    desk.teller.end("Neighbour")


def test_an_end_in_alertmanager_itself_is_believed(desk: Desk) -> None:
    desk.teller.fire("Ended")
    desk.agree({"Ended"})
    fingerprint = row(desk, "Ended")["fingerprint"]
    made = act(desk, "POST", f"/api/alerts/{fingerprint}/silence", reason="planned", seconds=60)["silence"]
    call(f"{desk.alertmanager.url}/api/v2/silence/{made['silence_id']}", method="DELETE")
    until(lambda: row(desk, "Ended")["silenced_by"] == [], lambda: row(desk, "Ended"))
    desk.alertmanager.restart(kill=True)
    desk.agree({"Ended"})
    time.sleep(12)
    assert holding(desk) == {}
    desk.teller.end("Ended")


def history(desk: Desk, fingerprint: str) -> list[dict[str, Any]]:
    """The events of an alert, the first thing first."""
    with urllib.request.urlopen(f"{desk.console.url}/api/alerts/{fingerprint}", timeout=10) as answer:
        return list(reversed(json.load(answer)["history"]))
