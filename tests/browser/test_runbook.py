"""The runbook's page of an alert: its values are drawn on every screen, without a script too, and follow Prometheus."""

from __future__ import annotations

import time
import urllib.request

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Own, Watched
from tests.browser.test_acts import SOON_MS, UNNAMED
from tests.browser.test_page import CONTRAST

WIDTHS = (390, 1440)
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def fire(desk: Own) -> str:
    """Lets LedgerDown fire on one of two executors; returns the address of the console, which has its values then."""
    console, around = desk
    down, up = [1] * 100 + [0] * 21, [1] * 121
    around.prometheus.series = [({"instance": "executor-1:4001"}, down), ({"instance": "executor-2:4001"}, up)]
    around.prometheus.states = ["pending"] * 2 + ["firing"] * 19
    around.alertmanager.fire("ledger", alertname="LedgerDown", severity="critical", service="executor")
    end = time.monotonic() + 2 * SOON_MS / 1000
    while not drawn(console.url):
        assert time.monotonic() < end, "the console kept the values of an earlier test"
        time.sleep(0.2)
    return console.url


def drawn(url: str) -> bool:
    """Returns true when the console has the values of both executors, and no trouble with Prometheus."""
    with urllib.request.urlopen(f"{url}/runbook/LedgerDown", timeout=10) as answer:
        html = answer.read().decode()
    return all(text in html for text in ("executor-1:4001: now 0", "executor-2:4001: now 1")) and "No newer" not in html


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("alert", ["LedgerDown", "TapeOff", "InstrumentNotTrading"])
def test_the_page_fits_and_every_text_can_be_read(watched: Watched, own: Own, alert: str, width: int) -> None:
    page = watched.page
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{fire(own)}/runbook/{alert}")
    expect(page.locator("#link[data-state=live]")).to_be_visible()
    expect(page.locator("#chart .told").first).to_be_visible()
    assert page.evaluate(OVERFLOW) == 0
    assert page.evaluate(CONTRAST) == []
    assert page.evaluate(UNNAMED) == []
    assert watched.troubles == []


def test_the_picture_has_a_name_and_says_what_the_texts_say(watched: Watched, own: Own) -> None:
    page = watched.page
    page.goto(f"{fire(own)}/runbook/LedgerDown")
    picture = page.get_by_role("img", name="executor_ledger_up from")
    expect(picture).to_be_visible()
    expect(picture.locator("desc")).to_contain_text("instance executor-1:4001: now 0, lowest 0 at")
    expect(page.locator("#chart .told").first).to_contain_text("instance executor-1:4001: now 0, lowest 0 at")


def test_the_values_follow_prometheus_and_stay_with_their_time_when_it_is_away(watched: Watched, own: Own) -> None:
    page, around = watched.page, own[1]
    page.goto(f"{fire(own)}/runbook/LedgerDown")
    told = page.locator("#chart")
    expect(told).to_contain_text("executor-1:4001: now 0")
    around.prometheus.series = [({"instance": "executor-1:4001"}, [0, 1])]
    expect(told).to_contain_text("now 1, lowest 0", timeout=2 * SOON_MS)
    around.prometheus.server.stop()
    expect(told).to_contain_text("No newer values: ", timeout=2 * SOON_MS)
    expect(told).to_contain_text("now 1, lowest 0")
    around.prometheus.server.start()


def test_without_a_script_the_page_shows_all_of_it(chromium: Browser, own: Own) -> None:
    context = chromium.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(f"{fire(own)}/runbook/LedgerDown")
        expect(page.locator("#chart svg polyline")).to_have_count(2)
        expect(page.locator("#related")).to_contain_text("Holds back, while it fires")
        expect(page.locator("#chapter")).to_contain_text("First commands.")
    finally:
        context.close()
