"""The console's inbox is Alertmanager's list, with a real Alertmanager, after all that was seen to part the two."""

from __future__ import annotations

import json
import os
import random
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.rules.live_alertmanager import LiveAlertmanager, Teller
from tests.web.console import ALERT_TOKEN, Console, Surroundings

pytestmark = [pytest.mark.engine, pytest.mark.slow]
AGREE_SECONDS = 60.0
FIRING_SECONDS = float(os.environ.get("SPARK_TEST_FIRING_SECONDS", "20"))
"""So long alerts fire at random; an hour is run by hand."""
STORM_SECONDS = 20.0
"""After each storm of so long all changes pause, until both agree."""
FLAPS = 2000
TELL_SECONDS = 5.0
NAMES = [f"Random{number}" for number in range(12)]


class Desk:
    """A console, an Alertmanager that sends it messages, and the teller."""

    def __init__(self, console: Console, alertmanager: LiveAlertmanager, teller: Teller) -> None:
        self.console, self.alertmanager, self.teller = console, alertmanager, teller

    def rows(self) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.console.url}/api/alerts?limit=1000", timeout=10) as answer:
            rows: list[dict[str, Any]] = json.load(answer)["alerts"]
        return rows

    def open_rows(self) -> dict[str, str]:
        return {row["fingerprint"]: row["status"] for row in self.rows() if row["status"] != "resolved"}

    def agree(self, wanted: set[str]) -> None:
        """Waits until both say that just these alerts fire, for no longer than a minute."""
        end = time.monotonic() + AGREE_SECONDS
        while True:
            listed = self.alertmanager.firing()
            rows = self.rows()
            names = {row["name"] for row in rows if row["status"] != "resolved"}
            if self.open_rows() == dict.fromkeys(listed, "firing") and names == wanted:
                return
            assert time.monotonic() < end, f"list {listed}, inbox {self.open_rows()}, fire {wanted}"
            time.sleep(0.25)


@pytest.fixture(scope="module")
def desk(alertmanager_image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    around, folder = Surroundings(), tmp_path_factory.mktemp("console")
    environment = around.environment(folder)
    console = Console(environment, folder)
    live = LiveAlertmanager(alertmanager_image, tmp_path_factory.mktemp("live"), console.url, ALERT_TOKEN)
    try:
        console.kill()
        environment["SPARK_ALERTMANAGER_URL"] = live.url
        console.start()
        teller = Teller(live, TELL_SECONDS)
        with teller.telling():
            yield Desk(console, live, teller)
    finally:
        live.end()
        console.kill()
        around.stop()


def test_after_each_thing_that_parted_them_they_agree_within_a_minute(desk: Desk) -> None:
    teller, live = desk.teller, desk.alertmanager
    teller.fire("Critical", severity="critical")
    teller.fire("Warning")
    desk.agree({"Critical", "Warning"})

    live.restart(kill=True)
    teller.end("Warning")
    teller.fire("Later")
    desk.agree({"Critical", "Later"})

    desk.console.kill()
    teller.end("Later")
    teller.fire("Meanwhile")
    desk.console.start()
    desk.agree({"Critical", "Meanwhile"})

    live.configure(group_by="alertname")
    live.reload()
    teller.end("Meanwhile")
    desk.agree({"Critical"})

    for _ in range(FLAPS):
        teller.fire("Flap")
        teller.end("Flap")
    desk.agree({"Critical"})
    assert len([row for row in desk.rows() if row["name"] == "Flap"]) <= 1

    live.restart(kill=False)
    desk.console.kill()
    desk.console.start()
    teller.end("Critical")
    teller.fire("Last")
    desk.agree({"Last"})
    teller.end("Last")
    desk.agree(set())


def part(desk: Desk, how: str) -> None:
    """Does what has parted the two."""
    if "list" in how:
        desk.alertmanager.restart(kill=how.startswith("kill"))
    if "inbox" in how:
        desk.console.kill()
        desk.console.start()


def test_they_agree_after_each_storm_of_random_firing_and_restarts(desk: Desk) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance, firing, storms = random.Random(seed), set[str](), 0
    end = time.monotonic() + FIRING_SECONDS
    while (now := time.monotonic()) < end:
        storm_ends = min(end, now + STORM_SECONDS)
        while time.monotonic() < storm_ends:
            name = chance.choice(NAMES)
            if name in firing:
                firing.discard(name)
                desk.teller.end(name)
            else:
                firing.add(name)
                desk.teller.fire(name)
            time.sleep(chance.uniform(0, 0.5))
        part(desk, chance.choice(["", "", "kill list", "restart list", "inbox", "kill list and inbox"]))
        desk.agree(firing)
        storms += 1
    print(f"{storms} storms")
    for name in firing:
        desk.teller.end(name)
    desk.agree(set())
