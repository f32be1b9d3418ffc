"""The trading state in the page: loud unless it is ACTIVE, and set by the operator in two presses."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Own, opened
from tests.browser.test_page import CONTRAST
from tests.web.trading_world import TOKEN


def test_trading_is_halted_and_let_go_in_two_presses_with_a_reason(page: Page, desk: Own) -> None:
    opened(page, desk[0].url)
    executor = desk[1].executors[0]
    halt, active = (page.locator(f"button[data-trading-state={state}]") for state in ("HALTED", "ACTIVE"))
    outcome = page.locator("#state-outcome")
    halt.click()
    expect(outcome).to_contain_text("The reason is missing")
    page.locator("#state-reason").fill("odd fills")
    halt.click()
    expect(outcome).to_contain_text("needs the operator token")
    page.locator("#token").fill(TOKEN)
    halt.click()
    expect(halt).to_have_text("Really halt? Press again")
    assert executor.state == "ACTIVE"
    halt.click()
    expect(outcome).to_have_text("The trading state is HALTED.")
    expect(page.locator(".glance .alarm", has_text="TRADING_STATE: odd fills")).to_be_visible()
    expect(page.locator("#controls .holds")).to_contain_text("odd fills")
    page.locator("#state-reason").fill("looked at")
    active.click()
    active.click()
    expect(outcome).to_have_text("The trading state is ACTIVE.")
    expect(page.locator(".glance .alarm")).to_have_count(0)


def test_a_change_at_the_executor_comes_by_its_stream_without_a_reload(page: Page, own: Own) -> None:
    opened(page, own[0].url)
    page.evaluate("() => { window.loadedOnce = true }")
    executor = own[1].executors[0]
    executor.answers_only_by_stream = True
    executor.hold("DAILY_LOSS", "REDUCING", "5.2 percent lost")
    expect(page.locator(".glance .alarm", has_text="Trading REDUCING")).to_be_visible()
    assert page.evaluate("() => window.loadedOnce")


@pytest.mark.parametrize("width", [390, 1440])
def test_alarms_are_readable_and_need_no_sideways_scrolling(page: Page, desk: Own, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    executor = desk[1].executors[0]
    executor.hold("DAILY_LOSS", "REDUCING", "the account lost 5.2 percent since the day began in Istanbul")
    executor.switches = {"BTCTURK:BTCTRY": "odd prices", "BTCTURK:USDTTRY": "a-reason-without-any-blank" * 6}
    opened(page, desk[0].url)
    expect(page.locator(".glance .alarm")).to_have_count(2)
    assert page.evaluate(CONTRAST) == []
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
